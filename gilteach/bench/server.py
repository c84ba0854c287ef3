"""The server that `fetch` downloads from: real HTTP on the loopback address, after a chosen delay.

It runs in a process of its own, so that its work is never counted as the experiment's. It prints
its address as one line of JSON and ends when its standard input closes.
"""

import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer

PIECE = bytes(1 << 16)


class Handler(BaseHTTPRequestHandler):
    """Answers ``GET /SECRET/SIZE/DELAY`` with SIZE zero bytes, DELAY seconds later."""

    def do_GET(self):
        try:
            secret, size, delay = self.path.strip("/").split("/")
            size, delay = int(size), float(delay)
        except ValueError:
            return self.send_error(404)
        if not secrets.compare_digest(secret, self.server.secret):
            return self.send_error(404)
        time.sleep(delay)
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        for _ in range(size // len(PIECE)):
            self.wfile.write(PIECE)
        self.wfile.write(PIECE[: size % len(PIECE)])

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    """Waits for its downloads in threads of their own, as many as there are connections."""

    daemon_threads = True
    request_queue_size = 256  # 5 by default: the sixth of many workers would have to call again

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret = secrets.token_urlsafe(16)

    def server_bind(self):
        TCPServer.server_bind(self)  # HTTPServer's also looks for a name of the address, which can take seconds
        self.server_name, self.server_port = self.server_address

    def handle_error(self, request, client_address):
        pass  # a download that was given up is no error of the server's


def main():
    server = Server()
    url = f"http://127.0.0.1:{server.server_port}/{server.secret}"
    print(json.dumps({"event": "serving", "url": url}), flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()

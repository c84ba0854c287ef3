"""The guard of a measured program: ends it when the kernel that measures it dies.

A program is run as it is, so it can't watch the kernel itself, as a bench does. The guard is told
the program's pid and folder; when its standard input closes, it ends the program's whole group of
processes and removes the folder. The kernel that lives ends the guard first.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

PATIENCE = 0.5  # s; multiprocessing's resource tracker ignores SIGTERM, removes what it knows of, and ends


def end_group(pid):
    """End a process, and all that it has started and that hasn't left its group."""
    if not hasattr(os, "killpg"):
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(pid)], capture_output=True)
        return
    try:
        os.killpg(pid, signal.SIGTERM)
        time.sleep(PATIENCE)
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass  # nobody is left


def main():
    print(json.dumps({"event": "ready"}), flush=True)
    pid = sys.stdin.readline()
    sys.stdin.read()
    if pid:
        end_group(int(pid))
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()

"""A real JupyterLab server, with settings of its own and nothing of the user's."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request

SETTINGS = "@jupyterlab/apputils-extension"  # the folder of settings that aren't the default ones
SUBSHELLS = ("default", "disabled")  # values of `commsOverSubshells` that all widgets are tried with
HOMES = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR",
         "JUPYTERLAB_WORKSPACES_DIR")  # fmt: skip


class LabServer:
    """JupyterLab on the loopback address, showing the folder `notebooks` below its own.

    Parameters
    ----------
    folder : Path
        An empty folder, for everything that the server writes.
    subshells : str
        JupyterLab's setting `commsOverSubshells`, or "default".
    """

    def __init__(self, folder, subshells):
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        environment = os.environ | {home: str(folder / home.lower()) for home in HOMES}
        environment.pop("TQDM_DISABLE", None)  # learners see the progress bars
        settings = {"notification": {"fetchNews": "false"}}  # or it asks, in front of the notebook
        if subshells != "default":
            settings["kernels-settings"] = {"commsOverSubshells": subshells}
        place = folder / "jupyterlab_settings_dir" / SETTINGS
        place.mkdir(parents=True)
        for plugin, values in settings.items():
            (place / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.token = secrets.token_urlsafe(16)
        self.url = f"http://127.0.0.1:{port}"
        log = folder / "jupyter.log"
        self._log = log.open("wb")
        self._server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
                *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={self.token}"),
                *(f"--ServerApp.root_dir={self.notebooks}", "--LabApp.expose_app_in_browser=True"),
                "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            ],
            env=environment,
            stdout=self._log,
            stderr=self._log,
        )
        try:
            self._wait_until_it_answers(log)
        except BaseException:
            self.close()
            raise

    def _wait_until_it_answers(self, log):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/api?token={self.token}", timeout=1).close()
                return
            except OSError:
                assert self._server.poll() is None, log.read_text()
                time.sleep(0.1)
        raise TimeoutError(log.read_text())

    def close(self):
        self._server.terminate()
        try:
            self._server.wait(20)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._log.close()

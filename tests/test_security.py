"""What makes it safe to run in a classroom, as the README says: loopback only, no pickles, private files."""

import ast
import json
import os
import pickle
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

import gilteach as gt
from gilteach.children import launch

ROOT = Path(__file__).parents[1]
KERNEL_SIDE = sorted({*Path(gt.__file__).parent.rglob("*.py")} - {*launch.BENCH.rglob("*.py")})
posix = pytest.mark.skipif(sys.platform == "win32", reason="there, the user's own temporary folder is what is private")


# ── servers (that strangers get nothing from one is tested in test_fetch.py) ─────────────────


@pytest.fixture
def two_servers():
    started = [launch.start_server() for _ in range(2)]
    yield started
    for server, _ in started:
        server.end()


def test_servers_listen_on_the_loopback_address_at_a_port_of_the_systems_choosing(two_servers):
    ports = set()
    for server, url in two_servers:
        listening = [one.laddr for one in psutil.Process(server.pid).net_connections() if one.status == "LISTEN"]
        assert [address.ip for address in listening] == ["127.0.0.1"]
        assert url.startswith(f"http://127.0.0.1:{listening[0].port}/")
        ports.add(listening[0].port)
    assert len(ports) == 2


def test_their_paths_cannot_be_guessed(two_servers):
    secrets = {url.rsplit("/", 1)[1] for _, url in two_servers}
    assert len(secrets) == 2
    assert all(len(secret) >= 22 for secret in secrets), "22 characters of base 64 are 128 bits"


def test_nothing_else_listens():
    # Every call that could open a port is in the server's own file; the command tries whether one is free.
    for path in (ROOT / "gilteach").rglob("*.py"):
        names = set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
        if {"ThreadingHTTPServer", "HTTPServer", "socketserver", "create_server", "listen_on", "bind"} & names:
            assert path.name in ("server.py", "cli.py")
            assert "listen(" not in path.read_text(encoding="utf-8")


# ── pickles ──────────────────────────────────────────────────────────────────────────────────

# Modules and functions that turn bytes, or text, into whatever these say.
READS_ANYTHING = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "read_pickle", "eval", "exec"}


def test_the_kernels_side_never_unpickles():
    for node in (node for path in KERNEL_SIDE for node in ast.walk(ast.parse(path.read_bytes()))):
        if isinstance(node, ast.Import):
            assert {name.name.partition(".")[0] for name in node.names}.isdisjoint({*READS_ANYTHING, "multiprocessing"})
        elif isinstance(node, ast.ImportFrom) and not node.level:
            assert node.module.partition(".")[0] not in {*READS_ANYTHING, "multiprocessing"}
            assert {name.name for name in node.names}.isdisjoint(READS_ANYTHING)
        elif isinstance(node, ast.Call):
            assert ast.unparse(node.func).rpartition(".")[2] not in READS_ANYTHING
            assert ast.unparse(node.func) not in ("np.load", "numpy.load"), "it unpickles if told to"


class Trap:
    """What creates a file when it is unpickled."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


def test_what_a_bench_says_is_read_as_json_and_nothing_else(tmp_path):
    pickled = pickle.dumps(Trap(tmp_path / "loaded"), protocol=4)
    child = launch.Child([sys.executable, "-c", f"import sys; sys.stdout.buffer.write({pickled!r} + b'\\n')"])
    event = child.receive(timeout=10)
    child.end()
    assert event["event"] == "foreign"
    assert not (tmp_path / "loaded").exists()
    pickle.loads(pickled)
    assert (tmp_path / "loaded").exists(), "no trap at all"


# ── temporary files ──────────────────────────────────────────────────────────────────────────

LOOK_AROUND = """
import json, os, stat
here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
print(json.dumps([here, stat.S_IMODE(os.stat(here).st_mode)]))
"""

WITHOUT_A_MASK = f"""
import os, stat
os.umask(0)  # as careless as can be: whoever creates a file has to say that it is private
import gilteach as gt
from gilteach.measuring import functions
run = gt.measure({LOOK_AROUND!r})
module = functions.define("def f(size):\\n    return size\\n")
folder = os.path.dirname(module.__file__)
import json
print(json.dumps([folder, stat.S_IMODE(os.stat(folder).st_mode)]))
"""


@posix
def test_temporary_folders_are_private_to_the_user(tmp_path):
    said = subprocess.run(
        [sys.executable, "-P", "-c", WITHOUT_A_MASK], capture_output=True, text=True, check=True,
        env=_environment(tmp_path),
    ).stdout  # fmt: skip
    folders = [json.loads(line) for line in said.splitlines()]
    assert [mode for _, mode in folders] == [stat.S_IRWXU, stat.S_IRWXU]
    assert all(Path(folder).parent == tmp_path for folder, _ in folders), "a file elsewhere would not be seen here"
    assert list(tmp_path.iterdir()) == []


@posix
@pytest.mark.slow
def test_nothing_is_written_outside_them():
    # A run and messages write no file at all. multiprocessing's own folders are private, and gone with the bench.
    # The path of a socket in them may have 107 characters, and pytest's own folders are deep.
    script = (
        "import gilteach as gt\n"
        "gt.run('fetch', 'processes', workers=2, size=10, delay=0)\n"
        "gt.messages(['manager'], 100, repeats=1, progress=False)\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-P", "-c", script], check=True, env=_environment(folder))
        assert os.listdir(folder) == []


def _environment(folder):
    return os.environ | {"TMPDIR": str(folder)}


# ── Jupyter's own doors ──────────────────────────────────────────────────────────────────────

OPENS_A_DOOR = re.compile(
    r"""\.(token|password)(\s*=\s*(''|"")|=(?=\s|$))"""  # switched off
    r"|disable_check_xsrf|allow_origin|allow_remote_access|allow_unauthenticated_access"
    r"|--ip[ =](?!127\.0\.0\.1)|ip\s*=\s*['\"](0\.0\.0\.0|\*)",
    re.MULTILINE,
)


def test_no_document_switches_jupyters_token_off():
    texts = [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "environment.yml", "pyproject.toml", ".ci/run")),
        *(ROOT / "notebooks").glob("*.ipynb"),
        *(ROOT / "notebooks").glob("*.md"),
        *(ROOT / "tools").glob("*.py"),
        *(ROOT / "tests" / "browser").glob("*.py"),
    ]
    assert len(texts) > 10
    for path in texts:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            text = "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])
        assert not OPENS_A_DOOR.search(text), path.name


@pytest.mark.parametrize(
    "text",
    [
        "jupyter lab --ServerApp.token=''",
        'jupyter lab --NotebookApp.token=""',
        "jupyter lab --IdentityProvider.token= --port=1",
        "jupyter lab --ip=0.0.0.0",
        "c.ServerApp.password = ''",
        "c.ServerApp.disable_check_xsrf = True",
    ],
)
def test_the_check_itself_sees_open_doors(text):
    assert OPENS_A_DOOR.search(text)


def test_the_readme_says_it_in_five_lines():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Safe to run in a classroom")[1].split("\n## ")[0]
    said = " ".join(section.split())
    assert section.count("\n- ") == 5
    for words in ("loopback address", "unguessable path", "never pickles", "private to the user", "Jupyter's token"):
        assert words in said

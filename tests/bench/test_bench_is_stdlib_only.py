"""What runs in the bench imports the standard library and its own modules, nothing else."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import gilteach as gt
from gilteach.children.launch import BENCH

MODULES = sorted(BENCH.rglob("*.py"))


def imported_names(source):
    """Yield the name of every module that a source imports, wherever in it; a relative one as ``"."``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else node.module


def test_there_are_modules_to_check():
    assert {"__main__.py", "runners.py", "tasks.py"} <= {path.name for path in MODULES}


def test_imports_only_the_standard_library_and_siblings():
    allowed = sys.stdlib_module_names | {sibling.stem for sibling in MODULES}
    names = {name for path in MODULES for name in imported_names(path.read_text(encoding="utf-8"))}
    assert {name for name in names if name.partition(".")[0] not in allowed} == set()


def test_no_module_hides_one_of_the_standard_library():
    # The bench's folder comes first on its sys.path.
    assert {path.stem for path in MODULES if not path.stem.startswith("__")} & sys.stdlib_module_names == set()


@pytest.fixture(scope="module")
def bare_python(tmp_path_factory):
    """An interpreter with nothing installed in it, not even pip."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def test_the_bare_python_is_bare(bare_python):
    attempt = subprocess.run([bare_python, "-I", "-c", "import psutil"], stderr=subprocess.PIPE)
    assert b"ModuleNotFoundError" in attempt.stderr


@pytest.mark.parametrize("runner", ["serial", "threads", "processes"])
def test_runs_with_nothing_installed(bare_python, runner):
    run = gt.run("count", runner, workers=2, size=1000, python=bare_python)
    assert run.results == [1000, 1000]
    assert Path(run.machine.python.executable) == bare_python


@pytest.mark.parametrize("task", ["wait", "fetch", "count", "primes", "digest", "mixed"])
def test_every_task_runs_with_nothing_installed(bare_python, task):
    assert len(gt.run(task, workers=2, size=0, python=bare_python).results) == 2

"""The cell magics in a shell, and functions of a learner's own as tasks."""

import functools
import importlib
import math
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import gilteach as gt


@pytest.fixture
def cell(monkeypatch):
    """Run the text of a cell in a shell of its own; return what it gives, or raise what it raises."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # a shell puts its own there
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shell.run_cell("import gilteach as gt\n%load_ext gilteach")

    def run(text):
        outcome = shell.run_cell(textwrap.dedent(text))
        outcome.raise_error()
        return outcome.result

    yield run
    InteractiveShell.clear_instance()


def shell_process(tmp_path, text):
    """Run a cell in a fresh IPython and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "IPython", "--no-banner", "--colors=nocolor", "-c", text],
        stdout=subprocess.PIPE,
        env=os.environ | {"IPYTHONDIR": str(tmp_path)},
        text=True,
        check=True,
    )
    return done.stdout


# ── %%measure ────────────────────────────────────────────────────────────────────────────────


def test_measure_gives_the_measured_program(cell, capsys):
    run = cell("""\
        %%measure
        import threading
        print(threading.current_thread().name)
    """)
    assert isinstance(run, gt.ProgramRun)
    assert run.output == "MainThread\n"
    assert capsys.readouterr().out.startswith("MainThread\nOut[0]: program.py: ")


def test_measure_takes_options(cell, pythons_here):
    version = list(pythons_here)[-1]
    run = cell(f"""\
        %%measure --python {version} --args "one 'and two'" --timeout 30
        import sys
        print(*sys.argv[1:], sep="|")
    """)
    assert run.output == "one|and two\n"
    assert run.machine.python.short == version


@pytest.mark.parametrize("joint", [" ", "="])
def test_arguments_may_begin_with_a_dash(cell, joint):
    run = cell(f"%%measure --as kept --args{joint}'--size=3' --timeout 30\nimport sys\nprint(sys.argv[1:])\n")
    assert run.output == "['--size=3']\n"
    assert cell("kept") is run


@pytest.mark.slow
def test_measure_keeps_the_run_under_a_name(cell):
    run = cell("%%measure --as kept\nprint(7)\n")
    assert cell("kept") is run
    assert cell("kept.output") == "7\n"


@pytest.mark.slow
def test_measure_shows_where_threads_stood_when_time_was_up(cell, capsys):
    run = cell("""\
        %%measure --timeout 3 --as stuck
        import time
        time.sleep(60)
    """)
    assert cell("stuck") is run
    assert run.exit_status is None
    shown = capsys.readouterr().err
    assert "took longer than 3 s" in shown
    assert "line 3 in <module>" in shown  # as the notebook numbers it
    assert "Traceback" not in shown


@pytest.mark.parametrize(
    "options", ["--time 3 --nonsense", "--timeout long", "--args 'open", "extra", "--as 2nd", "--args"]
)
def test_measure_says_what_is_wrong_with_its_options(cell, options):
    with pytest.raises(UsageError):
        cell(f"%%measure {options}\npass\n")


@pytest.mark.slow
def test_the_magics_are_there_after_the_import(tmp_path):
    said = shell_process(
        tmp_path,
        "import sys, gilteach as gt\n"
        "print('matplotlib' in sys.modules, 'gilteach.magics' in sys.modules)\n"
        "get_ipython().run_cell_magic('measure', '', 'print(6 * 7)')\n"
        "get_ipython().run_cell_magic('task', '', 'def f(n): return n')\n"
        "print(gt.run(f, 'serial', size=3).results, f.__module__)\n"
        "print(sys.modules[f.__module__].__file__)\n",
    )
    lines = said.splitlines()
    assert lines[0] == "False False"
    assert lines[1] == "42"
    assert lines[-2] == "[3] gilteach_task_1"
    assert not Path(lines[-1]).parent.exists()  # the folder went with the shell


# ── %%task ───────────────────────────────────────────────────────────────────────────────────

ADD = """\
%%task
import math

STEP = 2

def add(n):
    return sum(range(0, n, STEP))

def pi():
    return math.pi
"""


def test_the_names_of_the_cell_are_defined_as_ever(cell):
    assert cell(ADD) is None
    assert cell("add(10)") == 20
    assert cell("math.floor(pi()) + STEP") == 5


@pytest.mark.parametrize("runner", ["serial", "threads"])
def test_a_task_of_a_cell(cell, runner):
    cell(ADD)
    run = cell(f"gt.run(add, {runner!r}, workers=2, size=10)")
    assert run.results == [20, 20]
    assert run.task == "add"
    assert run.size == 10


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_workers_of_every_start_method_find_it(cell, method):
    if method not in gt.machine().python.start_methods:
        pytest.skip(f"no start method {method} here")
    cell(ADD)
    run = cell(f"gt.run(add, 'processes', workers=2, size=10, start_method={method!r})")
    assert run.results == [20, 20]
    assert run.spans["pid"].nunique() >= 1


def test_workers_that_the_learner_starts_find_it_too(cell):
    cell(ADD)
    cell("""\
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            found = list(pool.map(add, [10, 20]))
    """)
    assert cell("found") == [20, 90]


def test_every_python_finds_it(cell, python):
    cell(ADD)
    assert cell(f"gt.run(add, 'processes', workers=1, size=10, python={python!r}).results") == [20]


def test_a_function_without_an_argument(cell):
    cell(ADD)
    assert cell("gt.run(pi, 'threads', workers=2, size=7).results") == [math.pi] * 2


def test_sizes_arrive_as_they_are(cell):
    cell("%%task\ndef kind(size):\n    return f'{type(size).__name__} {size}'\n")
    assert cell("gt.run(kind, 'serial').results") == ["int 1"]
    assert cell("gt.run(kind, 'serial', size=10**6).results") == ["int 1000000"]
    assert cell("gt.run(kind, 'serial', size=0.5).results") == ["float 0.5"]


def test_each_worker_has_a_size_of_its_own(cell):
    # Without a GIL, threads that count references on the same number can be slower than one alone.
    cell("%%task\nkept = []\n\ndef where(size):\n    kept.append(size)\n    return id(size)\n")
    first, second = cell("gt.run(where, 'threads', workers=2, size=10**6).results")
    assert first != second


def test_each_call_runs_code_that_was_never_run(cell):
    # 3.11 makes a function faster at its eighth call: with eight threads, for all of them.
    cell("%%task\nimport sys\n\nseen = []\n\n\ndef calls(size, *, factor=1):\n"
         "    seen.append(sys._getframe().f_code)\n    return factor * len({id(code) for code in seen})\n")  # fmt: skip
    assert cell("gt.run(calls, 'serial', tasks=3).results") == [1, 2, 3]


def test_results_of_the_cells_own_classes_come_back(cell):
    cell("%%task\nclass Point:\n    def __repr__(self):\n        return 'here'\ndef make(n):\n    return Point()\n")
    assert repr(cell("gt.run(make, 'processes', workers=1).results")) == "[here]"


def test_a_function_called_like_a_task_is_itself(cell):
    cell("%%task\ndef count(n):\n    return 'my own'\n")
    run = cell("gt.run(count, 'serial', size=3)")
    assert run.results == ["my own"]
    assert "count(3)" in repr(run)
    assert cell("gt.run('count', 'serial', size=3).results") == [3]


def test_running_the_edited_cell_takes_effect(cell):
    cell("%%task\ndef f(n):\n    return 'old'\n")
    cell("old = f")
    cell("%%task\ndef f(n):\n    return 'new'\n")
    assert cell("gt.run(f, 'processes', workers=1).results") == ["new"]
    assert cell("gt.run(old, 'serial').results") == ["old"]


@pytest.mark.slow
def test_a_sweep_a_panel_and_a_saved_run(cell, tmp_path):
    cell(ADD)
    sweep = cell("gt.sweep(add, ('serial', 'threads'), size=[10, 1000], workers=1, repeats=1, progress=False)")
    assert set(sweep.frame["task"]) == {"add"}
    assert "size" in [axes.get_xlabel() for axes in sweep.figure().axes]
    panel = cell("panel = gt.Experiment(add, runners=('serial', 'threads'), workers=2, size=1000)\npanel")
    assert repr(panel) == "<Experiment add: serial, threads>"
    assert len(panel.run().runs) == 2
    path = tmp_path / "run.json"
    sweep.runs[0].save(path)
    assert repr(gt.load(path)) == repr(sweep.runs[0])


def test_an_error_shows_the_line_of_the_cell(cell):
    cell("%%task\ndef bad(n):\n    return 1 / 0\n")
    with pytest.raises(gt.TaskError, match=r"line 3, in bad\n +return 1 / 0"):
        cell("gt.run(bad, 'processes', workers=1)")


def test_a_syntax_error_shows_as_usual(cell, capsys):
    with pytest.raises(SyntaxError, match="expected ':'"):
        cell("%%task\ndef bad(n)\n    pass\n")
    shown = capsys.readouterr().out
    assert "def bad(n)\n" in shown
    assert "importlib" not in shown


def test_task_takes_no_options(cell):
    with pytest.raises(UsageError, match="no options"):
        cell("%%task --fast\npass\n")


# ── functions from elsewhere ─────────────────────────────────────────────────────────────────


def test_a_function_of_the_notebook_is_refused_with_the_fix(cell):
    cell("def mine(n):\n    return n\n")
    with pytest.raises(gt.TaskNotImportable, match="Put %%task on top of the cell") as caught:
        cell("gt.run(mine, 'processes')")
    assert "def mine(size):" in str(caught.value)
    assert isinstance(caught.value, ImportError)
    with pytest.raises(gt.TaskNotImportable):
        cell("gt.sweep(mine)")
    with pytest.raises(gt.TaskNotImportable):
        cell("gt.Experiment(mine)")


def test_functions_without_a_name_in_a_module_are_refused():
    def inner(n):
        return n

    for function in (lambda n: n, inner):
        with pytest.raises(gt.TaskNotImportable, match="def at the left margin"):
            gt.run(function)


def test_functions_of_files_and_packages(tmp_path, monkeypatch):
    (tmp_path / "my_package").mkdir()
    (tmp_path / "my_package" / "__init__.py").write_text("def outer(n):\n    return ['outer', n]\n")
    (tmp_path / "my_package" / "part.py").write_text("from . import outer\ndef deep(n):\n    return outer(n)\n")
    (tmp_path / "beside.py").write_text("import my_package.part\ndef plain(n):\n    return my_package.part.deep(n)\n")
    monkeypatch.syspath_prepend(tmp_path)
    import beside
    import my_package.part

    for function in (beside.plain, my_package.part.deep, my_package.outer):
        for runner in ("serial", "processes"):
            assert gt.run(function, runner, workers=1, size=3).results == [["outer", 3]]


class Adder:
    def add(self, n):
        return n

    def __call__(self, n):
        return n


@pytest.mark.parametrize(
    "task",
    [
        math.factorial,
        functools.partial(textwrap.dedent, ""),
        functools.lru_cache(textwrap.dedent),
        Adder,
        Adder(),
        Adder().add,
        str.upper,
    ],
    ids=lambda task: type(task).__name__,
)
def test_other_callables_are_refused_with_what_a_task_is(task):
    with pytest.raises(gt.BadType, match=r"must be a plain function .def at.*or one of 'wait'") as caught:
        gt.run(task)
    assert f"not {task!r}" in str(caught.value)


@pytest.mark.parametrize(
    ("source", "kind", "result"),
    [
        ("async def f(n):\n    return n\n", "f is a coroutine function", 3),
        ("def f(n):\n    yield n\n", "f is a generator function", [3]),
        ("async def f(n):\n    yield n\n", "f is an asynchronous generator function", [3]),
    ],
)
def test_a_function_that_a_call_does_not_run_is_refused_with_one_that_does(cell, source, kind, result):
    cell(f"%%task\n{source}")
    for start in ("gt.run(f, 'serial')", "gt.sweep(f, progress=False)", "gt.Experiment(f)"):
        with pytest.raises(gt.BadType, match=kind) as caught:
            cell(start)
    instead = textwrap.dedent(str(caught.value).partition("\n\n")[2])
    name = re.findall(r"def (\w+)", instead)[-1]
    cell(f"%%task\nimport asyncio\n{source}{instead}")
    assert cell(f"gt.run({name}, 'serial', size=3).results") == [result]


def test_a_file_with_the_name_of_one_of_the_benchs_is_refused(tmp_path, monkeypatch):
    (tmp_path / "runners.py").write_text("def f(n):\n    return n\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "runners", raising=False)
    import runners

    with pytest.raises(gt.BadValue, match=r"runners\.py has the name of one of gilteach's own"):
        gt.run(runners.f)
    del sys.modules["runners"]


def test_what_the_bench_cannot_import_is_said(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("import sys\nsys.gilteach_test\ndef f(n):\n    return n\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "gilteach_test", True, raising=False)
    import only_here

    for runner in ("serial", "processes"):
        with pytest.raises(gt.GilteachError, match="has no attribute 'gilteach_test'"):
            gt.run(only_here.f, runner)


@pytest.fixture
def task_whose_module_workers_import_differently(tmp_path, monkeypatch):
    """Give a task of a module that runs some lines where a worker process imports it."""
    made = []

    def make(*lines):
        name = f"only_once_{len(made)}_{os.getpid()}"
        made.append(name)
        body = "".join(f"    {line}\n" for line in lines)
        (tmp_path / f"{name}.py").write_text(
            f"import multiprocessing, os\nif multiprocessing.parent_process():\n{body}def f(n):\n    return n\n"
        )
        return importlib.import_module(name).f

    monkeypatch.syspath_prepend(tmp_path)
    yield make
    for name in made:
        del sys.modules[name]


def test_why_a_worker_cannot_get_ready_is_said(task_whose_module_workers_import_differently):
    task = task_whose_module_workers_import_differently("raise OSError('somebody has the port')")
    with pytest.raises(gt.TaskError, match=r"(?s)could not get ready.*only_once.*OSError: somebody has the port"):
        gt.run(task, "processes", workers=2)


def test_a_worker_that_ends_before_it_is_ready_is_named(task_whose_module_workers_import_differently):
    task = task_whose_module_workers_import_differently("os._exit(7)")
    with pytest.raises(gt.WorkerDied, match=r"before it was ready: process \d+ .*ended with exit code 7"):
        gt.run(task, "processes", workers=2)


@pytest.mark.parametrize("size", ["auto", -1, math.nan, True, [[1]]])
def test_bad_sizes(size):
    with pytest.raises(gt.BadValue, match="size must be"):
        gt.run(textwrap.dedent, size=size)


def test_a_function_takes_no_delay():
    with pytest.raises(gt.BadValue, match="takes no delay"):
        gt.run(textwrap.dedent, delay=1)

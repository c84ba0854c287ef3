"""A bad argument is refused at once, in words that say what is allowed, before anything is started."""

import os
import time

import pytest

import gilteach as gt

NAN, INF = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def nothing_may_start(monkeypatch):
    def start(*_):
        raise AssertionError("something was started in spite of the bad argument")

    monkeypatch.setattr("gilteach.measuring.execution.start_bench", start)
    monkeypatch.setattr("gilteach.measuring.execution.start_server", start)


# what is passed to `run` besides a good task, the built-in error, and what the message has to say
REFUSED = [
    ({"task": "cuont"}, ValueError, "Did you mean 'count'?"),
    ({"task": "xyzzy"}, ValueError, "There are 'wait', 'fetch', 'count'"),
    ({"task": None}, TypeError, "task must be one of 'wait'"),
    ({"task": ["count"]}, TypeError, "not ['count']"),
    ({"task": len}, TypeError, "task must be a plain function"),
    ({"runner": "thread"}, ValueError, "Did you mean 'threads'?"),
    ({"runner": None}, TypeError, "runner must be one of 'serial', 'threads', 'processes'"),
    ({"workers": 0}, ValueError, "workers must be a whole number from 1 to 256 (threads), not 0"),
    ({"workers": -1}, ValueError, "from 1 to 256"),
    ({"workers": 1.5}, ValueError, "whole number"),
    ({"workers": 10**6}, ValueError, "from 1 to 256"),
    ({"workers": 1000, "runner": "processes"}, ValueError, "(processes)"),
    ({"workers": "4"}, TypeError, "not '4'"),
    ({"workers": True}, TypeError, "not True"),
    ({"workers": [1, 2]}, TypeError, "not [1, 2]"),
    ({"workers": NAN}, ValueError, "whole number"),
    ({"workers": 2j}, TypeError, "whole number"),
    ({"tasks": 0}, ValueError, "tasks must be a whole number from 1 to 100,000"),
    ({"tasks": 10**9}, ValueError, "100,000"),
    ({"tasks": "all"}, TypeError, "not 'all'"),
    ({"size": -1}, ValueError, "size must be a whole number from 0 to 100,000,000,000 iterations"),
    ({"size": 0.5}, ValueError, "iterations"),
    ({"size": NAN}, ValueError, "iterations"),
    ({"size": INF}, ValueError, "iterations"),
    ({"size": "big"}, TypeError, "size must be a number of iterations or 'auto', not 'big'"),
    ({"size": [1, 2]}, TypeError, "not [1, 2]"),
    ({"size": 10**400}, ValueError, "iterations"),
    ({"task": "wait", "size": -0.1}, ValueError, "size must be a number from 0 to 600 s"),
    ({"task": "wait", "size": NAN}, ValueError, "600 s"),
    ({"task": "wait", "size": INF}, ValueError, "600 s"),
    ({"task": "wait", "size": True}, TypeError, "600 s"),
    ({"delay": 1}, ValueError, "'count' takes no delay; these do: fetch, mixed"),
    ({"task": "fetch", "delay": -1}, ValueError, "delay must be a number from 0 to 60 seconds"),
    ({"task": "fetch", "delay": "long"}, TypeError, "delay must be"),
    ({"start_method": "spawn"}, ValueError, "start_method goes with the runner 'processes'"),
    ({"start_method": "spawn", "runner": "serial"}, ValueError, "'serial' starts no processes"),
    ({"start_method": "frok", "runner": "processes"}, ValueError, "Did you mean 'fork'?"),
    ({"start_method": 1, "runner": "processes"}, TypeError, "'fork', 'spawn', 'forkserver'"),
    ({"switch_interval": 0}, ValueError, "switch_interval must be a number from 1e-06 to 10.0 seconds"),
    ({"switch_interval": "5 ms"}, TypeError, "seconds"),
    ({"timeout": 0}, ValueError, "timeout must be a number from 0.001 to 86,400.0 seconds"),
    ({"timeout": -1}, ValueError, "timeout"),
    ({"timeout": INF}, ValueError, "timeout"),
    ({"timeout": None}, TypeError, "timeout"),
    ({"python": "3.99"}, FileNotFoundError, "no Python '3.99' on this machine; found: 3."),
    ({"python": "/no/such/python"}, FileNotFoundError, "no Python '/no/such/python' on this machine"),
    ({"python": ""}, FileNotFoundError, "on this machine; found: 3."),
    ({"python": os.curdir}, FileNotFoundError, "on this machine"),
    ({"python": 3.12}, TypeError, "such as '3.12' or '3.13t'"),
]


@pytest.mark.parametrize(("arguments", "builtin", "words"), REFUSED, ids=lambda value: str(value)[:40])
def test_run_refuses(arguments, builtin, words):
    began = time.monotonic()
    with pytest.raises(gt.GilteachError) as caught:
        gt.run(**{"task": "count"} | arguments)
    assert isinstance(caught.value, builtin)
    assert words in str(caught.value)
    assert time.monotonic() - began < 5, "finding out took too long"


@pytest.mark.parametrize(
    "arguments", [arguments for arguments, *_ in REFUSED if not {"workers", "size"} & set(arguments)], ids=str
)
def test_a_sweep_refuses_what_a_run_refuses(arguments):
    arguments = {"task": "count"} | arguments
    with pytest.raises(gt.GilteachError):
        gt.sweep(arguments.pop("task"), arguments.pop("runner", "threads"), progress=False, **arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"repeats": 0}, "repeats must be a whole number from 1 to 1,000"),
        ({"runners": ()}, "runners must name at least one of 'serial'"),
        ({"runners": ("threads", "proceses")}, "Did you mean 'processes'?"),
        ({"workers": []}, "workers must hold at least one value"),
        ({"workers": [1, 0]}, "workers must be a whole number"),
        ({"workers": ["1"]}, "workers must be a whole number"),
        ({"size": [1, "big"]}, "'auto', not 'big'"),
        ({"size": "big"}, "'auto', not 'big'"),
        ({"runners": "threads", "start_method": "fork"}, "start_method goes with the runner 'processes'"),
    ],
    ids=str,
)
def test_a_sweep_refuses(arguments, words):
    with pytest.raises(gt.BadValue) as caught:
        gt.sweep("count", **arguments, progress=False)
    assert words in str(caught.value)


def test_a_fault_in_the_last_setting_is_found_before_the_first_is_measured():
    # `nothing_may_start` would turn a first measurement into another error.
    with pytest.raises(gt.BadValue, match="100000"):
        gt.sweep("count", workers=[1, 2, 100_000], progress=False)


def test_an_older_python_is_refused(tmp_path):
    if os.name != "posix":
        pytest.skip("the stand-in is a shell script")
    old = tmp_path / "python3.10"
    old.write_text(
        '#!/bin/sh\necho \'{"executable": "old", "version": "3.10.13", "implementation": "CPython", '
        '"free_threaded": false, "gil": true, "start_methods": ["fork"], "default_start_method": "fork"}\'\n'
    )
    old.chmod(0o755)
    with pytest.raises(gt.BadValue, match=r"needs Python 3\.11 or newer; .*python3\.10 is 3\.10\.13"):
        gt.run("count", python=old)


@pytest.mark.parametrize(
    "name", ["BadType", "BadValue", "PythonNotFound", "RunStopped", "RunTimeout", "TaskError", "WorkerDied"]
)
def test_every_error_is_a_gilteach_error(name):
    assert issubclass(getattr(gt, name), gt.GilteachError)

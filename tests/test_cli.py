"""The command `gilteach`, as a terminal sees it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import gilteach as gt

pytestmark = pytest.mark.slow
COMMAND = [sys.executable, "-m", "gilteach.cli", "measure"]


@pytest.fixture
def measure(tmp_path):
    def run(text, *options, args=()):
        path = tmp_path / "program.py"
        path.write_text(text)
        return subprocess.run(
            [*COMMAND, *options, path, *args], capture_output=True, text=True, env=os.environ | {"COLUMNS": "90"}
        )

    return run


def test_output_and_exit_status_are_the_programs_own_and_the_summary_goes_beside(measure):
    done = measure("import sys\nprint(sys.argv[1:])\nsys.exit(3)", args=["--timeout", "5"])
    assert (done.returncode, done.stdout) == (3, "['--timeout', '5']\n")
    summary, *_ = done.stderr.splitlines()
    assert summary.startswith("program.py: exit status 3: ")
    assert any(line.startswith("MainProcess ") for line in done.stderr.splitlines())
    assert max(map(len, done.stderr.splitlines()[-3:])) <= 90


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_program_ended_by_a_signal_has_the_status_that_a_shell_gives_it(measure):
    done = measure("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)")
    assert done.returncode == 128 + signal.SIGTERM
    assert "exit status -15 (Terminated): " in done.stderr


def test_lanes_show_who_executed(measure):
    done = measure(
        "import threading\nfor name in 'ab':\n    threading.Thread(target=sum, args=(range(10**7),), name=name).start()"
    )
    lanes = {line.split()[0]: line for line in done.stderr.splitlines() if line.strip()}
    if sys.platform == "linux":
        assert set("▒▓█") & {*lanes["a"]}
        assert set("▒▓█") & {*lanes["b"]}


@pytest.mark.parametrize("kind", ["png", "svg", "html"])
def test_a_figure_is_saved(measure, tmp_path, kind):
    file = tmp_path / f"picture.{kind}"
    assert measure("pass", "--figure", file).returncode == 0
    begins = {"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!doctype html>"}[kind]
    assert file.read_bytes().startswith(begins)


def test_a_figure_of_another_kind_is_refused_before_anything_runs(measure, tmp_path):
    done = measure(f"open({str(tmp_path / 'ran')!r}, 'w')", "--figure", "picture.gif")
    assert done.returncode == 2
    assert ".png, .svg, .html" in done.stderr
    assert not (tmp_path / "ran").exists()


def test_the_record_is_one_that_can_be_loaded(measure, tmp_path):
    done = measure("print('hello')", "--json")
    assert done.stderr == "hello\n"
    record = tmp_path / "record.json"
    record.write_text(done.stdout)
    assert json.loads(done.stdout)["format"] == "gilteach program"
    assert gt.load(record).output == "hello\n"


def test_a_program_that_takes_too_long_is_ended(measure):
    done = measure("import time\ntime.sleep(60)", "--timeout", "1")
    assert done.returncode == 124
    assert "Where each thread stood then" in done.stderr
    assert "ended by the timeout" in done.stderr


def test_what_is_wrong_is_said_in_a_line():
    done = subprocess.run([*COMMAND, "nowhere.py"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("gilteach: there is no program 'nowhere.py'")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is a signal")
def test_an_interrupt_ends_all_of_it(tmp_path, assert_nothing_left, started_processes, wait_until):
    path = tmp_path / "program.py"
    path.write_text("import subprocess\nprint('begun', flush=True)\nsubprocess.run(['sleep', '60'])\n")
    running = subprocess.Popen([*COMMAND, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert running.stdout.readline() == "begun\n"
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=10)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert_nothing_left(connections=False)

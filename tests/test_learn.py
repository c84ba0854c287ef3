"""A learner's own copy of the course: what an update touches, and what it never does."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest

import gilteach as gt
from gilteach import cli, learn

LESSON = "00_start_here.ipynb"
OTHER = "01_wait_with_threads.ipynb"


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course, as a function that changes the text of one of its lessons."""
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.setattr(learn, "course", lambda: folder)

    def write(name, text):
        cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell(text, execution_count=1)]
        cells[1].outputs = [nbformat.v4.new_output("stream", text="the answer")]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / name)

    write(LESSON, "1 + 1")
    write(OTHER, "2 + 2")
    write("glossary.ipynb", "3 + 3")
    return write


@pytest.fixture
def copy(tmp_path):
    return tmp_path / "my-course"


def change(path, text):
    """Do what a learner does: write into a cell, and run it."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = text
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", text="mine")]
    nbformat.write(notebook, path)


def code(path):
    return nbformat.read(path, as_version=4).cells[1]


def test_a_copy_holds_all_lessons_and_no_output(course, copy):
    changes = learn.update(copy)
    assert sorted(path.name for path in copy.glob("*.ipynb")) == [LESSON, OTHER, "glossary.ipynb"] == changes.added
    for path in copy.glob("*.ipynb"):
        assert code(path).outputs == []
        assert code(path).execution_count is None
        nbformat.validate(nbformat.read(path, as_version=4))


def test_what_the_learner_has_changed_stays_and_the_rest_is_updated(course, copy):
    learn.update(copy)
    change(copy / LESSON, "my own")
    mine = (copy / LESSON).read_bytes()
    course(LESSON, "1 + 1 + 1")
    course(OTHER, "2 + 2 + 2")
    course("02_watch_the_gil.ipynb", "4 + 4")
    changes = learn.update(copy)
    assert (changes.kept, changes.updated, changes.added) == ([LESSON], [OTHER], ["02_watch_the_gil.ipynb"])
    assert (copy / LESSON).read_bytes() == mine
    assert code(copy / OTHER).source == "2 + 2 + 2"
    assert LESSON in str(changes)


def test_what_was_only_run_is_no_change(course, copy):
    learn.update(copy)
    change(copy / LESSON, code(copy / LESSON).source)
    assert learn.update(copy).kept == []
    assert code(copy / LESSON).outputs, "and its outputs stay while the lesson is the same"
    course(LESSON, "1 + 1 + 1")
    assert learn.update(copy).updated == [LESSON]


def test_a_lesson_is_set_back_and_the_old_one_kept(course, copy):
    learn.update(copy)
    for text in ("my own", "another of mine"):
        change(copy / LESSON, text)
        assert learn.update(copy, ["00"]).set_back == [LESSON]
        assert code(copy / LESSON).source == "1 + 1"
    assert code(copy / "00_start_here-old-1.ipynb").source == "my own"
    assert code(copy / "00_start_here-old-2.ipynb").source == "another of mine"
    assert learn.update(copy).kept == []


def test_what_is_no_notebook_any_more_is_kept(course, copy):
    learn.update(copy)
    (copy / LESSON).write_text("not JSON")
    assert learn.update(copy).kept == [LESSON]
    assert (copy / LESSON).read_text() == "not JSON"


def test_without_the_notes_of_what_was_copied_nothing_is_overwritten(course, copy):
    learn.update(copy)
    (copy / learn.NOTES / learn.COPIED).write_text("[damaged")
    change(copy / LESSON, "my own")
    course(OTHER, "2 + 2 + 2")
    assert learn.update(copy).kept == [LESSON, OTHER]


def test_a_folder_that_holds_something_else_is_left_alone(course, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(learn.NoCopy, match="holds something else than a copy of the course"):
        learn.update(tmp_path)
    file = tmp_path / "thesis.txt"
    with pytest.raises(learn.NoCopy, match="holds something else"):
        learn.update(file)
    assert file.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_named(course, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(learn.NoCopy, match=r"can't be written: .*Name another folder"):
        learn.update(tmp_path / "file" / "course")


def test_an_unknown_lesson_is_answered_with_those_there_are(course, copy):
    with pytest.raises(learn.NoCopy, match=r"no lesson is called '77'; there are 00, 01"):
        learn.update(copy, ["77"])
    assert not copy.exists()


def test_progress_counts_what_is_done_in_the_copy(course, copy, monkeypatch):
    course(LESSON, 'gt.claim("One is one.", True)\ngt.claim("Two is two.", True)\ngt.exercise("sum", (True, ""))')
    learn.update(copy)
    monkeypatch.chdir(copy)
    monkeypatch.setenv("JPY_SESSION_NAME", str(copy / LESSON))
    assert list(gt.progress().loc["00 Title"]) == ["", "0 of 2", "0 of 1"]
    gt.claim("One is one.", True)
    gt.claim("One is one.", True)
    gt.exercise("sum", (False, "Not yet."))
    assert list(gt.progress().loc["00 Title"]) == ["yes", "1 of 2", "0 of 1"]
    gt.exercise("sum", (True, "Not yet."))
    assert list(gt.progress().loc["00 Title"]) == ["yes", "1 of 2", "1 of 1"]
    assert list(gt.progress().loc["01 Title"]) == ["", "0 of 0", "0 of 0"]


def test_elsewhere_nothing_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / LESSON))
    gt.claim("One is one.", True)
    assert list(tmp_path.iterdir()) == []


# ── the command ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def launched(monkeypatch):
    """The arguments with which JupyterLab was started, instead of a JupyterLab."""
    from jupyterlab.labapp import LabApp

    arguments = []
    monkeypatch.setattr(LabApp, "launch_instance", arguments.extend)
    monkeypatch.setattr(sys, "argv", ["gilteach"])
    return arguments


@pytest.mark.parametrize("command", [[], ["learn"]])
def test_learn_is_what_is_done_by_default(course, tmp_path, monkeypatch, launched, command, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(command) == 0
    assert (tmp_path / "my-course" / LESSON).exists()
    assert f"--ServerApp.root_dir={tmp_path / 'my-course'}" in launched
    assert f"--LabApp.default_url=/lab/tree/{LESSON}" in launched
    assert "a fresh copy" in capsys.readouterr().out


def test_options_reach_jupyterlab(course, copy, launched):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert cli.main([str(copy), "--no-browser", "--port", str(port), "--", "--allow-root", "--debug"]) == 0
    assert launched[-2:] == ["--allow-root", "--debug"]
    assert {"--no-browser", f"--port={port}"} <= set(launched)


def test_a_busy_port_is_said_before_anything_is_copied(course, copy, launched, capsys):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert cli.main([str(copy), "--port", str(port)]) == cli.FAILED
    assert f"port {port} can't be used" in capsys.readouterr().err
    assert not copy.exists()
    assert launched == []


@pytest.mark.slow
def test_a_wheel_carries_the_lessons_and_opens_them(tmp_path):
    """As for somebody who has installed gilteach, and has no clone."""
    uv = os.environ.get("UV", "uv")
    top = os.path.dirname(os.path.dirname(gt.__file__))
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", tmp_path, top], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--no-deps", "--python", sys.executable, "--target", installed, wheel],
        check=True,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--", "--allow-root", "--IdentityProvider.token=mine"]
    with subprocess.Popen(
        [sys.executable, "-m", "gilteach.cli", *options],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(installed)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    ) as server:  # fmt: skip
        try:
            assert b"a fresh copy" in server.stdout.readline()
            assert {LESSON, "glossary.ipynb"} <= set(names_served(server, port))
        finally:
            server.terminate()
            server.stdout.read()


def names_served(server, port):
    """Wait until a JupyterLab answers, and return the names of the files that it shows."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/contents?token=mine", timeout=5) as answer:
                return [item["name"] for item in json.load(answer)["content"]]
        except OSError:
            assert server.poll() is None, server.stdout.read()
            assert time.monotonic() < deadline
            time.sleep(0.1)

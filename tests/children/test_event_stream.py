"""A bench that says what no bench says: whatever it is, it becomes an error in words, and soon."""

import sys
import threading
import time

import pytest

import gilteach as gt
from gilteach.children import launch
from gilteach.measuring import failures

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("nothing_is_left")]

SOON = 5.0  # s; the bench's start included, on a busy machine
READY = '{"event": "ready", "startup": 0.1, "pid": 1, "workers": [[1, 1]], "gil": true}'
DONE = (
    '{"event": "done", "start": 1.0, "end": 2.0, "cpu": 0.5, "spans": [[0, 1, 1, 1.0, 2.0, 0.5]],'
    ' "slices": [[]], "results": [1]}'
)


@pytest.fixture
def bench_that_says(add_task):
    """Make benches write certain lines instead of doing anything."""

    def make(*lines):
        lines = [line if isinstance(line, bytes) else line.encode() for line in lines]
        source = (
            "import sys, time\n"
            f"for line in {lines!r}:\n"
            "    sys.stdin.buffer.readline()\n"  # the request, then "go"
            "    sys.stdout.buffer.write(line + b'\\n')\n"
            "    sys.stdout.buffer.flush()\n"
            "time.sleep(30)\n"
        )
        (launch.BENCH / "__main__.py").write_text(source, encoding="utf-8")

    return make


def error_of_a_run():
    began = time.monotonic()
    with pytest.raises(gt.GilteachError) as caught:
        gt.run("count", workers=1, size=1)
    assert time.monotonic() - began < SOON
    assert not isinstance(caught.value, gt.RunTimeout)
    return str(caught.value)


def test_the_lines_that_are_spoilt_here_are_those_of_a_bench(bench_that_says):
    bench_that_says(READY, DONE)
    assert gt.run("count", workers=1, size=1).results == [1]


@pytest.mark.parametrize(
    "line",
    [
        READY[:40],
        "",
        "Traceback (most recent call last):",
        b'{"event": "ready\xff\xfe"',
        '"ready"',
        "[1, 2]",
        "{}",
        '{"event": ["ready"]}',
        '{"event": "done"}',
        '{"event": "ready"}',
        READY.replace("[[1, 1]]", "5"),
        READY.replace("[[1, 1]]", "[[1]]"),
        READY.replace("0.1", '"soon"'),
        READY.replace("[[1, 1]]", '[["one", 1]]'),
        READY.replace("[[1, 1]]", "[[1000000000000, 1]]"),
        '{"event": "error"}',
        '{"event": "error", "kind": "colour"}',
        '{"event": "error", "kind": "task"}',
        '{"event": "error", "kind": "worker", "dead": [[1]]}',
        "[" * 100_000,
    ],
    ids=lambda line: repr(line)[:40],
)
def test_a_corrupt_line_instead_of_the_first_event(bench_that_says, line):
    bench_that_says(line, DONE)
    assert "the bench said what no bench says" in error_of_a_run()


@pytest.mark.parametrize(
    "line",
    [
        DONE[:60],
        READY,
        '{"event": "done"}',
        DONE.replace('"start": 1.0, ', ""),
        DONE.replace("2.0", '"late"'),
        DONE.replace("0.5, ", "null, "),
        DONE.replace("[0, 1, 1,", "[0, 7, 7,"),
        DONE.replace("[[0, 1, 1, 1.0, 2.0, 0.5]]", "[[0]]"),
        DONE.replace('"slices": [[]]', '"slices": [[], [[1]]]'),
        DONE.replace('"results": [1]', '"results": null'),
        DONE.replace('"results": [1]', '"results": []'),
        DONE.replace('"results": [1]', '"results": [{"python type": "colour", "value": 1}]'),
        DONE.replace('"results": [1]', '"results": [{"python type": "set", "value": [[]]}]'),
        DONE.replace("[[0, 1, 1, 1.0, 2.0, 0.5]]", "[]").replace('"slices": [[]]', '"slices": []'),
        DONE.replace('"end": 2.0', '"end": 1.0'),
    ],
    ids=lambda line: repr(line)[:90],
)
def test_a_corrupt_line_instead_of_the_last_event(bench_that_says, line):
    bench_that_says(READY, line)
    assert "the bench said what no bench says" in error_of_a_run()


def test_a_child_that_ends_at_once(monkeypatch):
    start = threading.Thread.start

    def start_slowly(thread):
        start(thread)
        time.sleep(0.2)

    monkeypatch.setattr(threading.Thread, "start", start_slowly)
    child = launch.Child([sys.executable, "--version"])
    assert child.receive(SOON)["event"] == "foreign"
    assert child.receive(SOON) == launch.ENDED
    child.end()


def test_a_huge_line_is_shown_in_part(bench_that_says):
    (launch.BENCH / "__main__.py").write_text("print('x' * 20_000_000, flush=True)\nimport time\ntime.sleep(30)\n")
    message = error_of_a_run()
    assert "xxx" in message
    assert len(message) < 500


def test_corrupt_deliveries_of_messages(bench_that_says):
    bench_that_says(READY, '{"event": "done", "deliveries": [[1000, 5]]}')
    with pytest.raises(gt.GilteachError, match="the bench said what no bench says"):
        gt.messages("pipe", 1000, repeats=1, progress=False)


@pytest.mark.parametrize("line", ["{}", '{"event": "serving"}', "nonsense"])
def test_a_corrupt_address_of_the_server(add_task, line):
    (launch.BENCH / "server.py").write_text(f"print({line!r}, flush=True)\nimport sys\nsys.stdin.read()\n")
    with pytest.raises(gt.GilteachError, match="server for downloads did not start"):
        gt.run("fetch", workers=1, size=1)


def test_a_failing_bench_says_why_before_it_says_where(add_task):
    with (launch.BENCH / "runners.py").open("a") as file:
        file.write("\n\nRUNNERS = {}\n")
    message = error_of_a_run()
    assert message.startswith("the bench failed: 'threads'")
    assert "Traceback" in message


def test_how_a_process_ended_is_said_for_signals_without_a_name():
    assert failures.how_it_ended(-4000) == "was ended by signal 4000"

"""How long it will take is said before it starts, where that is long and can be told from earlier measurements."""

import textwrap
import time
from dataclasses import replace

import pytest

import gilteach as gt
from gilteach.host import interpreters
from gilteach.measuring import estimates, traffic
from gilteach.measuring.plan import make_plan
from gilteach.show import pictures
from gilteach.show.words import roughly


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch):
    for memory in ("_elapsed", "_tasks", "_overhead"):
        monkeypatch.setattr(estimates, memory, {})
    monkeypatch.setattr(estimates, "usable_cpus", lambda: (2, None))
    with_gil = replace(interpreters.resolve(), gil=True)
    monkeypatch.setattr(estimates, "resolve", lambda _: with_gil)


@pytest.fixture
def measured(make_run):
    """Pretend that one task was measured: so many seconds long, half a core busy or a whole one."""

    def note(task, runner="serial", *, seconds, cpu=None, overhead=0.0, **options):
        plan = make_plan(task, runner, workers=1, tasks=1, **options)
        run = make_run.of_plan(plan, wall=seconds)
        *who, start, end, _ = run.raw_spans[0]
        run.raw_spans[0] = (*who, start, end, seconds if cpu is None else cpu)
        estimates.note(plan, seconds + overhead, run)

    return note


def expected(task, runner, **options):
    return estimates.expected([make_plan(task, runner, **options)])


def test_nothing_is_known_of_what_was_never_measured(measured):
    assert expected("count", "serial") is None
    measured("primes", size=1000, seconds=1.0)
    assert expected("count", "serial") is None
    assert expected("primes", "serial", size=1000, tasks=3) == 3.0


def test_the_same_again_takes_as_long_as_the_last_time(measured):
    measured("count", size=1000, seconds=1.0)
    measured("count", size=1000, seconds=5.0, overhead=0.5)
    assert expected("count", "serial", workers=1, tasks=1, size=1000) == 5.5


@pytest.mark.parametrize(
    ("runner", "workers", "seconds"),
    # Six tasks of a second each, on two CPUs.
    [("serial", 1, 6.0), ("threads", 3, 6.0), ("processes", 1, 6.0), ("processes", 2, 3.0), ("processes", 6, 3.0)],
)
def test_computing_takes_turns_unless_there_are_cores(measured, runner, workers, seconds):
    measured("count", size=1000, seconds=1.0)
    assert expected("count", runner, workers=workers, tasks=6, size=1000) == pytest.approx(seconds)


@pytest.mark.parametrize(("workers", "seconds"), [(1, 6.0), (4, 2.0), (6, 1.0)])
def test_waiting_is_done_by_all_workers_at_once(measured, workers, seconds):
    measured("fetch", size=1000, delay=0.9, seconds=1.0, cpu=0.01)
    assert expected("fetch", "threads", workers=workers, tasks=6, size=1000, delay=0.9) == pytest.approx(seconds)


def test_native_code_uses_all_cores_in_threads_too(measured):
    measured("digest", size=1000, seconds=1.0)
    assert expected("digest", "threads", workers=6, size=1000) == pytest.approx(3.0)


def test_it_grows_with_the_size_up_to_tenfold(measured):
    measured("count", size=1000, seconds=2.0)
    assert expected("count", "serial", size=10_000) == pytest.approx(20.0)
    assert expected("count", "serial", size=100) == pytest.approx(0.2)
    assert expected("count", "serial", size=10_001) is None


def test_a_delay_does_not_grow_with_the_size(measured):
    measured("mixed", size=1000, delay=3.0, seconds=4.0, cpu=1.0)
    assert expected("mixed", "serial", size=5000, delay=3.0) == pytest.approx(8.0)
    assert expected("mixed", "serial", size=1000, delay=2.0) is None, "it was never measured with this delay"


def test_a_wait_is_known_beforehand():
    assert expected("wait", "threads", workers=2, tasks=5, size=4) == 12.0


def test_what_a_run_takes_besides_its_work_counts(measured):
    measured("count", "processes", size=1000, seconds=1.0, overhead=0.25)
    assert expected("count", "processes", workers=1, tasks=2, size=1000) == pytest.approx(2.25)
    assert expected("wait", "threads", workers=1, size=1) == pytest.approx(1.25), "the only one that is known"


def test_no_run_takes_longer_than_its_timeout():
    assert expected("wait", "serial", size=100, timeout=30) == 30.0


def test_of_messages_only_the_same_ones_are_known(measured):
    few, many = (traffic.make_message_plans("pipe", size, 0.02, None, 60.0) for size in (100, 10**8))
    estimates.note(few[0], 0.5, None)
    assert estimates.expected(few, 3) == 1.5
    assert estimates.expected(few + many) is None


def test_a_real_run_is_an_estimate_of_the_next_one():
    began = time.monotonic()
    gt.run("wait", workers=2, size=0.2)
    assert 0.2 < expected("wait", "threads", workers=2, size=0.2) <= time.monotonic() - began
    began = time.monotonic()
    gt.run("count", "serial", workers=1, size=10**5)
    took = time.monotonic() - began
    assert 0 < expected("count", "threads", workers=1, tasks=3, size=10**6) < 10.0 + took


def test_it_is_said_only_where_it_is_long():
    short, long = ([make_plan("wait", size=size)] for size in (9, 11))
    assert estimates.announcement(short, 1) == ""
    assert estimates.announcement(long, 1) == " (about 11 s)"
    assert estimates.announcement(short, 20) == " (about 3 min)"


@pytest.mark.parametrize("task", ["count", "primes", "digest", "mixed"])
def test_what_was_never_measured_is_guessed_and_that_is_said(measured, task):
    facts = gt.tasks().loc[task]
    long = [make_plan(task, "serial", workers=1, tasks=10, size=int(50 * facts["default"]))]
    assert estimates.expected(long) is None
    assert estimates.announcement(long, 1).endswith(", at a guess)")
    default = [make_plan(task, "serial", workers=1)]
    assert estimates.announcement(default, 1) == ""
    measured(task, size=long[0].size, delay=long[0].delay, seconds=2.0)
    assert estimates.announcement(long, 1) == " (about 20 s)"


def test_nobody_guesses_at_a_task_of_the_learners_own():
    own = [make_plan(textwrap.dedent, "serial", size=10**9)]
    assert estimates.announcement(own, 1) == ""


def test_roughly_means_two_digits():
    durations = [0.0, 0.52, 9.94, 12.3, 119, 150, 3600, 5 * 3600]
    assert [roughly(duration).removeprefix("about ") for duration in durations] == [
        "0.1 s", "0.5 s", "9.9 s", "12 s", "119 s", "2.5 min", "60 min", "5 h",
    ]  # fmt: skip


def test_a_sweep_says_it_on_its_progress_bar(pretend_to_run, measured, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    arguments = {"workers": [1, 2], "tasks": 6, "size": 1000, "repeats": 4}
    gt.sweep("count", ("serial", "threads"), **arguments)
    assert "about" not in capsys.readouterr().err
    measured("count", size=1000, seconds=1.0)
    gt.sweep("count", ("serial", "threads"), **arguments)
    assert "sweep of count (about 72 s)" in capsys.readouterr().err


def test_a_panel_says_it_before_the_first_run_and_then_what_is_left(pretend_to_run, monkeypatch):
    monkeypatch.setattr(pictures.Picture, "png", lambda self: b"")
    panel = gt.Experiment("wait", runners="serial", workers=2, size=20, repeats=2)
    said = []
    panel._status.observe(lambda change: said.append(change["new"]), "value")
    panel.run()
    assert said == ["run 1 of 2 (about 80 s) …", "run 2 of 2, about 40 s left", ""]


def test_a_long_run_says_so_before_it_starts(measured, make_run, monkeypatch, capsys):
    measured("count", size=1000, seconds=20.0)
    said = []

    def execute(plan):
        said.append(capsys.readouterr().out)
        return make_run.of_plan(plan)

    monkeypatch.setattr("gilteach.measuring.run.execute", execute)
    gt.run("count", "serial", workers=1, tasks=3, size=1000)
    gt.run("wait", "serial", workers=1, tasks=1, size=1)
    assert said == ["count with serial (about 60 s) …\n", ""]

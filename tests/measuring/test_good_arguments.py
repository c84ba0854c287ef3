"""What `run` makes of its arguments, the defaults above all."""

import numpy as np
import pytest

import gilteach as gt
from gilteach.measuring import plan
from gilteach.measuring.calibration import calibrated
from gilteach.measuring.plan import make_plan


def test_defaults():
    plan = make_plan("count")
    assert plan.runner == "threads"
    assert plan.workers == plan.tasks == gt.machine().usable_cpus
    assert plan.size == gt.tasks().loc["count", "default"]
    assert plan.delay is None
    assert plan.timeout == 60
    assert plan.python == gt.machine().python.executable


def test_serial_has_one_worker_unless_told_how_many_tasks_by_it():
    assert make_plan("count", "serial").tasks == 1
    assert make_plan("count", "serial", workers=3).tasks == 3


def test_one_task_per_worker_unless_told_otherwise():
    assert make_plan("count", workers=3).tasks == 3
    assert make_plan("count", workers=3, tasks=7).tasks == 7


@pytest.mark.parametrize("task", ["fetch", "mixed"])
def test_delays_have_a_default_where_there_are_any(task):
    assert make_plan(task).delay == plan.DELAY
    assert make_plan(task, delay=0).delay == 0


@pytest.mark.parametrize("size", [1e6, np.int64(10**6), np.float32(10**6), np.float64(10**6)])
def test_whole_numbers_may_come_in_any_form(size):
    plan = make_plan("count", size=size)
    assert plan.size == 10**6
    assert type(plan.size) is int


def test_results_of_a_run_with_numpys_numbers_can_be_saved(tmp_path):
    run = gt.run("wait", workers=np.int64(2), size=np.float64(0.01))
    run.save(tmp_path / "run.json")
    assert gt.load(tmp_path / "run.json").results == [0.01, 0.01]


def test_the_switch_interval_is_set(add_task):
    shows = add_task("def shows(size):\n    import sys\n    return sys.getswitchinterval()\n")
    for runner in ("serial", "threads", "processes"):
        run = gt.run(shows, runner, workers=2, switch_interval=0.05)
        assert run.results == pytest.approx([0.05, 0.05])
    assert gt.run(shows, workers=1).results == pytest.approx([0.005])


def test_the_start_method_is_the_one_asked_for(add_task):
    shows = add_task(
        "def shows(size):\n"
        "    import multiprocessing\n"
        "    return type(multiprocessing.current_process()).__name__\n"
    )  # fmt: skip
    for method in gt.machine().python.start_methods:
        run = gt.run(shows, "processes", workers=1, start_method=method)
        assert run.results[0].lower() == f"{method}process"


@pytest.mark.parametrize("task", ["count", "primes", "digest"])
@pytest.mark.slow
def test_an_automatic_size_takes_about_half_a_second(task, measure_quietly):
    from gilteach.measuring import calibration

    def calibrate_and_run():
        calibration._measured.cache_clear()  # a noisy first attempt must not be remembered
        return gt.run(task, "serial", workers=1, size="auto")

    # Two significant digits, and cores whose speed drifts: far from tight.
    measure_quietly(calibrate_and_run, lambda run: 0.2 < run.wall < 1.2)


@pytest.mark.slow
def test_an_automatic_size_is_measured_once(monkeypatch):
    first = calibrated(make_plan("wait", "serial", workers=1, size="auto"))
    monkeypatch.setattr("gilteach.measuring.execution._execute", lambda *_: pytest.fail("measured again"))
    assert calibrated(make_plan("wait", "threads", workers=3, size="auto")).size == first.size
    assert 0.3 < first.size < 0.7


def test_defaults_stay_within_what_the_runners_can_do(monkeypatch):
    from gilteach.bench.runners import RUNNERS
    from gilteach.measuring import sweeps
    from gilteach.panels import experiment as panel

    for module in (plan, sweeps, panel):
        monkeypatch.setattr(module, "usable_cpus", lambda: (1000, None))
    for runner in ("threads", "processes"):
        most = RUNNERS[runner].most_workers
        assert make_plan("count", runner).workers == most
        _, swept = sweeps.make_grid("count", runner, None, None, None, None, {})
        assert max(plan.workers for plan in swept) <= most
        assert gt.Experiment("count", runners=runner)._workers.value == most

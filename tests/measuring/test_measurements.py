"""What holds for every measurement, whatever the machine: orders, sums and bounds, no tight times."""

import os
import sys
from types import SimpleNamespace

import psutil
import pytest

import gilteach as gt
from gilteach.measuring import meter

pytestmark = pytest.mark.slow

RUNNERS = ["serial", "threads", "processes"]
COUNTING = {"workers": 2, "size": 2 * 10**7}  # for half a second at least, on a fast machine too


def area(run):
    """CPU seconds under the CPU-utilisation curve."""
    ends = run.samples["time_s"]
    lengths = ends.diff().fillna(ends.iloc[0])
    return (lengths * run.samples["cores_busy"]).sum()


def test_threads_wait_together():
    # Even a busy machine wakes somebody up within 0.3 s.
    serial, threads = (gt.run("wait", runner, workers=3, size=0.3) for runner in ("serial", "threads"))
    assert serial.wall >= 3 * 0.3
    assert 0.3 <= threads.wall < serial.wall - 0.3


@pytest.mark.parametrize("runner", RUNNERS)
def test_spans_lie_inside_the_wall_time(runner):
    run = gt.run("count", runner, workers=3, tasks=7, size=10**5)
    spans = run.spans
    assert list(spans.columns) == ["worker", "task", "pid", "thread", "start_s", "end_s", "cpu_s"]
    assert spans["task"].tolist() == list(range(7))
    assert (spans["start_s"] >= 0).all()
    assert (spans["start_s"] < spans["end_s"]).all()
    assert (spans["end_s"] <= run.wall).all()


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_worker_does_one_task_at_a_time(runner):
    spans = gt.run("count", runner, workers=3, tasks=7, size=10**5).spans
    for _, lane in spans.sort_values("start_s").groupby("worker"):
        assert (lane["end_s"].iloc[:-1].to_numpy() <= lane["start_s"].iloc[1:].to_numpy()).all()


@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_workers_are_numbered_from_0(runner):
    # As many waits as workers: each worker gets one.
    spans = gt.run("wait", runner, workers=3, size=0.3).spans
    assert sorted(spans["worker"]) == [0, 1, 2]
    assert spans.groupby("worker")[["pid", "thread"]].nunique().max().tolist() == [1, 1]
    assert spans["pid"].nunique() == (1 if runner == "threads" else 3)


def test_serial_has_one_worker_and_its_spans_fill_no_more_than_the_wall_time():
    run = gt.run("count", "serial", workers=4, size=10**5)
    assert set(run.spans["worker"]) == {0}
    assert run.tasks == 4
    assert (run.spans["end_s"] - run.spans["start_s"]).sum() <= run.wall


def test_threads_with_the_gil_keep_one_core_busy():
    # Neighbours can only take some of it away.
    assert gt.run("count", "threads", workers=2, size=5 * 10**6).cores_busy <= 1.15


@pytest.mark.parametrize("runner", RUNNERS)
def test_waiting_keeps_no_core_busy(runner):
    assert gt.run("wait", runner, workers=2, size=0.5).cores_busy < 0.1


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_cpu_time_is_that_of_the_tasks(runner):
    # Two clocks: of the whole processes, and of the workers' threads.
    run = gt.run("count", runner, workers=2, size=3 * 10**6)
    assert run.cpu == pytest.approx(run.spans["cpu_s"].sum(), rel=0.1)


def test_two_processes_keep_two_cores_busy(measure_quietly, two_cpus):
    # A neighbour that keeps 0.2 cores busy counts as quiet and costs twice that: its share, and as much again while the
    # worker that it held up goes on alone. So it is 1.6 at best beside one, and 1 where nothing is parallel.
    measure_quietly(
        lambda: gt.run("count", "processes", workers=2, size=2 * 10**7), lambda run: run.cores_busy >= 1.4
    )  # fmt: skip


def area_is_cpu_time(tolerance):
    return lambda run: area(run) == pytest.approx(run.cpu, rel=tolerance)


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_area_under_the_curve_is_the_cpu_time(measure_quietly, runner):
    run = measure_quietly(
        lambda: gt.run("count", runner, **COUNTING), area_is_cpu_time(0.03), even_if_noisy=area_is_cpu_time(0.25)
    )
    assert list(run.samples.columns) == ["time_s", "cores_busy"]
    assert run.samples["time_s"].is_monotonic_increasing
    assert run.samples["time_s"].iloc[-1] == pytest.approx(run.wall)


@pytest.mark.parametrize("runner", RUNNERS)
def test_the_area_is_the_cpu_time_with_the_portable_clock_too(measure_quietly, monkeypatch, runner):
    monkeypatch.setattr(meter, "best_clock", lambda: (meter.coarse_clock, meter.COARSE_INTERVAL))
    # Up to three processes, each read twice to a tick of 10 ms: some 0.06 s of half a second.
    run = measure_quietly(
        lambda: gt.run("count", runner, **COUNTING), area_is_cpu_time(0.12), even_if_noisy=area_is_cpu_time(0.4)
    )
    assert len(run.samples) < run.wall / meter.FINE_INTERVAL / 2, "the portable clock is to be read less often"


def test_samples_keep_in_step_and_one_that_came_late_is_not_made_up_for(monkeypatch):
    monkeypatch.setattr(meter, "time", SimpleNamespace(perf_counter=lambda: 7.001))
    assert meter.next_sample(due=7.0, interval=0.02) == pytest.approx(7.02)
    assert meter.next_sample(due=6.9, interval=0.02) == pytest.approx(7.011)


def test_a_run_shorter_than_a_sampling_interval_has_a_curve_too(measure_quietly):
    run = measure_quietly(
        lambda: gt.run("count", "serial", workers=1, size=2 * 10**5),
        area_is_cpu_time(0.3),
        even_if_noisy=area_is_cpu_time(0.95),
    )
    assert len(run.samples) >= 1


def test_the_curve_has_the_area_of_the_samples_between_two_moments():
    half_a_core = meter.Meter([])
    half_a_core._readings = [(10.0 + step, 3.0 + step / 2) for step in range(5)]
    curve = half_a_core.curve(10.5, 13.25)
    assert [time for time, _ in curve] == pytest.approx([0.5, 1.5, 2.5, 2.75])
    assert [cores for _, cores in curve] == pytest.approx([0.5] * 4)


def test_what_a_process_had_used_stays_used_when_it_ends():
    clocks = {1: 0.5, 2: 0.25}

    def clock(pid):
        if pid not in clocks:
            raise ProcessLookupError
        return clocks[pid]

    of_two = meter.Meter([1, 2])
    of_two.clock = clock
    of_two.sample()
    del clocks[2]
    clocks[1] = 1.0
    of_two.sample()
    assert [used for _, used in of_two._readings] == [0.75, 1.25]


def test_the_background_is_what_neither_the_experiment_nor_its_helpers_used(monkeypatch):
    # In two seconds the machine's CPUs are busy for 3 s: 1 s the experiment's, 0.5 s its helper's.
    # That leaves 1.5 s in 2 s to others. The experiment runs within them, so the clocks only move there.
    moment, clocks = [100.0], {1: 7.0, 2: 0.5}
    busy = SimpleNamespace(user=50.0, system=20.0, idle=900.0, steal=5.0)
    monkeypatch.setattr("psutil.cpu_times", lambda: busy)
    monkeypatch.setattr(meter.time, "perf_counter", lambda: moment[0])
    watched = meter.Meter([1], helpers=[2])
    watched.clock = clocks.get
    watched.begin()
    moment[0] += 2.0
    busy.user, busy.system, busy.steal, busy.idle = 51.5, 21.0, 5.5, 901.0
    clocks.update({1: 8.0, 2: 1.0})
    watched.end()
    assert watched.background() == pytest.approx(0.75, abs=0.05)  # steps of the machine's clock aside


def test_an_experiment_is_not_its_own_background(measure_quietly):
    # Here the neighbours are looked at without the meter, before and after the run.
    def others():
        return psutil.cpu_percent(0.2) / 100 * psutil.cpu_count()

    def run_between_two_looks():
        before = others()
        run = gt.run("count", "threads", workers=2, size=5 * 10**6)
        return SimpleNamespace(seen_in_the_run=run.background, background=max(before, others()))

    measure_quietly(run_between_two_looks, lambda looks: looks.seen_in_the_run < 0.5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the fine clock")
def test_the_two_clocks_agree():
    assert meter.coarse_clock(os.getpid()) == pytest.approx(meter.fine_clock(os.getpid()), abs=0.05)


def test_start_up_is_no_part_of_the_wall_time():
    run = gt.run("wait", "processes", workers=2, size=0, start_method="spawn")
    assert run.wall < run.startup


def test_mixed_waits_for_its_delay():
    run = gt.run("mixed", "serial", workers=1, size=10, delay=0.4)
    assert run.wall >= 0.4
    assert run.results == [10]

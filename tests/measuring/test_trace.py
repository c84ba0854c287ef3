"""Slices: when workers were really executing, as recorded, computed with, put in words and drawn."""

import math
import time
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import gilteach as gt
from gilteach.bench.slices import Slicer
from gilteach.bench.tasks import PIECE, TASKS
from gilteach.measuring import turns
from gilteach.show import run_figure
from gilteach.show.words import NOISY_BACKGROUND

RUNNERS = ["serial", "threads", "processes"]
TRACED = [task.name for task in TASKS.values() if task.traced]
SIZES = {"count": 10**6, "primes": 2 * 10**4, "digest": 2 * 10**7, "mixed": 10**6}
LONG_ENOUGH = 2 * 10**7  # counts that take half a second and more


class Worker:
    """Stamps in a time of its own, in which nothing happens by chance."""

    def __init__(self, most=10**6, seconds_per_iteration=25e-9):
        self.now = 100.0
        self.pace = seconds_per_iteration
        self.slicer = Slicer(most, clock=lambda: self.now)

    def work(self, seconds):
        """Do a stretch of work, with its stamps; return how long the chunks of work were."""
        end, chunks = self.now + seconds, []
        while self.now < end:
            chunks.append(self.slicer.stamp() * self.pace)
            self.now += chunks[-1]
        self.slicer.stamp()
        return chunks

    def wait(self, seconds):
        self.now += seconds


# ── from stamps to slices ────────────────────────────────────────────────────────────────────


def test_stamps_without_a_gap_are_one_slice():
    worker = Worker()
    worker.work(0.5)
    assert worker.slicer.slices() == [(100.0, worker.now)]


def test_gaps_part_slices():
    worker = Worker()
    expected = []
    for _ in range(3):
        begin = worker.now
        worker.work(0.005)
        expected.append((begin, worker.now))
        worker.wait(0.005)
    worker.work(0.0)
    assert worker.slicer.slices() == expected


def test_a_neighbours_short_visit_to_the_core_is_no_gap():
    worker = Worker()
    for _ in range(10):
        worker.work(0.01)
        worker.wait(0.0004)
    assert len(worker.slicer.slices()) == 1


def test_a_short_switch_interval_has_short_gaps(monkeypatch):
    monkeypatch.setattr("sys.getswitchinterval", lambda: 0.001)
    worker = Worker()
    for _ in range(10):
        worker.work(0.001)
        worker.wait(0.0008)
    worker.work(0.001)
    assert len(worker.slicer.slices()) == 11


def test_who_never_stamps_has_no_slices():
    assert Worker().slicer.slices() == []


@pytest.mark.parametrize("pace", [1e-9, 25e-9, 1e-6, 15e-6])
def test_stamps_settle_at_the_wanted_distance(pace):
    worker = Worker(seconds_per_iteration=pace)
    chunks = worker.work(0.05)
    assert all(worker.slicer.short <= chunk <= worker.slicer.long for chunk in chunks[50:])
    assert sum(chunks[:50]) < 0.01


def test_a_chunk_is_one_iteration_at_least():
    assert Worker(seconds_per_iteration=0.0005).work(0.5)[-1] == 0.0005


def test_a_long_run_keeps_its_first_slices_and_little_memory():
    def slices_of_a_minute(most):
        worker = Worker(most)
        for _ in range(10_000):
            worker.work(0.0002)
            worker.wait(0.005)
        return worker.slicer.slices()

    everything = slices_of_a_minute(10**6)
    tracemalloc.start()
    kept = slices_of_a_minute(300)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(everything) == 10_000
    assert kept == everything[:300]
    assert peak < 100_000  # bytes; all 10,000 slices take ten times that


# ── the traced twins of the tasks ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", TRACED)
def test_a_traced_task_gives_the_same_result(name):
    task = TASKS[name]
    extras = dict.fromkeys(task.extras, 0)
    for size in (0, 1, 2, 3, 64, 65, 1000):
        for chunk in (1, 7, 64, 10**9):
            assert task.traced(size, stamp=lambda chunk=chunk: chunk, **extras) == task.function(size, **extras)


def test_a_traced_digest_gives_the_same_result_whatever_the_pieces():
    task = TASKS["digest"]
    for size in (PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 5):
        for chunk in (50_000, PIECE - 1, PIECE, PIECE + 1):
            assert task.traced(size, stamp=lambda chunk=chunk: chunk) == task.function(size)


# ── what is recorded in a run ────────────────────────────────────────────────────────────────


@pytest.fixture(
    scope="module",
    params=[*[(task, "threads") for task in TRACED], *[("count", runner) for runner in RUNNERS if runner != "threads"]],
    ids="-".join,
)
def traced(request):
    task, runner = request.param
    return gt.run(task, runner, workers=2, tasks=5, size=SIZES[task], trace=True)


@pytest.mark.slow
def test_tracing_leaves_the_results_as_they_are(traced):
    plain = gt.run(traced.task, traced.runner, workers=2, tasks=5, size=traced.size)
    assert traced.results == plain.results


@pytest.mark.slow
def test_slices_are_a_tidy_table(traced):
    assert list(traced.slices.columns) == ["worker", "start_s", "end_s"]
    assert [dtype.kind for dtype in traced.slices.dtypes] == ["i", "f", "f"]
    assert set(traced.slices["worker"]) == set(traced.spans["worker"])


def test_slices_lie_inside_the_spans_of_their_worker(traced):
    spans = traced.spans
    for worker, start, end in traced.slices.itertuples(index=False):
        assert ((spans["worker"] == worker) & (spans["start_s"] <= start) & (end <= spans["end_s"])).sum() == 1


def test_every_span_has_a_slice(traced):
    for span in traced.spans.itertuples():
        lane = traced.slices[traced.slices["worker"] == span.worker]
        assert ((lane["start_s"] >= span.start_s) & (lane["end_s"] <= span.end_s)).any()


def test_a_workers_slices_come_one_after_the_other(traced):
    for _, lane in traced.slices.groupby("worker"):
        edges = lane[["start_s", "end_s"]].to_numpy().ravel()
        assert (np.diff(edges) > 0).all()


def test_workers_execute_about_as_long_as_they_use_the_cpu(traced):
    executed = (traced.slices["end_s"] - traced.slices["start_s"]).sum()
    # A neighbour's visits under a millisecond count as executing; so do a worker's own short waits. Longer visits
    # are gaps, in which a core that the machine has only borrowed may be told to have worked all the same.
    least = 0.8 if traced.background < NOISY_BACKGROUND else 0.3
    assert executed >= least * traced.spans["cpu_s"].sum()


@pytest.mark.parametrize("task", ["wait", "fetch"])
def test_waiting_has_no_slices(task):
    run = gt.run(task, "threads", workers=2, size=0.1 if task == "wait" else 1000, trace=True)
    assert run.slices.empty
    assert len(run.spans) == 2
    assert "no slices" in run.turns


@pytest.mark.parametrize("runner", RUNNERS)
@pytest.mark.slow
def test_a_mixed_task_has_no_slice_while_it_waits(runner):
    run = gt.run("mixed", runner, workers=2, size=10**6, delay=0.2, trace=True)
    for span in run.spans.itertuples():
        lane = run.slices[run.slices["worker"] == span.worker]
        inside = lane[(lane["start_s"] >= span.start_s) & (lane["end_s"] <= span.end_s)]
        assert inside["start_s"].min() >= span.start_s + 0.2


def test_an_untraced_run_has_no_slices():
    run = gt.run("count", "threads", workers=2, size=1000)
    assert list(run.slices.columns) == ["worker", "start_s", "end_s"]
    assert run.slices.empty
    assert math.isnan(run.overlap)
    assert "no slices" in run.turns


def test_every_python_records_slices(python):
    run = gt.run("count", "threads", workers=2, size=10**6, trace=True, python=python)
    assert set(run.slices["worker"]) == set(run.spans["worker"])


@pytest.mark.slow
def test_eight_threads_can_be_traced(measure_quietly):
    run = measure_quietly(
        lambda: gt.run("count", "threads", workers=8, size=10**6, trace=True),
        lambda run: run.overlap <= 0.05 or not run.machine.python.gil,
    )
    assert set(run.slices["worker"]) == set(run.spans["worker"])


# ── who executes at the same time ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14", "3.15"], indirect=True)
@pytest.mark.slow
def test_threads_with_the_gil_take_turns(python, measure_quietly):
    run = measure_quietly(
        lambda: gt.run("count", "threads", workers=2, size=LONG_ENOUGH, trace=True, python=python),
        lambda run: run.overlap <= 0.05 and len(run.slices) > 10,
    )
    assert "took turns" in run.turns
    assert "for the GIL" in run.turns


@pytest.mark.slow
def test_processes_execute_at_the_same_time(two_cpus, measure_quietly):
    run = measure_quietly(
        lambda: gt.run("count", "processes", workers=2, size=LONG_ENOUGH, trace=True), lambda run: run.overlap > 0.5
    )
    assert "at the same time" in run.turns
    assert "GIL" not in run.turns


@pytest.mark.slow
def test_threads_without_the_gil_execute_at_the_same_time(two_cpus, free_threaded, measure_quietly):
    run = measure_quietly(
        lambda: gt.run("count", "threads", workers=2, size=LONG_ENOUGH, trace=True, python=free_threaded),
        lambda run: run.overlap > 0.5,
    )
    assert "GIL" not in run.turns


@pytest.mark.slow
def test_a_longer_switch_interval_makes_longer_slices(measure_quietly):
    def short_and_long():
        runs = [
            gt.run("count", "threads", workers=2, size=LONG_ENOUGH, switch_interval=interval, trace=True)
            for interval in (0.005, 0.02)
        ]
        short, long = ((run.slices["end_s"] - run.slices["start_s"]).median() for run in runs)
        return SimpleNamespace(short=short, long=long, background=max(run.background for run in runs))

    measure_quietly(short_and_long, lambda medians: medians.long > 2 * medians.short)


# ── what slices say ──────────────────────────────────────────────────────────────────────────


@pytest.fixture
def with_slices(make_run):
    """Make a run of one second with chosen slices, (worker, start, end) each, under a Python with the GIL."""

    def make(runner, *slices, workers=2, wall=1.0):
        run = make_run(runner, workers, wall=wall)
        with_gil = replace(run.machine, python=replace(run.machine.python, gil=True))
        return replace(run, machine=with_gil, raw_slices=sorted(slices))

    return make


@pytest.mark.parametrize(
    ("slices", "overlap"),
    [
        ([(0, 0.0, 0.5), (1, 0.5, 1.0)], 0.0),
        ([(0, 0.0, 1.0), (1, 0.0, 1.0)], 1.0),
        ([(0, 0.0, 1.0), (1, 0.75, 1.0)], 0.25),
        ([(0, 0.0, 0.1), (1, 0.9, 1.0)], 0.0),
        ([(0, 0.0, 0.4), (1, 0.2, 0.4), (2, 0.1, 0.3), (0, 0.6, 1.0)], 0.375),
        ([(0, 0.2, 0.8)], 0.0),
    ],
)
def test_overlap_is_the_share_of_the_busy_time(with_slices, slices, overlap):
    assert with_slices("threads", *slices, workers=3).overlap == pytest.approx(overlap)


@pytest.mark.parametrize(
    ("runner", "slices", "words"),
    [
        (
            "threads",
            [(0, 0.0, 0.5), (1, 0.5, 1.0)],
            "2 threads took turns: 2 slices, median 500.0 ms, 0 % of the busy time overlaps",
        ),
        (
            "processes",
            [(0, 0.0, 1.0), (1, 0.0, 0.9)],
            "2 processes executed at the same time: 2 slices, median 950.0 ms, 90 % of the busy time overlaps",
        ),
        (
            "processes",
            [(0, 0.0, 0.6), (1, 0.4, 1.0)],
            "2 processes partly took turns: 2 slices, median 600.0 ms, 20 % of the busy time overlaps",
        ),
        ("serial", [(0, 0.0, 1.0)], "serial: 1 slice, median 1,000.0 ms"),
        (
            "threads",
            [(0, 0.0, 0.1), (0, 0.3, 1.0), (1, 0.1, 0.3)],
            "2 threads took turns: 3 slices, median 200.0 ms, 0 % of the busy time overlaps; "
            "in all they waited 0.20 s for the GIL",
        ),
        (
            "threads",
            [(0, 0.0, 0.2), (0, 0.4, 0.6), (0, 0.75, 1.0), (1, 0.2, 0.4)],
            "2 threads took turns: 4 slices, median 200.0 ms, 0 % of the busy time overlaps; "
            "in all they waited 0.20 s for the GIL and were 0.15 s off the CPU",
        ),
        (
            "processes",
            [(0, 0.0, 0.1), (0, 0.3, 1.0), (1, 0.1, 0.3)],
            "2 processes took turns: 3 slices, median 200.0 ms, 0 % of the busy time overlaps; "
            "in all they were 0.20 s off the CPU",
        ),
    ],
)
def test_turns_are_put_in_words(with_slices, runner, slices, words):
    assert with_slices(runner, *slices).turns == words


def test_who_holds_the_gil_may_be_off_the_cpu(with_slices):
    run = with_slices("threads", (0, 0.0, 0.1), (1, 0.1, 0.2), (1, 0.6, 0.7), (0, 0.7, 1.0))
    assert "waited 0.60 s for the GIL and were 0.40 s off the CPU" in run.turns


def test_without_a_gil_nobody_waits_for_it(with_slices):
    run = with_slices("threads", (0, 0.0, 0.1), (0, 0.3, 1.0), (1, 0.1, 0.3))
    no_gil = replace(run, machine=replace(run.machine, python=replace(run.machine.python, gil=False)))
    assert "GIL" not in no_gil.turns


def test_the_time_between_tasks_is_no_wait(make_run):
    run = replace(make_run("threads", 1, tasks=2), raw_slices=[(0, 0.0, 0.4), (0, 0.6, 1.0)])
    assert len(turns.gaps(run)[0]) == 0
    assert "waited" not in run.turns


# ── kept, drawn, refused ─────────────────────────────────────────────────────────────────────


def test_a_saved_run_keeps_its_slices(tmp_path):
    run = gt.run("count", "threads", workers=2, size=10**6, trace=True)
    run.save(tmp_path / "run.json")
    loaded = gt.load(tmp_path / "run.json")
    assert loaded.plan == run.plan
    pd.testing.assert_frame_equal(loaded.slices, run.slices)
    assert loaded.turns == run.turns


@pytest.fixture
def ten_thousand_turns(with_slices):
    """Two threads that took 10,000 turns of a millisecond."""
    edges = np.linspace(0.0, 10.0, 10_001)
    return with_slices("threads", *((turn % 2, *ends) for turn, ends in enumerate(pairwise(edges))), wall=10.0)


def test_ten_thousand_slices_are_drawn_quickly(ten_thousand_turns):
    assert len(ten_thousand_turns.slices) == 10_000
    began = time.process_time()
    ten_thousand_turns.figure().png()
    assert time.process_time() - began < 5.0  # a tenth of it where nobody disturbs


def test_ten_thousand_slices_are_few_things_to_draw(ten_thousand_turns):
    assert len(ten_thousand_turns.figure().findobj()) < 1000


def test_slices_narrower_than_a_pixel_shade_it(ten_thousand_turns):
    lanes = ten_thousand_turns.figure().axes[1]
    for lane in lanes.images:
        assert lane.get_array()[..., 3].mean() == pytest.approx(0.5, abs=0.01)


def test_a_lane_is_solid_where_its_worker_executed_and_nowhere_else(with_slices):
    run = with_slices("threads", (0, 0.0, 0.25), (1, 0.25, 0.5), (0, 0.5, 1.0))
    first, second = (np.asarray(lane.get_array())[0, :, 3] for lane in run.figure().axes[1].images)
    quarter = len(first) // 4
    assert first.reshape(4, quarter).mean(axis=1) == pytest.approx([1, 0, 1, 1])
    assert second.reshape(4, quarter).mean(axis=1) == pytest.approx([0, 1, 0, 0])


def test_shares_add_up_to_the_time_executed(traced):
    edges = np.linspace(0.0, traced.wall, 777)
    for _, lane in traced.slices.groupby("worker"):
        shares = run_figure.share_executing(lane, edges)
        assert ((shares >= 0) & (shares <= 1)).all()
        assert (shares * np.diff(edges)).sum() == pytest.approx((lane["end_s"] - lane["start_s"]).sum())


def test_rounding_makes_no_share_more_than_all_of_it():
    starts = 0.01 * np.arange(500)
    turns_of_one = pd.DataFrame({"start_s": starts, "end_s": starts + 0.005})
    shares = run_figure.share_executing(turns_of_one, np.linspace(0.0, 5.0, run_figure.LANE_PIXELS + 1))
    assert shares.max() == 1
    assert shares.min() == 0


def test_a_figure_can_look_closer(ten_thousand_turns):
    picture = ten_thousand_turns.figure(start=2.0, end=2.1)
    assert [axes.get_xlim() for axes in picture.axes] == [(2.0, 2.1)] * 2
    for lane in picture.axes[1].images:
        assert lane.get_extent()[:2] == [2.0, 2.1]
        assert set(np.asarray(lane.get_array())[0, :, 3].round()) == {0.0, 1.0}
    titles = [axes.get_title(loc) for axes in picture.axes for loc in ("left", "right")]
    assert any("executing" in title for title in titles)
    assert not any("looks closer" in title for title in titles)


def test_a_figure_says_where_one_has_to_look_closer(ten_thousand_turns):
    assert "looks closer" in ten_thousand_turns.figure().axes[1].get_title("right")


@pytest.mark.parametrize(("start", "end"), [(-0.1, None), (0.5, 0.5), (0.6, 0.5), (None, 1.1), ("0", None)])
def test_only_moments_of_the_run_can_be_looked_at(make_run, start, end):
    with pytest.raises(gt.BadValue):
        make_run().figure(start=start, end=end)


def test_the_figures_words_tell_of_the_turns(ten_thousand_turns):
    assert ten_thousand_turns.turns in ten_thousand_turns.figure().alt


@pytest.mark.parametrize("trace", [1, 0, "yes", None, 0.5])
def test_trace_is_true_or_false(trace):
    with pytest.raises(gt.BadType, match="trace must be True or False"):
        gt.run("count", trace=trace)


def test_a_switch_interval_too_short_to_trace_is_refused():
    with pytest.raises(gt.BadValue, match=r"trace needs a switch_interval of 0\.0005 seconds or more"):
        gt.run("count", switch_interval=0.0001, trace=True)

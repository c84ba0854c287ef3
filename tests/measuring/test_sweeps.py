"""A sweep measures a grid in turns, and its tables hold what the runs hold."""

import math
import os
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gilteach as gt

COLUMNS = [
    "task", "runner", "workers", "tasks", "size", "repeat",
    "startup_s", "wall_s", "cpu_s", "cores_busy", "background",
]  # fmt: skip


# ── the grid ─────────────────────────────────────────────────────────────────────────────────


def test_settings_take_turns(pretend_to_run):
    frame = gt.sweep("count", ("threads", "processes"), workers=[1, 2], size=10, repeats=3, progress=False).frame
    one_repeat = [("threads", 1), ("processes", 1), ("threads", 2), ("processes", 2)]
    assert list(zip(frame["runner"], frame["workers"], strict=True)) == one_repeat * 3
    assert frame["repeat"].tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_the_frames_columns(pretend_to_run):
    sweep = gt.sweep("count", workers=[1, 2], size=10, repeats=2, progress=False)
    assert list(sweep.frame.columns) == COLUMNS
    assert len(sweep.frame) == sweep.planned == 3 * 2 * 2


def test_workers_are_swept_where_nothing_else_is(pretend_to_run):
    sweep = gt.sweep("count", size=10, repeats=1, progress=False)
    counts = sorted(sweep.frame["workers"].unique())
    assert sweep.axis == "workers"
    assert counts[:4] == [1, 2, 4, 8]
    assert counts[-1] <= max(8, 2 * gt.machine().usable_cpus)


@pytest.mark.parametrize(
    ("given", "axis"),
    [
        ({"workers": [1, 2]}, "workers"),
        ({"workers": [1, 2], "size": [10, 20]}, "workers"),
        ({"tasks": [1, 2], "size": [10, 20]}, "tasks"),
        ({"size": [10, 20]}, "size"),
        ({"size": range(10, 30, 10), "workers": 2}, "size"),
        ({"size": np.array([10, 20])}, "size"),
        ({"workers": (2,)}, "workers"),
        ({"workers": 2}, "workers"),
    ],
    ids=str,
)
def test_the_first_sequence_is_the_axis(pretend_to_run, given, axis):
    sweep = gt.sweep("count", "threads", **{"size": 10} | given, repeats=1, progress=False)
    assert sweep.axis == axis


def test_all_sequences_are_combined(pretend_to_run):
    frame = gt.sweep("count", "threads", workers=[1, 2], tasks=[4, 8], size=[10, 20], repeats=1, progress=False).frame
    assert len(frame) == 8
    assert not frame.duplicated(["workers", "tasks", "size"]).any()


def test_with_a_task_per_worker_serial_does_the_same_work(pretend_to_run):
    frame = gt.sweep("count", ("serial", "threads"), workers=[1, 2, 4], size=10, repeats=1, progress=False).frame
    serial, threads = frame[frame["runner"] == "serial"], frame[frame["runner"] == "threads"]
    assert serial["tasks"].tolist() == threads["tasks"].tolist() == [1, 2, 4]


def test_with_tasks_given_serial_is_measured_once_a_repeat(pretend_to_run):
    frame = gt.sweep(
        "count", ("serial", "threads"), workers=[1, 2, 4], tasks=8, size=10, repeats=2, progress=False
    ).frame
    assert (frame["tasks"] == 8).all()
    assert frame[frame["runner"] == "serial"]["repeat"].tolist() == [0, 1]
    assert frame[frame["runner"] == "threads"]["workers"].tolist() == [1, 2, 4] * 2


def test_a_setting_named_twice_is_measured_once(pretend_to_run):
    assert len(gt.sweep("count", "threads", workers=[2, 2], size=10, repeats=1, progress=False).frame) == 1


def test_what_all_runs_have_in_common_reaches_the_plans(pretend_to_run):
    gt.sweep(
        "fetch", workers=[2], size=10, repeats=1, progress=False, delay=0.1, start_method="spawn",
        switch_interval=0.02, timeout=7,
    )  # fmt: skip
    plans = {plan.runner: plan for plan in pretend_to_run.plans}
    assert all((plan.delay, plan.switch_interval, plan.timeout) == (0.1, 0.02, 7) for plan in plans.values())
    assert plans["processes"].start_method == "spawn"
    assert plans["threads"].start_method is plans["serial"].start_method is None


def test_a_progress_bar_is_shown_unless_not_wanted(pretend_to_run, capsys, monkeypatch):
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    gt.sweep("count", "threads", workers=[1], size=10, repeats=1, progress=False)
    assert capsys.readouterr() == ("", "")
    gt.sweep("count", "threads", workers=[1], size=10, repeats=1)
    assert "sweep of count" in capsys.readouterr().err


# ── interrupting ─────────────────────────────────────────────────────────────────────────────


def sweep_that_is_interrupted(*arguments, **options):
    """Sweep; an interrupt that comes through fails the test, and doesn't end all tests."""
    try:
        return gt.sweep(*arguments, **options, progress=False)
    except KeyboardInterrupt:
        return pytest.fail("the interrupt came through and took the measurements with it")


def test_a_progress_bar_starts_no_process():
    """It would stay, and a kernel waits for its children when it is shut down."""
    script = """if True:
        import multiprocessing
        import psutil
        from gilteach.measuring.sweeps import show_progress
        multiprocessing.set_start_method("spawn")  # the default of other systems, whose locks need a helper
        with show_progress(1, "title", "run", True) as bar:
            bar.update()
        print(psutil.Process().children())
    """
    environment = {name: value for name, value in os.environ.items() if name != "TQDM_DISABLE"}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_an_interrupted_sweep_keeps_what_it_has(pretend_to_run):
    pretend_to_run.interrupt_at = 5
    sweep = sweep_that_is_interrupted("count", ("serial", "threads"), workers=[1, 2], size=10, repeats=3)
    assert len(sweep.frame) == 5
    assert sweep.frame["repeat"].tolist() == [0, 0, 0, 0, 1]
    assert sweep.planned == 12
    assert "5 runs of 12 planned, interrupted" in repr(sweep)
    assert sweep.summary["repeats"].tolist() == [2, 1, 1, 1]


def test_a_sweep_interrupted_before_its_first_run_has_nothing_to_keep(pretend_to_run):
    pretend_to_run.interrupt_at = 0
    with pytest.raises(KeyboardInterrupt):
        gt.sweep("count", "threads", workers=[1], size=10, repeats=3, progress=False)


@pytest.mark.slow
def test_a_real_interrupt_ends_a_real_sweep(assert_nothing_left, monkeypatch):
    import _thread

    from gilteach.measuring import sweeps

    runs = []

    def execute_and_interrupt_the_third(plan, stop=None):
        runs.append(plan)
        if len(runs) == 3:
            timers.append(threading.Timer(0.3, _thread.interrupt_main))
            timers[0].start()
        return execute(plan, stop)

    timers, execute = [], sweeps.execute
    monkeypatch.setattr(sweeps, "execute", execute_and_interrupt_the_third)
    try:
        sweep = sweep_that_is_interrupted("wait", "threads", workers=[1, 2], size=1, repeats=5)
    finally:
        timers[0].join()
    assert len(sweep.frame) == 2
    assert sweep.planned == 10
    assert_nothing_left()


# ── the tables ───────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def two_repeats(make_run, make_sweep):
    """Serial and two threads, two repeats: 4 and 5 s against 2 and 2 s."""
    return make_sweep(
        (0, make_run("serial", 2, wall=4.0, cores=1.0, background=0.1)),
        (0, make_run("threads", 2, wall=2.0, cores=1.5, startup=0.1, background=0.3)),
        (1, make_run("serial", 2, wall=5.0, cores=1.0)),
        (1, make_run("threads", 2, wall=2.0, cores=1.0, startup=0.3, background=0.1)),
    )


def test_the_frame_holds_the_runs_numbers(two_repeats):
    row = two_repeats.frame.iloc[1]
    assert row.to_dict() == {
        "task": "count", "runner": "threads", "workers": 2, "tasks": 2, "size": 1000, "repeat": 0,
        "startup_s": 0.1, "wall_s": 2.0, "cpu_s": 3.0, "cores_busy": 1.5, "background": 0.3,
    }  # fmt: skip


def test_comparisons_are_with_the_serial_run_of_the_same_repeat(two_repeats):
    comparisons = two_repeats.comparisons
    assert list(comparisons.columns) == [*COLUMNS, "speed_up", "cpu_ratio"]
    assert comparisons["speed_up"].tolist() == [1.0, 2.0, 1.0, 2.5]
    assert comparisons["cpu_ratio"].tolist() == pytest.approx([1.0, 4 / 3, 1.0, 5 / 2])


def test_no_comparison_with_other_work(make_run, make_sweep):
    sweep = make_sweep(
        (0, make_run("serial", 2)),
        (0, make_run("threads", 4)),  # four tasks, not two
        (0, make_run("threads", 2, size=999)),
        (0, make_run("threads", 1, tasks=2, wall=0.5)),  # two tasks of 1,000 as well
        (1, make_run("threads", 2)),  # no serial run in this repeat
    )
    speed_up = sweep.comparisons["speed_up"].tolist()
    assert speed_up[0] == 1.0
    assert speed_up[3] == 2.0
    assert all(map(math.isnan, [speed_up[1], speed_up[2], speed_up[4]]))


def test_no_cpu_ratio_where_serial_mostly_waited(make_run, make_sweep):
    sweep = make_sweep((0, make_run("serial", 2, cores=0.01)), (0, make_run("threads", 2, cores=0.5)))
    assert sweep.comparisons["cpu_ratio"].isna().all()
    assert sweep.comparisons["speed_up"].notna().all()


def test_the_summary_recomputed_by_hand(two_repeats):
    summary = two_repeats.summary
    assert summary.index.names == ["task", "runner", "workers", "tasks", "size"]
    serial, threads = (row for _, row in summary.iterrows())
    assert serial.to_dict() == pytest.approx(
        {
            "repeats": 2, "wall_s": 4.5, "wall_low_s": 4.0, "wall_high_s": 5.0, "startup_s": 0.01, "cpu_s": 4.5,
            "cores_busy": 1.0, "cores_busy_low": 1.0, "cores_busy_high": 1.0, "background": 0.05,
            "speed_up": 1.0, "speed_up_low": 1.0, "speed_up_high": 1.0, "cpu_ratio": 1.0, "efficiency": 100.0,
        }
    )  # fmt: skip
    assert threads.to_dict() == pytest.approx(
        {
            "repeats": 2, "wall_s": 2.0, "wall_low_s": 2.0, "wall_high_s": 2.0, "startup_s": 0.2, "cpu_s": 2.5,
            "cores_busy": 1.25, "cores_busy_low": 1.0, "cores_busy_high": 1.5, "background": 0.2,
            "speed_up": 2.25, "speed_up_low": 2.0, "speed_up_high": 2.5,
            "cpu_ratio": (4 / 3 + 5 / 2) / 2, "efficiency": 112.5,
        }
    )  # fmt: skip


def test_the_median_is_no_mean(make_run, make_sweep):
    sweep = make_sweep(*((repeat, make_run("threads", 2, wall=wall)) for repeat, wall in enumerate([1.0, 1.1, 9.0])))
    assert sweep.summary["wall_s"].tolist() == [1.1]


def test_serial_runs_count_as_one_worker(make_run, make_sweep):
    sweep = make_sweep((0, make_run("serial", 4)), (0, make_run("threads", 4, wall=0.5)))
    assert sweep.summary["efficiency"].tolist() == [100.0, 50.0]


def test_a_csv_file_gives_the_frame_back(two_repeats, tmp_path):
    two_repeats.to_csv(tmp_path / "sweep.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "sweep.csv"), two_repeats.frame)


def test_repr_says_what_was_swept(two_repeats):
    assert repr(two_repeats) == "<Sweep count over workers 2: serial, threads; 4 runs>"


@pytest.mark.slow
def test_a_real_sweep():
    sweep = gt.sweep("count", workers=[1, 2], size=10**5, repeats=2, progress=False)
    assert list(sweep.frame.columns) == COLUMNS
    assert len(sweep.frame) == 12
    assert (sweep.frame[["startup_s", "wall_s", "cpu_s", "cores_busy"]] > 0).all().all()
    assert (sweep.frame["background"] >= 0).all()
    assert [run.results for run in sweep.runs[:6]] == [[10**5]] * 3 + [[10**5] * 2] * 3
    assert sweep.summary["speed_up"].notna().all()


def test_of_what_a_run_printed_a_sweep_keeps_the_end(make_run, monkeypatch):
    def execute(plan, stop):
        return replace(make_run.of_plan(plan), output="x" * 1_000_000 + "the end")

    monkeypatch.setattr("gilteach.measuring.sweeps.execute", execute)
    sweep = gt.sweep("count", "serial", workers=[1], size=10, repeats=2, progress=False)
    assert [len(run.output) for run in sweep.runs] == [10_000] * 2
    assert sweep.runs[0].output.endswith("the end")

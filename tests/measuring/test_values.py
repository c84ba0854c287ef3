"""Values that know their repeats and background, the settings of a sweep, and the tables made of them."""

import json
import pickle
import statistics

import numpy as np
import pandas as pd
import pytest

import gilteach as gt
from gilteach.measuring.line import straight_line
from gilteach.measuring.value import Value


@pytest.fixture
def sweep(make_run, make_sweep):
    """Serial runs and threads at 1 and 2 workers, three repeats; the second of them disturbed."""
    return make_sweep(
        *[
            (repeat, make_run(runner, workers, tasks=None, wall=wall + repeat / 10, background=float(repeat == 1)))
            for repeat in range(3)
            for runner, walls in (("serial", (1.0, 2.0)), ("threads", (1.0, 0.5)))
            for workers, wall in zip((1, 2), walls, strict=True)
        ]
    )


def test_a_value_is_a_number_like_any_other():
    value = Value([3.0, 1.0, 2.0], [0.0, 0.1, 0.3])
    assert value == 2.0
    assert f"{value:.1f} {value!r}" == "2.0 2.0"
    assert json.dumps({"value": value}) == '{"value": 2.0}'
    assert pd.Series([value, 1.0]).dtype == float
    assert np.array([value, value]).shape == (2,)
    assert pickle.loads(pickle.dumps(value)).background == value.background


def test_what_is_worked_out_from_values_keeps_repeats_and_background():
    one, other = Value([2.0, 4.0, 9.0], [0.0, 0.1, 0.2]), Value([1.0, 2.0, 3.0], [0.4] * 3)
    ratio = one / other
    assert ratio.repeats == (2.0, 2.0, 3.0)
    assert ratio == 2.0 != float(one) / float(other) + 1
    assert ratio.background == (0.0, 0.1, 0.2, 0.4, 0.4, 0.4)
    assert (one - other).repeats == (1.0, 2.0, 6.0)
    assert (one + other).repeats == (3.0, 6.0, 12.0)
    assert (10 - one).repeats == (8.0, 6.0, 1.0)
    assert (2 * one).repeats == (one * 2).repeats == (one + one).repeats
    assert (18 / one).repeats == (9.0, 4.5, 2.0)
    assert (1 + one).background == one.background


def test_values_of_different_experiments_are_not_paired():
    assert (Value([1.0, 2.0, 3.0]) / Value([1.0, 9.0])).repeats == (0.4,)
    assert (Value([1.0, 2.0, 3.0]) / Value([2.0])).repeats == (0.5, 1.0, 1.5)


def test_a_ratio_to_nothing_is_no_measurement():
    assert gt.claim("It is large.", Value([1.0]) / Value([0.0]), low=1).verdict == "?"


def test_a_claim_takes_repeats_and_background_from_a_value():
    quiet, disturbed = Value([1.0, 1.2, 1.1], [0.0] * 3), Value([1.0, 1.2, 1.1], [0.5] * 3)
    assert gt.claim("It is little.", quiet, high=1.2)
    assert gt.claim("It is little.", quiet, high=1.15).verdict == "?"
    assert "other programs kept 0.5 cores busy" in gt.claim("It is little.", disturbed, high=1.2).reason
    assert gt.claim("It is little.", disturbed, high=1.2, background=0.0)


def test_times_of_a_run_are_values(make_run):
    run = make_run("threads", 2, wall=2.0, background=0.4)
    for value in (run.wall, run.cpu, run.startup, run.cores_busy, run.wall / 2, 1 / run.wall):
        assert value.background == (0.4,)
    assert isinstance(run.overlap, Value)


def test_what_waits_is_not_disturbed(make_run, make_sweep):
    run = make_run("threads", 2, wall=2.0, cores=0.05, background=0.9)
    assert run.wall.background == run.cores_busy.background == (0.0,)
    assert gt.claim("It takes two seconds.", run.wall, high=2.1)
    assert make_sweep((0, run))["threads"].wall.background == (0.0,)


def test_a_setting_of_a_sweep(sweep):
    threads = sweep["threads", 2]
    assert threads.wall.repeats == (0.5, 0.6, 0.7)
    assert threads.speed_up.repeats == pytest.approx((4.0, 3.5, 2.2 / 0.7))
    assert threads.wall.background == (0.0, 1.0, 0.0)
    assert threads.total == threads.wall + threads.startup
    assert threads.cores_busy == statistics.median(run.cores_busy for run in threads.runs)
    assert len(threads.results) == 3
    assert repr(threads).startswith("<2 threads: 0.60 s wall time, ")


@pytest.mark.parametrize(
    ("which", "message"),
    [
        ("thread", "unknown runner 'thread'. Did you mean 'threads'?"),
        ("threads", r"say which workers are meant, such as sweep\['threads', 1\]: there are 1, 2"),
        (("threads", 3), "threads were not measured with workers 3: there are 1, 2"),
    ],
)
def test_a_setting_that_is_not_there(sweep, which, message):
    with pytest.raises(gt.BadValue, match=message):
        sweep[which]


def test_the_only_setting_of_a_runner_needs_no_number(make_run, make_sweep):
    sweep = make_sweep((0, make_run("serial", 4, tasks=4)), (0, make_run("threads", 4, tasks=4)))
    assert sweep["threads"].wall == sweep["threads", 4].wall


def test_medians_of_sweeps_are_indexed_by_what_differs(sweep):
    table = gt.medians(sweep)
    assert table.index.names == ["runner", "workers", "tasks"]
    assert list(table.columns) == ["startup_s", "wall_s", "total_s", "cores_busy", "speed_up"]
    assert table.loc["threads", 2]["wall_s"].item() == 0.6
    assert table.loc["threads", 2]["speed_up"].item() == 3.5


def test_medians_of_runs_have_the_names_given(make_run):
    runs = [make_run("threads", 2, wall=wall) for wall in (0.123456, 0.2, 0.3)]
    table = gt.medians(three=runs, one=runs[0])
    assert table["wall_s"].to_dict() == {"three": 0.2, "one": 0.123}


@pytest.mark.parametrize("arguments", [((), {}), ((1,), {}), ((), {"a": 1.0}), ((), {"a": []})])
def test_medians_of_something_else(arguments):
    measured, named = arguments
    with pytest.raises((gt.BadValue, TypeError)):
        gt.medians(*measured, **named)


def test_the_fastest_of_each_row(sweep):
    fastest = sweep.fastest()
    startup = sweep["threads", 2].startup
    assert fastest["runner"].to_dict() == {1: "serial" if startup > 0 else "threads", 2: "threads"}
    assert fastest.loc[2, "total_s"] == pytest.approx(0.6 + startup)
    assert fastest.loc[2, "next_takes"] == pytest.approx((2.1 + sweep["serial", 2].startup) / (0.6 + startup))


def test_a_line_through_a_curve(sweep):
    line = sweep.fit("serial")
    assert line(3) == pytest.approx(line.fixed + 3 * line.each)
    assert line(1) == pytest.approx(1.1, abs=0.1)
    assert line(2) == pytest.approx(2.1, abs=0.1)
    exact = straight_line([0, 10, 1000], [2.0, 3.0, 102.0])
    assert (exact.fixed, exact.each) == pytest.approx((2.0, 0.1))
    with pytest.raises(gt.BadValue, match="two points"):
        straight_line([1, 1], [2.0, 3.0])


def test_a_sweep_is_saved_and_loaded(sweep, tmp_path):
    sweep.save(tmp_path / "sweep.json")
    loaded = gt.load(tmp_path / "sweep.json")
    assert loaded.frame.equals(sweep.frame)
    assert (loaded.axis, loaded.planned) == (sweep.axis, sweep.planned)
    content = json.loads((tmp_path / "sweep.json").read_text())
    for damage in ({"axis": "colour"}, {"repeats": []}, {"runs": [{}]}, {"planned": None}):
        (tmp_path / "damaged.json").write_text(json.dumps(content | damage))
        with pytest.raises(gt.BadValue, match="damaged"):
            gt.load(tmp_path / "damaged.json")


def test_what_was_recorded_says_so(sweep, tmp_path, monkeypatch):
    (tmp_path / "recorded").mkdir()
    sweep.save(tmp_path / "recorded" / "03_sweep.json")
    shown = gt.recorded(tmp_path / "recorded" / "03_sweep.json")._repr_mimebundle_()
    assert "Recorded, and not measured here" in shown["text/plain"]
    assert "at most 1.0 cores busy" in shown["text/plain"]
    assert shown["text/html"].startswith("<details><summary>What a quiet machine showed")
    assert "data:image/svg+xml" in shown["text/html"]
    monkeypatch.chdir(tmp_path)  # as a lesson's kernel is in the lesson's folder
    assert repr(gt.recorded("03_sweep")) == shown["text/plain"]

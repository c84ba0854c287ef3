"""What a summary's rows are said to show: no more than the numbers carry."""

from collections import namedtuple

import pytest

from gilteach.show import words

NAN = float("nan")
# What `finding` reads of a row of `Sweep.summary`.
Row = namedtuple(
    "Row",
    "runner workers tasks wall_s cores_busy background repeats speed_up speed_up_low speed_up_high cpu_ratio",
    defaults=["threads", 4, 4, 2.04, 1.02, 0.05, 3, 1.0, 0.97, 1.03, 1.0],
)


def test_no_faster():
    assert words.finding(Row()) == "4 threads: 2.04 s, 1.0 cores busy, no faster than one after the other"


def test_clearly_faster_when_every_repeat_was():
    row = Row(runner="processes", cores_busy=1.9, speed_up=1.84, speed_up_low=1.7, speed_up_high=1.9)
    assert words.finding(row) == "4 processes: 2.04 s, 1.9 cores busy, 1.8 × as fast as one after the other"


def test_about_so_much_faster_when_not_every_repeat_was_clearly():
    row = Row(speed_up=1.2, speed_up_low=1.05, speed_up_high=1.3)
    assert words.comparison(row) == ", about 1.2 × as fast as one after the other"


def test_clearly_slower_when_every_repeat_was():
    row = Row(speed_up=0.5, speed_up_low=0.45, speed_up_high=0.55)
    assert words.comparison(row) == ", 2.0 × as long as one after the other"


def test_serial_is_compared_with_nothing():
    row = Row(runner="serial", workers=4, tasks=4, speed_up=1.0)
    assert words.finding(row) == "serial: 2.04 s, 1.0 cores busy, 4 tasks one after the other"
    assert words.finding(row._replace(tasks=1)) == "serial: 2.04 s, 1.0 cores busy, one task"


def test_nothing_to_compare_with():
    row = Row(speed_up=NAN, speed_up_low=NAN, speed_up_high=NAN, cpu_ratio=NAN)
    assert words.finding(row) == "4 threads: 2.04 s, 1.0 cores busy"


def test_a_task_that_waits_has_no_cpu_ratio_and_is_compared():
    row = Row(speed_up=4.0, speed_up_low=3.9, speed_up_high=4.1, cpu_ratio=NAN)
    assert words.comparison(row) == ", 4.0 × as fast as one after the other"


def test_too_noisy_by_background():
    row = Row(background=0.34, speed_up=2.0, speed_up_low=1.9, speed_up_high=2.1)
    assert words.comparison(row) == "; too noisy to compare: other programs kept 0.3 cores busy"


def test_too_noisy_by_drift():
    row = Row(cpu_ratio=1.31, speed_up=2.0, speed_up_low=1.9, speed_up_high=2.1)
    assert words.comparison(row) == (
        "; too noisy to compare: the same work took 1.3 × the CPU time when done one after the other"
    )


def test_too_noisy_by_spread():
    row = Row(speed_up=1.0, speed_up_low=0.7, speed_up_high=1.4)
    assert words.comparison(row) == "; too noisy to compare: 0.7 to 1.4 × as fast as one after the other"


@pytest.mark.parametrize(
    ("speed_up", "said"),
    [
        (1.4, ", no clear difference from one after the other (one run each)"),
        (0.7, ", no clear difference from one after the other (one run each)"),
        (1.9, ", 1.9 × as fast as one after the other (one run each)"),
        (0.4, ", 2.5 × as long as one after the other (one run each)"),
    ],
)
def test_one_run_each_takes_more_to_be_clear(speed_up, said):
    row = Row(repeats=1, speed_up=speed_up, speed_up_low=speed_up, speed_up_high=speed_up)
    assert words.comparison(row) == said


@pytest.mark.parametrize("noise", [{"background": 0.5}, {"cpu_ratio": 1.5}, {"speed_up_low": 0.5}], ids=str)
@pytest.mark.parametrize("speed_up", [1.0, 1.5])
def test_a_noisy_row_has_no_verdict(noise, speed_up):
    row = Row(speed_up=speed_up, speed_up_low=speed_up - 0.02, speed_up_high=speed_up + 0.02)._replace(**noise)
    said = words.comparison(row)
    assert "too noisy to compare: " in said
    assert "no faster" not in said
    assert "about" not in said


def test_findings_of_a_summary(make_run, make_sweep):
    sweep = make_sweep((0, make_run("serial", 2, wall=2.0)), (0, make_run("processes", 2, wall=1.0, cores=1.9)))
    assert words.findings(sweep.summary) == [
        "serial: 2.00 s, 1.0 cores busy, 2 tasks one after the other",
        "2 processes: 1.00 s, 1.9 cores busy, 2.0 × as fast as one after the other (one run each)",
    ]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (123.456, "123.5 s"), (10, "10.0 s"), (2.044, "2.04 s"), (0.1, "0.10 s"), (0.0987, "99 ms"), (0.015, "15 ms"),
        (0.00021, "0.2 ms"), (0, "0 ms"),
    ],
)  # fmt: skip
def test_seconds(value, said):
    assert words.seconds(value) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (10_000_000, "iterations", "10,000,000 iterations"),
        (0.5, "s", "0.5 s"),
        (2, "s", "2 s"),
        (0, "bytes", "0 bytes"),
    ],
)
def test_amount(value, unit, said):
    assert words.amount(value, unit) == said


@pytest.mark.parametrize(
    ("runner", "count", "said"),
    [
        ("serial", 1, "serial"), ("serial", 4, "serial"), ("threads", 1, "1 thread"), ("threads", 4, "4 threads"),
        ("processes", 1, "1 process"), ("processes", 2, "2 processes"),
    ],
)  # fmt: skip
def test_workers(runner, count, said):
    assert words.workers(runner, count) == said

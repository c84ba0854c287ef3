"""What `gt.claim` says, and what it refuses to say."""

import random
import re
import statistics
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import gilteach as gt
from gilteach.host import machines
from gilteach.teach import claims as verdicts

TEXT = "Two processes keep two cores busy"


@pytest.fixture(autouse=True)
def _no_claims_yet(monkeypatch):
    monkeypatch.setattr(verdicts, "_settled", [])


@pytest.mark.parametrize(
    ("measured", "bounds"),
    [
        ([1.8, 1.85, 1.92], {"low": 1.6}),
        ([1.02, 1.1], {"high": 1.15}),
        ([0.9, 1.0, 1.1], {"low": 0.85, "high": 1.15}),
        ([1.6, 1.6], {"low": 1.6}),  # the bounds are included
        ([1.15], {"high": 1.15}),
        ([3, 3, 3], {"low": 3, "high": 3}),
        (1.7, {"low": 1.6}),
        (np.float64(1.7), {"low": 1.6}),
        (np.array([1.7, 1.8]), {"low": 1.6}),
        (pd.Series([1.7, 1.8], index=[4, 9]), {"low": 1.6}),
        ((1, 2), {"low": 0}),
        (range(1, 4), {"low": 1}),
        ([1.7] * 8 + [1.0], {"low": 1.6}),  # nine repeats can do without the farthest at each end
    ],
)
def test_holds(measured, bounds):
    claim = gt.claim(TEXT, measured, **bounds)
    assert claim.verdict == "✓"
    # Notebooks' outputs are compared to the letter, so the line has nothing in it that varies.
    assert repr(claim) == str(claim) == f"✓ {TEXT}"


@pytest.mark.parametrize(
    ("measured", "bounds", "reason"),
    [
        (
            [1.02, 1.1, 1.05],
            {"low": 1.6},
            "measured 1.02 to 1.10, median 1.05; the claim needs at least 1.6",
        ),
        ([2, 3], {"high": 1.5}, "measured 2.00 to 3.00, median 2.50; the claim needs at most 1.5"),
        (0.5, {"low": 0.9, "high": 1.1}, "measured 0.500; the claim needs 0.9 to 1.1"),
        (1_234_567, {"low": 2e6, "high": 2e6}, "measured 1,234,567; the claim needs exactly 2,000,000"),
        (
            [1.0, 1.1, 1.2, 1.2, 1.3, 1.4, 1.5, 1.5, 1.7],
            {"low": 1.6},
            "measured a median of 1.30, 1.10 to 1.50 with 95 % confidence; the claim needs at least 1.6",
        ),
    ],
)
def test_fails(measured, bounds, reason):
    claim = gt.claim(TEXT, measured, **bounds)
    assert (claim.verdict, claim.reason) == ("✗", reason)
    assert repr(claim) == f"✗ {TEXT} ({reason})"


@pytest.mark.parametrize(
    ("measured", "bounds"),
    [
        ([1.2, 1.7, 1.8], {"low": 1.6}),  # the median is inside, one repeat outside
        ([1.2, 1.3, 1.8], {"low": 1.6}),
        ([0.5, 2.0], {"low": 0.9, "high": 1.1}),  # all outside, and yet not on one side
        ([1.7] * 7 + [1.0], {"low": 1.6}),  # eight repeats can't do without the farthest
        ([1.7] * 7 + [1.0] * 2, {"low": 1.6}),
    ],
)
def test_is_open_where_repeats_disagree(measured, bounds):
    claim = gt.claim(TEXT, measured, **bounds)
    assert claim.verdict == "?"
    assert claim.reason.startswith("too noisy: measured ")
    assert "median" in claim.reason
    assert "; the claim needs " in claim.reason


@pytest.mark.parametrize("measured", [1.5999, [1.59999, 1.599]])
def test_figures_never_contradict_the_verdict(measured):
    reason = gt.claim(TEXT, measured, low=1.6).reason
    measured = [float(figure) for figure in re.findall(r"[\d.]+", reason.partition(";")[0])]
    assert all(figure < 1.6 for figure in measured)


def test_few_usable_cpus(monkeypatch):
    monkeypatch.setattr(machines, "usable_cpus", lambda: (1, "quota"))
    for measured, bounds in ((1.8, {"low": 1.6}), (1.0, {"low": 1.6}), (True, {})):
        claim = gt.claim(TEXT, measured, needs_cpus=2, **bounds)
        assert repr(claim) == f"? {TEXT} (needs 2 usable CPUs; this machine has 1)"
    monkeypatch.setattr(machines, "usable_cpus", lambda: (2, None))
    assert gt.claim(TEXT, 1.8, low=1.6, needs_cpus=2)


@pytest.mark.parametrize(
    ("background", "reason"),
    [
        (0.5, "other programs kept 0.5 cores busy"),
        ([0.5, 0.4, 0.6], "other programs kept 0.5 cores busy"),
        (pd.Series([0.0, 0.1, 0.7]), "other programs kept 0.7 cores busy in 1 of 3 runs"),
    ],
)
@pytest.mark.parametrize("evidence", [{"measured": 2.0, "low": 1.6}, {"measured": 1.0, "low": 1.6}, {"measured": True}])
def test_busy_background_withholds_the_verdict(background, reason, evidence):
    claim = gt.claim(TEXT, background=background, **evidence)
    assert repr(claim) == f"? {TEXT} (too noisy: {reason})"


@pytest.mark.parametrize("background", [0, 0.2, [0.1, 0.2, 0.0], [0.5, 0.0, 0.0, 0.0]])
def test_quiet_background(background):
    assert gt.claim(TEXT, 2.0, low=1.6, background=background).verdict == "✓"


@pytest.mark.parametrize("missing", [float("nan"), float("inf"), -np.inf])
def test_missing_measurements(missing):
    assert repr(gt.claim(TEXT, missing, low=1)).startswith(f"? {TEXT} (no measurement: 1 of 1 numbers is ")
    assert gt.claim(TEXT, [2.0, missing, 2.0], low=1).reason == f"no measurement: 1 of 3 numbers is {missing:g}"
    assert gt.claim(TEXT, [2.0, missing, missing], low=1).verdict == "?"


@pytest.mark.parametrize("yes", [True, np.True_, np.bool_(3 > 2), pd.Series([1, 1]).eq(1).all()])
def test_yes_or_no(yes):
    assert repr(gt.claim("The results are equal", yes)) == "✓ The results are equal"
    assert repr(gt.claim("The results are equal", not yes)) == "✗ The results are equal (it isn't so here)"


def test_only_a_claim_that_holds_is_true():
    assert gt.claim(TEXT, 2, low=1)
    assert not gt.claim(TEXT, 0, low=1)
    assert not gt.claim(TEXT, [0, 2], low=1)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 31])
def test_verdict_and_median_never_disagree(count):
    chance = random.Random(count)
    verdicts_seen = set()
    for _ in range(300):
        low = chance.uniform(0.5, 1.5)
        high = low + chance.uniform(0, 1)
        centre, spread = chance.uniform(0, 3), chance.choice([0.01, 0.1, 0.5])
        measured = [chance.gauss(centre, spread) for _ in range(count)]
        inside = low <= statistics.median(measured) <= high
        verdict = gt.claim(TEXT, measured, low=low, high=high).verdict
        assert verdict != ("✗" if inside else "✓")
        verdicts_seen.add(verdict)
        if all(low <= ratio <= high for ratio in measured):
            assert verdict == "✓"
        if all(ratio < low for ratio in measured) or all(ratio > high for ratio in measured):
            assert verdict == "✗"
    assert verdicts_seen >= {"✓", "✗"}
    assert ("?" in verdicts_seen) == (count > 1)


@pytest.mark.parametrize("count", [6, 8, 9, 12, 25, 1000])
def test_interval_of_the_median_has_its_confidence(count):
    """The order statistics' interval, checked against the table that it stands in: sums of binomials."""
    rank = verdicts._rank(count)
    total = 2**count
    tails = [2 * sum(_binomial(count, heads) for heads in range(trimmed + 1)) / total for trimmed in (rank, rank + 1)]
    assert tails[0] <= 0.05 < tails[1]


def _binomial(count, heads):
    import math

    return math.comb(count, heads)


@pytest.mark.slow
def test_confidence_holds_in_the_long_run():
    """Where the true median is right on the bound, at most 1 in 40 of all experiments may get a ✓."""
    chance = random.Random(1)
    for count in (6, 9, 15):
        claims = [gt.claim(TEXT, [chance.gauss(1, 0.1) for _ in range(count)], low=1) for _ in range(2000)]
        assert sum(claim.verdict == "✓" for claim in claims) <= 2000 / 40 * 1.5
        assert sum(claim.verdict == "✗" for claim in claims) <= 2000 / 40 * 1.5


@pytest.mark.parametrize(
    ("arguments", "bounds", "message"),
    [
        (("", 1), {"low": 1}, "text must be a sentence"),
        ((None, 1), {"low": 1}, "text must be a sentence"),
        ((TEXT, []), {"low": 1}, "measured holds no value"),
        ((TEXT, pd.Series([], dtype=object)), {"low": 1}, "measured holds no value"),
        ((TEXT, None), {"low": 1}, "measured must be a number or a sequence of numbers"),
        ((TEXT, "1.7"), {"low": 1}, "measured must be a number or a sequence of numbers"),
        ((TEXT, ["1.7"]), {"low": 1}, "measured must be a number or a sequence of numbers"),
        ((TEXT, [1.7, None]), {"low": 1}, "measured must be a number or a sequence of numbers"),
        ((TEXT, [[1.7], [1.7, 1.8]]), {"low": 1}, "measured must be a number or a sequence of numbers"),
        ((TEXT, pd.DataFrame({"a": [1.0]})), {"low": 1}, "measured must be a number or a sequence of numbers"),
        ((TEXT, 1.7), {}, "say what the claim needs: low=, high= or both"),
        ((TEXT, 1.7), {"low": 2, "high": 1}, "low must not be above high"),
        ((TEXT, 1.7), {"low": float("nan")}, "low must be a number"),
        ((TEXT, 1.7), {"high": float("inf")}, "high must be a number"),
        ((TEXT, 1.7), {"low": "1"}, "low must be a number"),
        ((TEXT, True), {"low": 1}, "a yes or no has no bounds"),
        ((TEXT, [True, False]), {}, r"which is meant, with all\(…\) or any\(…\)"),
        ((TEXT, pd.Series([1]) == pd.Series([1])), {}, r"which is meant, with all\(…\) or any\(…\)"),
        ((TEXT, 1.7), {"low": 1, "needs_cpus": 0}, "needs_cpus must be a whole number from 1"),
        ((TEXT, 1.7), {"low": 1, "background": -1}, "background must be cores kept busy"),
        ((TEXT, 1.7), {"low": 1, "background": float("nan")}, "background must be cores kept busy"),
        ((TEXT, 1.7), {"low": 1, "background": True}, "background must be cores kept busy"),
        ((TEXT, 1.7), {"low": 1, "background": []}, "background holds no value"),
    ],
)
def test_bad_arguments(arguments, bounds, message):
    with pytest.raises(gt.BadValue, match=message):
        gt.claim(*arguments, **bounds)
    assert gt.claims().empty


def test_the_line_is_one_line():
    assert repr(gt.claim("A sentence\n   over two lines ", True)) == "✓ A sentence over two lines"


def test_claims_lists_what_was_settled():
    assert list(gt.claims().columns) == ["text", "verdict", "reason"]
    gt.claim("One", 2, low=1)
    gt.claim("Two", 0, low=1)
    gt.claim("Two", [0, 2], low=1)  # a claim of the same text doesn't hide the one before
    listing = gt.claims()
    assert listing["text"].tolist() == ["One", "Two", "Two"]
    assert listing["verdict"].tolist() == ["✓", "✗", "?"]
    assert listing["reason"][0] == "measured 2.00; the claim needs at least 1"


def test_a_claim_in_a_sweep(make_run, make_sweep):
    pairs = [
        (repeat, make_run(runner, 2, tasks=2, wall=wall, cores=cores))
        for repeat in range(3)
        for runner, wall, cores in (("serial", 2.0, 1.0), ("processes", 1.1, 1.8))
    ]
    rows = make_sweep(*pairs).comparisons.query("runner == 'processes'")
    assert gt.claim(TEXT, rows["cores_busy"], low=1.6, background=rows["background"])
    assert gt.claim("Processes are faster", rows["speed_up"], low=1.2, background=rows["background"])


@pytest.mark.parametrize("first", ["gt.claim('Yes', True)", "from gilteach.teach.claims import Claim", "gt.claims()"])
@pytest.mark.slow
def test_claims_stays_a_function_whatever_is_used_first(first):
    code = f"import gilteach as gt\n{first}\nprint(callable(gt.claims), callable(gt.claim))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]

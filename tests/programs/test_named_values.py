"""Values that a program prints under a name."""

import pytest

import gilteach as gt
from gilteach.measuring.value import Value

PROGRAM = """
for lost in (3, 5, 4):
    print(f"{lost = }")
print("MB per s=1e3")
print(f"sums = {[0, 1]}")
print("done = True")
print("a == b, or so: x = y")
print("elapsed = 1.5 s")
"""


@pytest.fixture(scope="module")
def run():
    return gt.measure(PROGRAM)


def test_numbers_are_values_with_a_repeat_for_each_line(run):
    assert run["lost"] == 4
    assert run["lost"].repeats == (3.0, 5.0, 4.0)
    assert run["lost"].background == (run.disturbance,)
    assert run["MB per s"] == 1000


def test_other_values_are_what_was_printed_last(run):
    assert run["sums"] == [0, 1]
    assert run["done"] is True
    assert not isinstance(run["done"], Value)


@pytest.mark.parametrize("name", ["elapsed", "x", "found"])
def test_what_was_not_printed_is_answered_with_what_was(run, name):
    with pytest.raises(gt.NothingPrinted, match=rf"no line such as {name} = 3, but 'lost', 'MB per s', 'sums', 'done'"):
        run[name]
    with pytest.raises(KeyError):
        run[name]


def test_a_name_is_a_string(run):
    with pytest.raises(gt.BadType):
        run[0]

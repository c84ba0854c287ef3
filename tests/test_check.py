"""The checks of arguments."""

import decimal
from fractions import Fraction

import numpy as np
import pytest

import gilteach as gt
from gilteach import check


@pytest.mark.parametrize("value", [1, 2.5, 10, Fraction(5, 2), np.float32(2.5), np.int8(10)])
def test_a_number_becomes_a_float(value):
    checked = check.number("speed", value, 1, 10, "km/h")
    assert checked == value
    assert type(checked) is float


@pytest.mark.parametrize("value", [1, 10, 2.0, 1e1, np.int64(3), np.float64(4.0)])
def test_a_whole_number_becomes_an_int(value):
    checked = check.whole_number("people", value, 1, 10)
    assert checked == value
    assert type(checked) is int


@pytest.mark.parametrize("value", [0.999, 10.001, -5, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("checked_as", [check.number, check.whole_number])
def test_what_is_out_of_range_is_a_value_error_that_names_the_range(checked_as, value):
    with pytest.raises(gt.BadValue, match=r"speed must be a (whole )?number from 1 to 10 km/h, not ") as caught:
        checked_as("speed", value, 1, 10, "km/h")
    assert isinstance(caught.value, ValueError)
    assert not isinstance(caught.value, TypeError)
    assert repr(value) in str(caught.value)


def test_half_of_one_is_no_whole_number():
    with pytest.raises(gt.BadValue, match=r"people must be a whole number from 1 to 10, not 2\.5"):
        check.whole_number("people", 2.5, 1, 10)


@pytest.mark.parametrize("value", ["5", None, True, False, [5], 5j, decimal.Decimal(5), b"5"], ids=repr)
@pytest.mark.parametrize("checked_as", [check.number, check.whole_number])
def test_what_is_no_number_is_a_type_error(checked_as, value):
    with pytest.raises(gt.BadType, match="number from 1 to 10") as caught:
        checked_as("speed", value, 1, 10)
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, ValueError)


def test_large_ranges_can_be_read():
    with pytest.raises(gt.BadValue, match="from 1 to 100,000,000 bytes"):
        check.whole_number("size", 0, 1, 10**8, "bytes")


def test_a_choice_comes_back():
    assert check.choice("fruit", "apple", ("apple", "pear")) == "apple"
    assert check.choice("fruit", "apple", {"apple": 1}) == "apple"


@pytest.mark.parametrize(("value", "nearest"), [("aple", "apple"), ("peer", "pear"), ("pears", "pear")])
def test_the_nearest_choice_is_suggested(value, nearest):
    with pytest.raises(gt.BadValue, match=f"unknown fruit '{value}'. Did you mean '{nearest}'\\?"):
        check.choice("fruit", value, ("apple", "pear"))


def test_where_nothing_is_near_all_are_listed():
    with pytest.raises(gt.BadValue, match=r"unknown fruit 'brick'\. There are 'apple', 'pear'\.$"):
        check.choice("fruit", "brick", ("apple", "pear"))


@pytest.mark.parametrize("value", [None, 1, ["apple"], {"apple"}, True])
def test_a_choice_is_a_string(value):
    with pytest.raises(gt.BadType, match="fruit must be one of 'apple', 'pear', not "):
        check.choice("fruit", value, ("apple", "pear"))

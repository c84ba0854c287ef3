"""Checks of arguments: each returns the value in its proper form, or says what is allowed."""

import difflib
import math
import numbers

from .errors import BadType, BadValue


def number(name, value, low, high, unit=""):
    """Return `value` as a float between `low` and `high`."""
    allowed = f"{name} must be a number from {low:,} to {high:,}{unit and ' ' + unit}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise BadType(f"{allowed}, not {value!r}")
    if not low <= value <= high or math.isnan(value):
        raise BadValue(f"{allowed}, not {value!r}")
    return float(value)


def whole_number(name, value, low, high, unit=""):
    """Return `value` as an int between `low` and `high`; 2.0 and 1e6 are whole numbers too."""
    allowed = f"{name} must be a whole number from {low:,} to {high:,}{unit and ' ' + unit}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise BadType(f"{allowed}, not {value!r}")
    if not low <= value <= high or value != int(value):
        raise BadValue(f"{allowed}, not {value!r}")
    return int(value)


def choice(name, value, allowed):
    """Return `value` if it is one of the strings in `allowed`; the error suggests the nearest."""
    listing = ", ".join(repr(item) for item in allowed)
    if not isinstance(value, str):
        raise BadType(f"{name} must be one of {listing}, not {value!r}")
    if value not in allowed:
        near = difflib.get_close_matches(value, allowed, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise BadValue(f"unknown {name} {value!r}.{hint} There are {listing}.")
    return value

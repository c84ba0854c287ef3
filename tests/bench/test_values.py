"""What tasks return comes back as it was, or is said to be something else."""

import collections
import copy
import dataclasses
import enum
import json
import math
import pickle
import threading

import numpy as np
import pytest

import gilteach as gt
from gilteach.bench.values import DEEPEST, TYPE, ReprOnly, decode, encode

PLAIN = [
    None,
    True,
    0,
    -(2**63),
    10**600,
    -(10**10_000),
    0.1,
    -0.0,
    5e-324,
    math.inf,
    -math.inf,
    2 - 0.5j,
    complex(-0.0, math.inf),
    "",
    'naïve "日本" 🐍\n\0',
    "\ud800",
    "\ud83d\ude00",  # two surrogates, not the one character that JSON would make of them
    b"",
    b"\x00\xff",
    bytearray(b"abc"),
    (),
    (1,),
    [1, (2, [3, (4,)])],
    set(),
    {1, 2.5, "three", (4, frozenset({5}))},
    frozenset({b"a"}),
    {},
    {"a": {"b": [1, 2]}},
    {1: "one", "1": "text", (1, 2): [3], None: None, 2.5: b""},
    {"\ud800": 1},
    {TYPE: "tuple", "value": [1, 2]},
    {TYPE: {TYPE: "set"}, 1: 2},
    [[[]], {"deep": ({"deeper": {1}},)}],
]


def sent(value):
    """What arrives of a value that is sent as JSON."""
    return decode(json.loads(json.dumps(encode(value))))


def exactly(value):
    """A form of a value that is equal only for values of the same types all the way down, and tells -0.0 from 0.0."""
    if isinstance(value, dict):
        return dict, [(exactly(key), exactly(item)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [*map(exactly, value)]
    if isinstance(value, set | frozenset):
        return type(value), {str(exactly(item)) for item in value}
    return type(value), value if isinstance(value, int) else repr(value)


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: type(value).__name__)
def test_plain_values_come_back_as_they_were(value):
    assert exactly(sent(value)) == exactly(value)
    assert exactly(sent([value, {"key": value}])) == exactly([value, {"key": value}])


def test_nan_comes_back():
    assert math.isnan(sent(math.nan))
    assert math.isnan(sent(complex(0, math.nan)).imag)


@pytest.mark.parametrize("value", [None, True, 5, 0.5, "text", [1, "two", [3.0]], {"a": [1], "b": {"c": None}}])
def test_what_json_has_a_form_for_stays_as_it_is(value):
    assert exactly(encode(value)) == exactly(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (np.int64(6), 6),
        (np.uint8(255), 255),
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.complex128(1 + 2j), 1 + 2j),
    ],
    ids=repr,
)
def test_numbers_of_numpy_come_back_as_pythons(value, number):
    assert exactly(sent(value)) == exactly(number)
    assert exactly(sent({value: (value,)})) == exactly({number: (number,)})


class Colour(enum.IntEnum):
    RED = 1


class Text(str):
    pass


@dataclasses.dataclass
class Point:
    x: int


HOLDS_ITSELF = [1]
HOLDS_ITSELF.append({"again": HOLDS_ITSELF})
OTHERS = [
    collections.Counter("aab"),
    collections.OrderedDict(a=1),
    collections.namedtuple("Pair", "one two")(1, 2),
    Point(3),
    Colour.RED,
    Text("text"),
    range(3),
    int,
    np.array([1, 2]),
    np.array(5),
    np.timedelta64(5, "ns"),
    np.str_("text"),
    np.longdouble("0.1"),
    HOLDS_ITSELF,
]


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
def test_anything_else_is_said_to_be_what_it_is(value):
    arrived = sent(value)
    assert type(arrived) is ReprOnly
    assert repr(arrived) == str(arrived) == repr(value)
    assert arrived != repr(value)
    assert arrived == arrived
    assert arrived != sent(value)


def test_something_else_among_plain_values_leaves_them_as_they_are():
    one, two, point = sent(["one", (2,), Point(3)])
    assert (one, two, repr(point)) == ("one", (2,), "Point(x=3)")
    assert len(sent({Text("same"), range(3), range(4)})) == 3
    assert [*sent({range(3): "three"}).values()] == ["three"]


def test_what_has_only_its_repr_can_be_sent_on_copied_and_pickled():
    arrived = sent(range(3))
    for again in (sent(arrived), copy.deepcopy(arrived), pickle.loads(pickle.dumps(arrived))):
        assert type(again) is ReprOnly
        assert repr(again) == "range(0, 3)"


@pytest.mark.parametrize("error", [ValueError, RecursionError, SystemExit, KeyboardInterrupt])
def test_a_repr_that_raises_breaks_nothing(error):
    class Odd:
        def __repr__(self):
            raise error("no")

    assert [repr(item) for item in sent((Odd(), 1))] == ["<Odd that has no repr>", "1"]


@pytest.mark.parametrize("inner", [lambda nest: [nest], lambda nest: (nest,), lambda nest: {1: nest}])
def test_nesting_is_kept_as_far_as_it_can_be_read_again(inner):
    nest = 5
    for _ in range(DEEPEST):
        nest = inner(nest)
    assert sent(nest) == nest
    assert type(sent(inner(nest))) is ReprOnly
    for _ in range(100_000):
        nest = inner(nest)
    assert type(sent(nest)) is ReprOnly


def test_what_a_thread_goes_on_changing_arrives():
    same, numbers, enough = {n: n for n in range(100_000)}, {*range(100_000)}, threading.Event()

    def go_on():
        while not enough.is_set():
            for n in range(100):
                same[n] = same.pop(n)  # which puts it last
                numbers.symmetric_difference_update({n})

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        assert all(key == value for key, value in sent(same).items())
        assert numbers >= sent(numbers) - {*range(100)}
    finally:
        enough.set()
        thread.join()


@pytest.mark.parametrize(
    "encoded",
    [
        {TYPE: "tuple"},
        {TYPE: "tuple", "value": 5},
        {TYPE: "lambda", "value": 5},
        {TYPE: ["tuple"], "value": 5},
        {TYPE: None, "value": 5},
        {TYPE: "int", "value": "five"},
        {TYPE: "int", "value": 5},
        {TYPE: "complex", "value": [1, 2, 3]},
        {TYPE: "complex", "value": [10**400, 1]},
        {TYPE: "bytes", "value": "0g"},
        {TYPE: "bytearray", "value": None},
        {TYPE: "str", "value": [2**40]},
        {TYPE: "str", "value": [-1]},
        {TYPE: "set", "value": [[]]},
        {TYPE: "dict", "value": [[1]]},
        {TYPE: "dict", "value": [[[], 1]]},
        [{"a": {TYPE: "frozenset", "value": [{}]}}],
    ],
    ids=str,
)
def test_what_was_never_encoded_is_refused(encoded):
    with pytest.raises(ValueError, match="never encoded"):
        decode(encoded)


def test_what_is_nested_without_end_is_refused():
    encoded = 5
    for _ in range(100_000):
        encoded = [encoded]
    with pytest.raises(ValueError, match="never encoded"):
        decode(encoded)


def test_a_repr_that_is_no_text_is_shown():
    assert repr(decode({TYPE: "ReprOnly", "value": 5})) == "5"


@pytest.mark.parametrize("runner", ["threads", "processes"])
def test_results_of_a_run_come_back_as_they_were(add_task, runner):
    value = (1, {2, 3}, {4: b"five", None: [6.0, 7j]}, 10**5000)
    plain = add_task("def plain(size):\n    return (1, {2, 3}, {4: b'five', None: [6.0, 7j]}, 10**5000, size)\n")
    assert gt.run(plain, runner, workers=2, size=1).results == [(*value, 1.0)] * 2

"""The figure of a distribution has a dot for every repeat and says what it shows."""

import pytest

import gilteach as gt


def test_every_repeat_is_a_dot_and_every_median_a_line():
    picture = gt.distribution({"without": [3, 1, 2, 2], "with a lock": [0, 0]}, "updates lost (%)")
    (axes,) = picture.axes
    dots, medians = axes.lines[0::2], axes.lines[1::2]
    assert [sorted(line.get_xdata()) for line in dots] == [[1, 2, 2, 3], [0, 0]]
    assert [set(line.get_xdata()) for line in medians] == [{2.0}, {0.0}]
    # Equal values don't hide one another.
    for line in dots:
        places = list(zip(line.get_xdata(), line.get_ydata(), strict=True))
        assert len(set(places)) == len(places)
    assert axes.get_xlabel() == "updates lost (%)"
    assert axes.get_xlim()[0] == 0
    assert [label.get_text() for label in axes.get_yticklabels()] == ["without", "with a lock"]


def test_it_says_in_words_what_it_shows():
    picture = gt.distribution({"without": [30.12345, 10, 20]}, "updates lost (%)")
    assert picture.alt == "updates lost (%). without: 10 to 30.1, median 20, of 3 repeats."


def test_it_is_drawn_even_where_all_is_zero():
    assert gt.distribution({"with a lock": [0, 0, 0]}, "updates lost").png().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("repeats", "label", "message"),
    [
        ([1, 2], "s", "a dict"),
        ({}, "s", "1 to 12 kinds"),
        ({"a": 1}, "s", "list of numbers"),
        ({"a": []}, "s", "no repeat of 'a'"),
        ({"a": ["1"]}, "s", "each repeat of 'a' must be a number"),
        ({"a": [1]}, "", "what was measured"),
    ],
)
def test_bad_arguments(repeats, label, message):
    with pytest.raises(gt.BadValue, match=message):
        gt.distribution(repeats, label)

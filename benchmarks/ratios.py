"""Ratios that noise can't fool: medians of many neighbouring pairs, with their interval."""

import statistics


def pairs(first, second, count):
    """Ratios first ÷ second of what both return when called one after the other, in alternating order."""
    ratios = []
    for number in range(count):
        if number % 2:
            two = second()
            one = first()
        else:
            one = first()
            two = second()
        ratios.append(one / two)
    return ratios


def report(what, ratios):
    """Print the median and the interval that holds the true one with 95 % confidence (the sign test's)."""
    ordered = sorted(ratios)
    # All of the ratios where there are fewer than six.
    outside = max(0, int((len(ordered) - 1.96 * len(ordered) ** 0.5) / 2))
    low, high = ordered[outside], ordered[-1 - outside]
    print(f"{what:<46}{statistics.median(ordered):7.3f}   ({low:.3f} to {high:.3f}, {len(ordered)} pairs)", flush=True)

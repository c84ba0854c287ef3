"""The figure of messages: time per message and MB/s, against the size of a message."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from .pictures import COLOURS, REFERENCE, label_directly, new_picture, our_style
from .words import in_bytes, seconds

# Okabe–Ito; a thread has the colour of threads, and what is no channel is grey.
LOOKS = {
    "pipe": ("#56B4E9", "o"),
    "queue": ("#E69F00", "^"),
    "pool": ("#009E73", "v"),
    "manager": ("#CC79A7", "D"),
    "shared memory": ("#000000", "s"),
    "thread": (COLOURS["threads"], "P"),
    "pickling": (REFERENCE, "x"),
}
DARKER = 0.6  # of a colour's brightness: light blue and orange can be seen as lines, but not read as text


def traffic_figure(traffic):
    """Draw a `Traffic`."""
    summary = traffic.summary.reset_index()
    with our_style():
        picture = new_picture(4.6, right=1.4, beside=2.4)
        left, right = picture.subplots(1, 2)
        draw_against_size(left, summary, "seconds_per_message", "Time per message", duration)
        draw_against_size(right, summary, "megabytes_per_s", "Throughput", "{:,.10g} MB/s".format)
        for channel, rows in summary.groupby("channel", sort=False):
            spread = rows["seconds_low"], rows["seconds_high"]
            left.vlines(rows["size_bytes"], *spread, color=LOOKS[channel][0], linewidth=1.2)
    picture.alt = ". ".join(in_words(traffic)) + "."
    return picture


def draw_against_size(axes, summary, column, title, in_words):
    """Draw a line per channel on logarithmic axes, of which the upright one has its powers of ten in words."""
    labels = []
    for channel, rows in summary.sort_values("size_bytes").groupby("channel", sort=False):
        colour, marker = LOOKS[channel]
        line = "--" if channel == "pickling" else "-"
        axes.loglog(rows["size_bytes"], rows[column], line, color=colour, marker=marker)
        name = "pickling alone" if channel == "pickling" else channel
        labels.append(
            (rows["size_bytes"].iloc[-1], rows[column].iloc[-1], name, [DARKER * part for part in to_rgb(colour)], 11)
        )
    sizes = sorted(summary["size_bytes"].unique())
    axes.set_xlim(sizes[0] / 1.5, sizes[-1] * 1.5)
    axes.xaxis.set_major_locator(FixedLocator(sizes, nbins=4))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: in_bytes(size)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=10)
    axes.set_title(title)
    axes.set_xlabel("size of a message")
    low, high = np.log10([summary[column].min(), summary[column].max()])
    axes.set_ylim(10.0 ** np.floor(low), 10.0 ** (np.floor(high) + 1))  # there is always one power of ten to read
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: in_words(value)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(alpha=0.25)
    label_directly(axes, labels)


def in_words(traffic, sizes=None):
    """Say for each of the sizes, or for all, how long a message takes through each channel, the fastest first."""
    sentences = []
    for size, rows in traffic.summary.reset_index().groupby("size_bytes"):
        if sizes is not None and size not in sizes:
            continue
        rows = rows.sort_values("seconds_per_message")
        each = [f"{row.channel} {duration(row.seconds_per_message)}" for row in rows.itertuples()]
        sentences.append(f"A message of {in_bytes(size)}: {', '.join(each)}")
    return sentences


def duration(value):
    """Return a duration in words, also one in microseconds."""
    return seconds(value) if value >= 1e-3 else f"{value * 1e6:.3g} µs"

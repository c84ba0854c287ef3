"""Smaller loops and shorter waits, for checking the notebooks in less time than a learner takes.

`GILTEACH_SHRINK=4`, as in tests where nothing else is said, divides the numbers of millions, and the whole seconds
to sleep, in the cells tagged ``shrink`` by 4, and measures half as often everywhere. With 1 all is as for a learner.
"""

import os
import re

VARIABLE = "GILTEACH_SHRINK"
TAG = "shrink"
MILLIONS = re.compile(r"\b\d+(_000){2}\b")
WAITS = re.compile(r"(?<=\btime\.sleep\()\d+(?=\))")
REPEATS = re.compile(r"\b(repeats=|for repeat in range\()(\d+)\b")
ALL_LARGE = re.compile(r"(=\s*\(?|\brange\()((?:\d{3}_000|\d{1,3}_\d{3}_\d{3})(?:_\d{3})*)(?![\w.])")
ALL_WAITS = re.compile(r"(\btime\.sleep\(|\b(?:size|delay|seconds|end)=)(\d+\.\d+|\d+(?=\)))")
LESS_WORK, LESS_WAITING = 50, 10


def shrink(cell):
    """Make a cell's loops and waits smaller, in place, where it is tagged for that, if the variable is set."""
    factor = int(os.environ.get(VARIABLE, 1))
    if factor > 1 and cell.cell_type == "code":
        cell.source = REPEATS.sub(lambda repeats: f"{repeats[1]}{-(-int(repeats[2]) // 2)}", cell.source)
    if factor > 1 and TAG in cell.metadata.get("tags", ()):
        cell.source = MILLIONS.sub(lambda number: f"{int(number[0]) // factor:_}", cell.source)
        cell.source = WAITS.sub(lambda seconds: f"{int(seconds[0]) / factor:g}", cell.source)


def make_tiny(cell):
    """Make everything in a code cell as small as it goes, in place: for where nobody looks at what is measured."""
    if cell.cell_type == "code":
        source = ALL_LARGE.sub(lambda number: f"{number[1]}{int(number[2]) // LESS_WORK:_}", cell.source)
        source = ALL_WAITS.sub(lambda wait: f"{wait[1]}{float(wait[2]) / LESS_WAITING:g}", source)
        cell.source = REPEATS.sub(r"\g<1>1", source).replace("panel.sweep()", "panel.run()")

"""Smaller loops and shorter waits, for checking the notebooks in less time than a learner takes.

`GILTEACH_SHRINK=4` divides the numbers of millions, and the whole seconds to sleep, in the cells tagged
``shrink`` by 4. Without it the sizes are the learner's.
"""

import os
import re

VARIABLE = "GILTEACH_SHRINK"
TAG = "shrink"
MILLIONS = re.compile(r"\b\d+(_000){2}\b")
WAITS = re.compile(r"(?<=\btime\.sleep\()\d+(?=\))")
REPEATS = re.compile(r"\b(repeats=|for repeat in range\()\d+\b")


def shrink(cell, once=False):
    """Make a cell's loops and waits smaller, in place, if it is tagged for that and the variable is set.

    With `once`, where nobody looks at the claims, every cell also measures but once, and panels one setting.
    """
    factor = int(os.environ.get(VARIABLE, 1))
    if factor > 1 and TAG in cell.metadata.get("tags", ()):
        cell.source = MILLIONS.sub(lambda number: f"{int(number[0]) // factor:_}", cell.source)
        cell.source = WAITS.sub(lambda seconds: f"{int(seconds[0]) / factor:g}", cell.source)
    if factor > 1 and once and cell.cell_type == "code":
        cell.source = REPEATS.sub(r"\g<1>1", cell.source).replace("panel.sweep()", "panel.run()")

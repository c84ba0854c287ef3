"""A learner's way through the course: which lessons were begun, which claims settled, which exercises right.

Only in a learner's own copy, which `gilteach learn` has made: it has a folder for such notes, a file a lesson.
"""

import json
import os
import re
from pathlib import Path

NOTES = ".gilteach"  # in a learner's folder
LESSON = re.compile(r"\d\d_\w+\.ipynb")
TITLE = re.compile(r"(?m)^# (.*)$")
CALLS = {"claims": re.compile(r"\bgt\.claim\("), "exercises": re.compile(r"\bgt\.exercise\(")}


def note(kind, name):
    """Note that in this lesson a claim was settled, or an exercise right; where there is a place for notes."""
    lesson = Path(os.environ.get("JPY_SESSION_NAME", ""))  # what the server calls the kernel: its notebook's path
    place = lesson.parent / NOTES
    if not LESSON.fullmatch(lesson.name) or not place.is_dir():
        return
    path = place / f"{lesson.stem}.json"
    noted = read(path)
    if name not in noted[kind]:
        noted[kind].append(name)
        try:
            path.write_text(json.dumps(noted), encoding="utf-8")
        except OSError:
            pass  # the folder became read-only: a lesson goes on without notes


def read(path):
    """Return the notes in a file, or empty ones."""
    try:
        noted = json.loads(path.read_text(encoding="utf-8"))
        return {kind: list(noted[kind]) for kind in CALLS}
    except (OSError, ValueError, KeyError, TypeError):
        return {kind: [] for kind in CALLS}


def progress():
    """Show how far through the course you are.

    Returns
    -------
    pandas.DataFrame
        A row per lesson of this folder: ``lesson``, ``begun``, ``claims settled`` and ``exercises right``, such as
        ``"3 of 5"``.
    """
    import pandas as pd

    rows = []
    for path in sorted(path for path in Path().glob("*.ipynb") if LESSON.fullmatch(path.name)):
        noted = read(path.parent / NOTES / f"{path.stem}.json")
        title, there = contents(path)
        done = {kind: f"{min(len(noted[kind]), there[kind])} of {there[kind]}" for kind in CALLS}
        rows.append((title, "yes" if any(noted.values()) else "", done["claims"], done["exercises"]))
    return pd.DataFrame(rows, columns=["lesson", "begun", "claims settled", "exercises right"]).set_index("lesson")


def contents(path):
    """Return a lesson's number and title, and how many claims and exercises it has."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        words, code = (
            "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == kind)
            for kind in ("markdown", "code")
        )
    except (OSError, ValueError, KeyError, TypeError):
        words = code = ""  # not a notebook any more
    title = TITLE.search(words)
    there = {kind: len(call.findall(code)) for kind, call in CALLS.items()}
    return f"{path.stem[:2]} {title[1] if title else ''}", there

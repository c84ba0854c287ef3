"""A learner's own copy of the course: lessons without outputs, which an update leaves alone once they are changed."""

import hashlib
import json
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from .errors import NoCopy
from .teach.progress import NOTES

COPIED = "copied.json"  # in the folder of notes: what each file was like when it was copied
PATTERNS = ("[0-9][0-9]_*.ipynb", "glossary.ipynb", "recorded/*.*")


@dataclass
class Changes:
    """What an update has done, as names of files.

    Attributes
    ----------
    is_new : bool
        Whether there was no copy before.
    added, updated, kept, set_back : list of str
        Kept are those that the learner has changed.
    """

    is_new: bool

    added: list = field(default_factory=list)
    updated: list = field(default_factory=list)
    kept: list = field(default_factory=list)
    set_back: list = field(default_factory=list)

    def __str__(self):
        if self.is_new:
            return "a fresh copy, which is yours to change"
        said = [
            f"{words}: {', '.join(names)}"
            for words, names in (
                ("new", self.added),
                ("updated", self.updated),
                ("kept as you have changed them", self.kept),
                ("set back, the old one kept beside it", self.set_back),
            )
            if names
        ]
        return "; ".join(said) or "as you left it"


def course():
    """Return the folder with the course's lessons: of a clone, or of what was installed."""
    for folder in (Path(__file__).resolve().parent.parent / "notebooks", resources.files(__package__) / "notebooks"):
        if any(folder.glob(PATTERNS[0])):
            return folder
    raise NoCopy("the lessons aren't there: install gilteach again, or clone its repository")


def update(folder, fresh=()):
    """Make or update a learner's copy of the course.

    Parameters
    ----------
    folder : str or path
        Where it is, or is to be.
    fresh : sequence of str
        Lessons to set back, by the beginning of their name, such as ``"03"``.

    Returns
    -------
    Changes

    Raises
    ------
    NoCopy
        If something else is there, nothing can be written there, or no lesson has such a name.
    """
    folder = Path(folder)
    source = course()
    files = [path.relative_to(source) for pattern in PATTERNS for path in sorted(source.glob(pattern))]
    to_reset = {_lesson(name, files) for name in fresh}
    try:
        return _update(folder, source, files, to_reset)
    except NoCopy:
        raise
    except OSError as error:
        raise NoCopy(f"{folder} can't be written: {error.strerror or error}. Name another folder") from None


def _update(folder, source, files, to_reset):
    notes = folder / NOTES / COPIED
    changes = Changes(is_new=not notes.exists())
    if changes.is_new and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise NoCopy(f"{folder} holds something else than a copy of the course. Name another folder, or a new one")
    notes.parent.mkdir(parents=True, exist_ok=True)
    copied = _noted(notes)
    for file in files:
        target, name, text = folder / file, file.as_posix(), without_outputs(source / file)
        current = _fingerprint(text)
        there = _fingerprint(without_outputs(target)) if target.exists() else None
        if there is None:
            changes.added.append(name)
        elif name in to_reset:
            target.rename(_beside(target))
            changes.set_back.append(name)
        elif there == current:
            copied[name] = current
            continue
        elif there == copied.get(name):
            changes.updated.append(name)
        else:
            changes.kept.append(name)
            continue
        target.parent.mkdir(exist_ok=True)
        _write(target, text)
        copied[name] = current
    _write(notes, json.dumps(copied, indent=1))
    return changes


def _write(path, text):
    """Write a file at once: a half of one, after the power went, would pass for a learner's change."""
    half = path.with_name(f".{path.name}.new")
    half.write_text(text, encoding="utf-8")
    half.replace(path)


def _noted(path):
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}  # the first time; or somebody else has written there, and all that differs is kept


def _lesson(name, files):
    found = [file.as_posix() for file in files if file.as_posix().startswith(name)] if name else []
    if len(found) != 1:
        there = ", ".join(file.stem[:2] for file in files if file.match(PATTERNS[0]))
        raise NoCopy(f"no lesson is called {name!r}; there are {there}")
    return found[0]


def _beside(path):
    """Return a name that is free for an old version of a file."""
    number = 1
    while (other := path.with_name(f"{path.stem}-old-{number}{path.suffix}")).exists():
        number += 1
    return other


def without_outputs(path):
    """Return a file's text; of a notebook without outputs and what else comes and goes with running it."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    try:
        notebook = json.loads(text)
        for cell in notebook["cells"]:
            cell["source"] = "".join(cell["source"])
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        notebook["metadata"].pop("gilteach", None)  # of the stored outputs
    except (ValueError, KeyError, TypeError):
        return text  # it was a notebook once
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def _fingerprint(text):
    """Return a hash of what a learner may change: of a notebook, the cells' kinds and texts."""
    try:
        parts = [(cell["cell_type"], cell["source"]) for cell in json.loads(text)["cells"]]
    except (ValueError, KeyError, TypeError):
        parts = text
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

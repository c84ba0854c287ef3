"""Temporary folders: private to the user, and named after the process that they go with."""

import os
import re
import shutil
import tempfile
from glob import escape, glob
from pathlib import Path

import psutil

from ..errors import NoTemporaryFolder

PREFIX = "gilteach-"  # then the process's pid; a bench names its folder in the same way


def new_folder():
    """Make a folder of this process's own and return its path.

    Those of processes that were killed, and so couldn't remove them, go on this occasion.

    Raises
    ------
    NoTemporaryFolder
        If there is no place for one.
    """
    try:
        for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*"):
            owner = re.match(rf"{PREFIX}(\d{{1,9}})-", folder.name)
            if owner and not psutil.pid_exists(int(owner[1])):
                shutil.rmtree(folder, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    except OSError as error:
        raise NoTemporaryFolder(error) from error


def folders_of(pid):
    """Return how the paths of a process's temporary folders begin."""
    try:
        place = tempfile.gettempdir()
    except OSError:  # there is no place for any
        place = os.devnull
    return os.path.join(place, f"{PREFIX}{pid}-")


def remove_folders_of(pid):
    """Remove what a process that has ended may have left."""
    for folder in glob(f"{escape(folders_of(pid))}*"):
        shutil.rmtree(folder, ignore_errors=True)


def write(path, text):
    """Write a text into a file in a temporary folder.

    Raises
    ------
    NoTemporaryFolder
        If that is full, or can't be written to any more.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NoTemporaryFolder(error) from error

"""The Python interpreters of this machine: what each is, and how to name one."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..errors import BadType, BadValue, PythonNotFound

OLDEST = (3, 11)
EXTRA = "GILTEACH_PYTHONS"  # folders or interpreters to look in besides, separated as in PATH

PROBE = """
import json, multiprocessing as mp, platform, sys, sysconfig
print(json.dumps({
    "executable": sys.executable,
    "version": platform.python_version(),
    "implementation": platform.python_implementation(),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
    "start_methods": mp.get_all_start_methods(),
    "default_start_method": mp.get_start_method(),
}))
"""


@dataclass(frozen=True)
class Python:
    """One interpreter.

    Attributes
    ----------
    executable : str
        Its path.
    version : str
        Such as ``"3.13.5"``.
    implementation : str
        Such as ``"CPython"``.
    free_threaded : bool
        Whether it was built to run without the GIL.
    gil : bool
        Whether its GIL is on when it starts.
    start_methods : tuple of str
        multiprocessing's start methods there.
    default_start_method : str
        The one of them used when none is asked for.
    """

    executable: str
    version: str
    implementation: str
    free_threaded: bool
    gil: bool
    start_methods: tuple
    default_start_method: str

    @property
    def short(self):
        """Such as ``"3.12"``, or ``"3.13t"`` for a free-threaded build."""
        return ".".join(self.version.split(".")[:2]) + "t" * self.free_threaded

    @property
    def numbers(self):
        """Such as ``(3, 13, 5)``, for comparing."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:3])


def probe(executable):
    """Ask the interpreter at `executable` what it is; None if it isn't a working Python.

    Parameters
    ----------
    executable : str
        A path.

    Returns
    -------
    Python or None
    """
    try:
        return _answer(executable)
    except (OSError, ValueError, TypeError, KeyError, subprocess.SubprocessError):
        return None


@cache  # of answers; one that took too long to come may come the next time
def _answer(executable):
    answer = subprocess.run(
        [executable, "-I", "-c", PROBE], stdin=subprocess.DEVNULL, capture_output=True, timeout=10, check=True
    )
    facts = json.loads(answer.stdout)
    return Python(**facts | {"start_methods": tuple(facts["start_methods"])})


def _current():
    """The interpreter of this process."""
    found = probe(sys.executable)
    if found is None:
        raise PythonNotFound(f"this Python, {sys.executable!r}, doesn't say what it is when it is asked")
    return found


def find():
    """Find the interpreters, from Python 3.11 on: the current one first, then by version.

    Returns
    -------
    list of Python
        Each once, however many names it has.
    """
    current = _current()
    with ThreadPoolExecutor(4) as pool:
        found = [python for python in pool.map(probe, _candidates()) if python and python.numbers >= OLDEST]
    unique = {os.path.realpath(python.executable): python for python in found}
    unique.pop(os.path.realpath(current.executable), None)
    return [current, *sorted(unique.values(), key=lambda python: (python.numbers, python.free_threaded))]


def _candidates():
    """Paths of files that look like interpreters, each file once."""
    import findpython

    paths = {}
    for place in filter(None, os.environ.get(EXTRA, "").split(os.pathsep)):
        inside = [*Path(place).glob("python3*"), *Path(place).glob("bin/python3*"), *Path(place).glob("python.exe")]
        for path in inside if os.path.isdir(place) else [Path(place)]:
            if re.fullmatch(r"python(3(\.\d+)?t?)?(\.exe)?", path.name):
                paths.setdefault(os.path.realpath(path), str(path))
    for setup in findpython.ALL_PROVIDERS.values():
        provider = setup.create()
        for found in provider.find_pythons() if provider else ():
            # A shim is a script that looks for the interpreter, which the pyenv provider has found.
            if "shims" not in found.executable.parts:
                paths.setdefault(os.path.realpath(found.executable), str(found.executable))
    # By their names some are too old; only the others are worth starting.
    too_old = re.compile(r"python(2|3\.\d\b|3\.10\b)")
    return [path for real, path in paths.items() if not too_old.search(os.path.basename(real))]


def resolve(python=None):
    """Return the interpreter that `python` names.

    Parameters
    ----------
    python : None, str or path
        None for the current one; a version such as ``"3.12"``, ``"3.12.1"`` or, for a free-threaded
        build, ``"3.13t"``; or the path of an interpreter.

    Returns
    -------
    Python

    Raises
    ------
    PythonNotFound
        If there is none; the message lists what there is.
    BadValue
        If it is older than Python 3.11.
    """
    if python is None:
        return _current()
    if not isinstance(python, (str, os.PathLike)):
        raise BadType(f"python must be a version such as '3.12' or '3.13t', or a path, not {python!r}")
    wanted = re.fullmatch(r"(\d+(?:\.\d+){0,2})(t?)", str(python))
    if wanted:
        matching = [
            found
            for found in find()
            if f"{found.version}.".startswith(f"{wanted[1]}.") and found.free_threaded == bool(wanted[2])
        ]
        if matching:
            current = _current()
            return current if current in matching else matching[-1]
    else:
        found = probe(os.path.expanduser(python))
        if found and found.numbers < OLDEST:
            raise BadValue(f"gilteach needs Python 3.11 or newer; {python} is {found.version}")
        if found:
            return found
    there = ", ".join(f"{found.short} ({found.executable})" for found in find())
    raise PythonNotFound(f"no Python {str(python)!r} on this machine; found: {there}")


def pythons():
    """List the Python interpreters found on this machine.

    They are looked for on PATH, where pyenv, asdf, rye and uv keep theirs, in the Windows registry,
    and in the folders that the environment variable ``GILTEACH_PYTHONS`` names.

    Returns
    -------
    pandas.DataFrame
        One row each, the current one first: ``python`` (the name to pass as ``python=``),
        ``version``, ``gil`` ("on" or "off"), ``default_start_method``, ``executable``.
    """
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "python": found.short,
                "version": found.version,
                "gil": "on" if found.gil else "off",
                "default_start_method": found.default_start_method,
                "executable": found.executable,
            }
            for found in find()
        ]
    )

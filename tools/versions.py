"""Check gilteach under the other Pythons of this machine, and with the oldest packages that it allows.

    uv run tools/versions.py                 every Python found, and the oldest packages
    uv run tools/versions.py 3.13t oldest    some

Each gets a throw-away environment. The newest Python and the free-threaded one run there the quick tests (those
not marked as slow) of the rooms that depend on it: what runs in a bench, starts processes or measures; those between
the oldest and the newest, what looks deepest into an interpreter. The oldest packages are tried with the quick tests
of all rooms, and the oldest Python and the newest with a lesson in a kernel of their own. What `uv run pytest` does
under this Python isn't repeated; it measures in benches of every Python, too.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from gilteach.host import interpreters

TOP = Path(__file__).resolve().parent.parent
UV = os.environ.get("UV", "uv")  # `uv run` says where it is
QUICK = ("-n0", "-m", "not slow")
ROOMS = (
    "bench",
    "children",
    "host",
    "measuring",
    "programs",
    "teach/test_interleaving.py",
    "test_package.py",
    "test_task_magic.py",
)
ON_A_PYTHON = (*QUICK, *(f"tests/{room}" for room in ROOMS))
BETWEEN = (*QUICK, *(f"tests/{room}" for room in ("bench", "host", "programs", "teach/test_interleaving.py")))
WITH_PACKAGES = (*QUICK, "tests", "--ignore=tests/browser")
LESSON = "notebooks/02_watch_the_gil.ipynb"  # what it shows depends most on the Python
OLDEST = "oldest"
# What these need of other packages has no wheel for a free-threaded Python before 3.14.
NOT_WITHOUT_GIL = ("jupyterlab", "playwright")


@dataclass(frozen=True)
class Check:
    """A part of the suite to run under a Python, with the newest or the oldest packages."""

    name: str
    python: interpreters.Python
    part: tuple
    resolution: str = "highest"


def checks():
    """All checks that this machine can do."""
    found = {python.short: python for python in reversed(interpreters.find())}  # the current one before its equals
    here = interpreters.resolve()
    by_age = sorted((python for python in found.values() if not python.free_threaded), key=lambda one: one.numbers)
    for name, python in sorted(found.items()):
        if python == here:
            continue
        if python in (by_age[0], by_age[-1]):
            yield Check(name, python, (*ON_A_PYTHON, LESSON))
        else:
            yield Check(name, python, ON_A_PYTHON if python.free_threaded else BETWEEN)
    yield Check(OLDEST, by_age[0], (*WITH_PACKAGES, LESSON), resolution="lowest-direct")


def do(check, folder):
    """Do a check in a folder of its own; return whether all passed, and what there is to say about it."""
    began = time.monotonic()
    environment = folder / "environment"
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    report = folder / "report.xml"
    plain = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}  # which names another one
    packages = ["--resolution", check.resolution, "--editable", TOP, "--group", "dev"]
    if check.python.free_threaded:
        excluded = folder / "excluded.txt"
        excluded.write_text("\n".join(NOT_WITHOUT_GIL), encoding="utf-8")
        # The newest releases have no wheels for 3.13t, but older ones do. Tornado needs no compiler.
        packages += ["--excludes", excluded, "--only-binary", ":all:", "--no-binary", "tornado"]
    for command in (
        [UV, "venv", "--quiet", "--no-project", "--python", check.python.executable, environment],
        [UV, "pip", "install", "--quiet", "--python", python, *packages],
        [python, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", f"--junit-xml={report}", *check.part],
    ):
        done = subprocess.run(command, cwd=TOP, env=plain, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.stdout.buffer.write(f"── {check.name} ──\n".encode() + done.stdout)
            sys.stdout.flush()
            break
    counts = counted(report) if report.exists() else "not run"
    return done.returncode == 0, f"{check.name}: {counts} in {time.monotonic() - began:.0f} s"


def counted(report):
    """The numbers of a report in words."""
    suite = ElementTree.parse(report).getroot().find("testsuite")
    failed, broken, skipped = (int(suite.get(kind)) for kind in ("failures", "errors", "skipped"))
    passed = int(suite.get("tests")) - failed - broken - skipped
    counts = {"passed": passed, "failed": failed + broken, "skipped": skipped}
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count or kind == "passed")


def main():
    there = {check.name: check for check in checks()}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checks", nargs="*", help=f"of these, all by default: {', '.join(there)}")
    named = parser.parse_args().checks
    if unknown := set(named) - set(there):
        parser.error(f"no {', '.join(sorted(unknown))} here, but {', '.join(there)}")
    chosen = [there[name] for name in named or there]
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="gilteach-versions-", ignore_cleanup_errors=True) as top:
        for check in chosen:
            outcomes.append(do(check, Path(tempfile.mkdtemp(dir=top))))
    for _, line in outcomes:
        print(line)
    return not all(passed for passed, _ in outcomes)


if __name__ == "__main__":
    sys.exit(main())

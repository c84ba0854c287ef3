"""Tracebacks without the frames of the standard library."""

import io

import pytest

from gilteach.programs.tracebacks import OwnFrames

PROGRAM = """\
before
Traceback (most recent call last):
  File "/tmp/x/program.py", line 3, in <module>
    work()
{between}  File "/tmp/x/program.py", line 8, in work
    1 / 0
    ~~^~~
ZeroDivisionError: division by zero
  with a second line of its own
after
"""
LIBRARY = """\
  File "/usr/lib/python3/pool.py", line 100, in map
    return self._map(function)
           ^^^^^^^^^^^^^^^^^^^
  File "/usr/lib/python3/pool.py", line 200, in _map
    raise error
"""
PRINTED, TRIMMED = PROGRAM.format(between=LIBRARY), PROGRAM.format(between="  …\n")


@pytest.mark.parametrize("length", [1, 7, 50, 10_000])
def test_frames_of_other_files_are_left_out_however_the_text_comes(length):
    shown = io.StringIO()
    stream = OwnFrames(shown, lambda path: path.endswith("program.py"))
    for start in range(0, len(PRINTED), length):
        stream.write(PRINTED[start : start + length])
    stream.finish()
    assert shown.getvalue() == TRIMMED


def test_what_is_no_traceback_appears_at_once():
    shown = io.StringIO()
    stream = OwnFrames(shown, lambda path: False)
    stream.write("a prompt: ")
    assert shown.getvalue() == "a prompt: "
    stream.write("Traceback (most recent call last):\n  File ")
    stream.finish()
    assert shown.getvalue().endswith("  File ")

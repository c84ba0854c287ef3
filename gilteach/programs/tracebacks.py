"""Tracebacks that end in what teaches: the frames of the program itself, and what went wrong."""

import io
import re

BEGINS = "Traceback (most recent call last):"
FRAME = re.compile(r'  +File "([^"]*)"')
LEFT_OUT = "  …\n"


class OwnFrames(io.TextIOBase):
    """A stream that passes text on, tracebacks without the frames of other files than the program's.

    Parameters
    ----------
    stream : file
        Where the text goes.
    is_own : function
        Whether a path is the program's.
    """

    def __init__(self, stream, is_own):
        self._stream, self._is_own = stream, is_own
        self._inside = False  # a traceback
        self._left_out = False  # the frame that these lines belong to
        self._rest = ""  # of a line that isn't whole yet

    def write(self, text):
        *lines, self._rest = (self._rest + text).split("\n")
        self._stream.write("".join(self._kept(f"{line}\n") for line in lines))
        if not self._inside and not BEGINS.startswith(self._rest):  # a prompt, dots: shown as they appear
            self._stream.write(self._rest)
            self._rest = ""
        return len(text)

    def finish(self):
        self._stream.write(self._kept(self._rest) if self._rest else "")
        self._rest = ""

    def _kept(self, line):
        if line.rstrip() == BEGINS:
            self._inside, self._left_out = True, False
        elif self._inside and (frame := FRAME.match(line)):
            before, self._left_out = self._left_out, not self._is_own(frame[1])
            if self._left_out:
                return "" if before else LEFT_OUT
        elif not line.startswith("  "):  # the error itself
            self._inside = self._left_out = False
        return "" if self._left_out else line

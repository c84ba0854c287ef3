"""Where the threads of a program stand, as its processes write it when they are asked (see bench/recorder)."""

import faulthandler
import os
import re
import signal
import time

import psutil

from ..children.launch import BENCH

PATIENCE = 1.0  # s; for processes to write
RECORDERS_OWN = str(BENCH / "recorder")


def written(processes, threads, notes):
    """Have processes write where their threads stand, and return that.

    Parameters
    ----------
    processes : dict
        By pid, their names.
    threads : dict
        By pid and what `threading.get_ident` says, the names of threads.
    notes : Path
        The folder with a file for it for each process.

    Returns
    -------
    str
        The stacks, each under a line with the thread's and the process's name.
    """
    dumps = {pid: notes / f"{pid}.stacks" for pid in processes}
    dumps = {pid: dump for pid, dump in dumps.items() if _can_write(pid, dump)}
    if hasattr(faulthandler, "register"):  # elsewhere they keep an eye on the time themselves
        for pid in dumps:
            try:
                os.kill(pid, signal.SIGURG)
            except OSError:
                pass  # it has ended meanwhile
    patience = time.monotonic() + PATIENCE
    while not all(map(_has_text, dumps.values())) and time.monotonic() < patience:
        time.sleep(0.01)
    time.sleep(0.05)  # the last of them may not be complete
    return "\n".join(
        _with_names(dump.read_text(), pid, processes[pid], threads) for pid, dump in dumps.items() if _has_text(dump)
    )


def _can_write(pid, dump):
    """Whether a process still has its file for that: one that becomes a daemon may have another in its place."""
    if not hasattr(faulthandler, "register"):
        return True
    try:
        return any(os.path.samefile(file.path, dump) for file in psutil.Process(pid).open_files())
    except (psutil.Error, OSError):
        return False


def _has_text(path):
    return path.exists() and path.stat().st_size > 0


def _with_names(dump, pid, process, threads):
    """Return a dump of faulthandler's with the names of threads in place of their addresses."""

    def heading(match):
        thread = threads.get((pid, int(match[1], 16)), "a thread")
        return f"{thread} of {process} ({pid}), most recent call first:"

    text = re.sub(r"(?m)^(?:Current thread|Thread) 0x([0-9a-f]+).*$", heading, dump)
    return "".join(line for line in text.splitlines(keepends=True) if RECORDERS_OWN not in line)

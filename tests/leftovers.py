"""What tests, and whatever they start, may leave behind: processes, sockets, temporary files, shared memory."""

import os
import re
import sys
import tempfile
from pathlib import Path

import psutil

from gilteach.measuring import functions

SHARED_MEMORY = Path(os.environ.get("GILTEACH_TEST_SHARED_MEMORY", "/dev/shm"))  # another one to test the test of it


def processes(variable, value, others=frozenset()):
    """List the living processes that have inherited an environment variable, however far down.

    A process that has lost its parents is found too, and those of other programs on the machine are not.
    """
    found = []
    for pid in set(psutil.pids()) - {*others, os.getpid()}:
        try:
            process = psutil.Process(pid)
            if process.environ().get(variable) == value and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            pass  # it has ended meanwhile, or belongs to somebody else
    return found


def command(process):
    """What a process was started with; empty if it has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def temporary_files():
    """Names in the folder for temporary files, which is the tests' own, but for the module of tasks that stays.

    A file whose name is eight letters and digits is what `tempfile` tries a folder out with: a process
    that is killed in that moment leaves it.
    """
    stays = {Path(functions._folder()).name} if functions._folder.cache_info().currsize else set()
    found = {path.name for path in Path(tempfile.gettempdir()).iterdir()} - stays
    return {name for name in found if not re.fullmatch(r"[a-z0-9_]{8}", name)}


def connections():
    """Sockets and pipes that this process has open."""
    if sys.platform != "linux":
        return {repr(socket) for socket in psutil.Process().net_connections()}
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{descriptor}")
        except OSError:
            continue  # it was closed meanwhile
        if target.startswith(("socket:", "pipe:")):
            found.add(f"{descriptor} {target}")
    return found


def servers():
    """Addresses that this process listens at."""
    sockets = psutil.Process().net_connections("inet")
    return {f"{socket.laddr.ip}:{socket.laddr.port}" for socket in sockets if socket.status == psutil.CONN_LISTEN}


def shared_memory():
    """Names of benches' shared memory and semaphores whose bench has ended."""
    found = set()
    for file in SHARED_MEMORY.glob("*gilteach-*") if SHARED_MEMORY.is_dir() else ():
        owner = re.search(r"gilteach-(\d{1,9})\b", file.name)
        if owner and not psutil.pid_exists(int(owner[1])):
            found.add(file.name)
    return found

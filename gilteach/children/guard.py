"""The guard, which ends a child, and all that it started, when the kernel dies.

A bench notices by itself that the kernel has died, but not while a task holds the GIL in C code; a
measured program is run as it is, and notices nothing. On POSIX the guard is a shell, on Windows a
job of the system's.
"""

import ctypes
import os
import subprocess

# A line on standard input says that all went well; its end without one, that the kernel has died. A bench gets
# a moment to see to it. multiprocessing's resource tracker ignores SIGTERM, removes what it knows of, and ends
# by itself. What has left the child's process group is known by a mark in its environment, where there is /proc.
SCRIPT = """
read line && exit
sleep 0.2
kill -s TERM -- "-$1"
sleep 0.5
kill -s KILL -- "-$1"
for found in $(grep -ls -e "$3" /proc/[0-9]*/environ); do
    found=${found#/proc/}
    kill -s KILL "${found%/environ}"
done
rm -rf -- "$2"*
"""


# From Windows's winnt.h: the limit with which a job's processes end with it, and the kind of limits that it is of.
KILL_ON_JOB_CLOSE = 0x2000
EXTENDED_LIMITS = 9


def watch_over(child, leftovers, mark):
    """Return a guard that watches over a child until it is dismissed.

    Parameters
    ----------
    child : subprocess.Popen
        On POSIX, it leads a process group.
    leftovers : str
        How the paths begin that go with the child.
    mark : str
        An environment variable with its value, ``"NAME=value"``, that the child and all that it starts have.
    """
    return Shell(child, leftovers, mark) if os.name == "posix" else Job(child)


class Shell:
    """A guard for POSIX, which removes what the child left too."""

    def __init__(self, child, leftovers, mark):
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, "guard", str(child.pid), leftovers, mark],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # where no interrupt of the kernel reaches it
        )

    def dismiss(self):
        """Let it go: the child is being ended properly."""
        self._shell.communicate(b"all is well\n")


class BasicLimits(ctypes.Structure):
    """Windows's JOBOBJECT_BASIC_LIMIT_INFORMATION."""

    _fields_ = (
        ("times", ctypes.c_int64 * 2),
        ("flags", ctypes.c_uint32),
        ("working_set", ctypes.c_size_t * 2),
        ("most_processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priorities", ctypes.c_uint32 * 2),
    )


class ExtendedLimits(ctypes.Structure):
    """Windows's JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (("basic", BasicLimits), ("transfers", ctypes.c_uint64 * 6), ("memory", ctypes.c_size_t * 4))


class Job:
    """A guard for Windows: the system ends all of a job's processes when nobody holds the job any more.

    What a killed child has started can be found by nothing else there. Temporary folders are left to
    `temporary.new_folder`.
    """

    def __init__(self, child):
        handle = ctypes.c_void_p
        kernel32 = ctypes.WinDLL("kernel32")
        kernel32.CreateJobObjectW.restype = handle
        kernel32.CreateJobObjectW.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p)
        kernel32.SetInformationJobObject.argtypes = (handle, ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32)
        kernel32.AssignProcessToJobObject.argtypes = (handle, handle)
        kernel32.CloseHandle.argtypes = (handle,)
        self._close = kernel32.CloseHandle
        self._job = kernel32.CreateJobObjectW(None, None)
        limits = ExtendedLimits(basic=BasicLimits(flags=KILL_ON_JOB_CLOSE))
        kernel32.SetInformationJobObject(self._job, EXTENDED_LIMITS, ctypes.byref(limits), ctypes.sizeof(limits))
        kernel32.AssignProcessToJobObject(self._job, int(child._handle))

    def dismiss(self):
        """Let go of the job, which ends what is left of it."""
        job, self._job = self._job, None
        if job:
            self._close(job)

"""The guard: a shell that ends a child, and all that it started, when the kernel dies.

A bench notices by itself that the kernel has died, but not while a task holds the GIL in C code; a
measured program is run as it is, and notices nothing.
"""

import os
import subprocess

# A line on standard input says that all went well; its end without one, that the kernel has died. A bench gets
# a moment to see to it. multiprocessing's resource tracker ignores SIGTERM, removes what it knows of, and ends
# by itself.
SCRIPT = """
read line && exit
sleep 0.2
kill -s TERM -- "-$1"
sleep 0.5
kill -s KILL -- "-$1"
rm -rf -- "$2"*
"""


class Guard:
    """Watches over a child until it is dismissed.

    On Windows, where there is no shell for it, it does nothing: there a program goes on without its kernel.

    Parameters
    ----------
    pid : int
        The child, which leads a process group.
    leftovers : str
        How the paths begin that go with the child.
    """

    def __init__(self, pid, leftovers):
        self._shell = None
        if os.name == "posix":
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", SCRIPT, "guard", str(pid), leftovers],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # where no interrupt of the kernel reaches it
            )

    def dismiss(self):
        """Let it go: the child is being ended properly."""
        if self._shell:
            self._shell.communicate(b"all is well\n")

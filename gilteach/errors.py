"""What can go wrong, each also the built-in error that a Python user would expect."""


class GilteachError(Exception):
    """Base of all errors that gilteach raises on purpose."""


class BadValue(GilteachError, ValueError):
    """An argument has a value that isn't allowed; the message says what is."""


class BadType(BadValue, TypeError):
    """An argument is of the wrong kind altogether; also a `BadValue`."""


class NothingPrinted(GilteachError, KeyError):
    """A measured program has printed no value of that name; the message says which there are."""

    __str__ = Exception.__str__  # a KeyError shows its message as a quoted key


class PythonNotFound(GilteachError, FileNotFoundError):
    """No such Python interpreter on this machine; the message lists those found."""


class ProgramNotFound(GilteachError, FileNotFoundError):
    """No such file with a program."""


class FolderGone(GilteachError, FileNotFoundError):
    """The folder that the kernel runs in was removed."""


class NoCopy(GilteachError, OSError):
    """No copy of the course can be made there; the message says why."""


class NoTemporaryFolder(GilteachError, OSError):
    """No temporary file can be written."""

    def __init__(self, reason):
        super().__init__(
            f"no temporary file can be written: {reason}. "
            "Free some space, or set TMPDIR to another folder and restart the kernel"
        )


class TaskNotImportable(GilteachError, ImportError):
    """A function can't be a task, because no other process can import it; the message says what to do."""


class TaskError(GilteachError, RuntimeError):
    """A task raised an exception; the message ends with the task's own traceback."""


class WorkerDied(GilteachError, RuntimeError):
    """A worker, or the whole bench, ended in mid-run; the message says which and by what."""


class RunTimeout(GilteachError, TimeoutError):
    """A run took longer than its `timeout` and was ended."""


class RunStopped(GilteachError):
    """A run was stopped before its end, with Stop or by a newer setting."""

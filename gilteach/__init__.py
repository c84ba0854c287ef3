"""gilteach: see what threads and processes do, by running them and measuring.

``import gilteach as gt`` costs next to nothing: what a name needs is imported when it is first used.
"""

from importlib import import_module

_HOMES = {
    "catalogue": ("runners", "tasks"),
    "errors": (
        "BadType",
        "BadValue",
        "GilteachError",
        "PythonNotFound",
        "RunStopped",
        "RunTimeout",
        "TaskError",
        "WorkerDied",
    ),
    "interpreters": ("pythons",),
    "machines": ("Machine", "machine"),
    "panel": ("Experiment",),
    "runs": ("Run", "load", "run"),
    "sweeps": ("Sweep", "sweep"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)
__version__ = "0.1.0"


def __getattr__(name):
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return __all__

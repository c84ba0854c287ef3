"""gilteach: see what threads and processes do, by running them and measuring.

``import gilteach as gt`` costs next to nothing: what a name needs is imported when it is first used.
"""

import sys
from importlib import import_module

_HOMES = {
    "measuring.catalogue": ("channels", "runners", "tasks"),
    "show.distributions": ("distribution",),
    "errors": (
        "BadType",
        "BadValue",
        "FolderGone",
        "GilteachError",
        "NoTemporaryFolder",
        "NothingPrinted",
        "ProgramNotFound",
        "PythonNotFound",
        "RunStopped",
        "RunTimeout",
        "TaskError",
        "TaskNotImportable",
        "WorkerDied",
    ),
    "teach.interleaving": ("Interleaving",),
    "host.interpreters": ("pythons",),
    "host.machines": ("Machine", "machine"),
    "panels.messages": ("MessageExperiment",),
    "panels.experiment": ("Experiment",),
    "teach.exercise": ("exercise",),
    "teach.predict": ("predict",),
    "teach.progress": ("progress",),
    "programs.program": ("measure",),
    "programs.record": ("ProgramRun",),
    "programs.recorded": ("recorded",),
    "programs.saved": ("load",),
    "measuring.record": ("Run",),
    "measuring.run": ("run",),
    "measuring.sweeps": ("Sweep", "sweep"),
    "measuring.tables": ("medians",),
    "measuring.traffic": ("Traffic", "messages"),
    "teach.claims": ("Claim", "claim", "claims"),
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


_MAGICS = {
    "measure": (
        "cell",
        """Run the cell as a program of its own and measure it: see `gilteach.measure`.

        %%measure [--as VARIABLE] [--answers QUESTION] [--no-figure] [--own-frames] [--timeout SECONDS]
                  [--python 3.13t] [--args "ARGUMENTS OF THE PROGRAM"]
        """,
    ),
    "task": (
        "cell",
        """Make the cell's functions tasks, for `gilteach.run` and workers of any kind.

        The cell becomes a module of its own: it sees what it imports and defines, and nothing of other cells.
        """,
    ),
    "answers": (
        "line",
        """Hold back what this cell shows while a question of `gilteach.predict` waits for Submit or Skip.

        %answers QUESTION
        """,
    ),
}


def load_ipython_extension(shell):
    """Offer %%measure, %%task and %answers; what they need is imported when one of them is first used."""
    for name, (kind, about) in _MAGICS.items():

        def magic(*texts, name=name):
            return getattr(import_module(".magics", __name__), name)(*texts)

        magic.__doc__ = about
        shell.register_magic_function(magic, kind, name)


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    load_ipython_extension(_shell)

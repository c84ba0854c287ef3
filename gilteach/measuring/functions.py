"""Functions of a learner's own as tasks: each has to be in a module, where a new process can find it."""

import atexit
import importlib
import inspect
import itertools
import shutil
import sys
from functools import cache
from pathlib import Path

from ..bench.tasks import TASKS
from ..children import temporary
from ..children.launch import BENCH
from ..errors import BadType, BadValue, TaskNotImportable

_numbers = itertools.count(1)

# What runs nothing when it is called: how to know it, its name, and the plain function to write instead.
_NOT_RUN_BY_A_CALL = [
    (
        inspect.iscoroutinefunction,
        "a coroutine function",
        "    def run_{name}(size):\n        return asyncio.run({name}(size))\n",
    ),
    (
        inspect.isgeneratorfunction,
        "a generator function",
        "    def list_{name}(size):\n        return list({name}(size))\n",
    ),
    (
        inspect.isasyncgenfunction,
        "an asynchronous generator function",
        "    async def list_{name}(size):\n        return [item async for item in {name}(size)]\n\n"
        "    def run_{name}(size):\n        return asyncio.run(list_{name}(size))\n",
    ),
]


def locate(function):
    """Return where a bench finds a function.

    Parameters
    ----------
    function : callable
        A plain function, defined at the top level of a module.

    Returns
    -------
    name : str
        Its name there.
    module : str
        The folder to find the module in, and the name to import it by: ``folder/package.module``.

    Raises
    ------
    BadType
        If it is another callable, or a function that runs nothing when it is called.
    TaskNotImportable
        If it is in no module, or in one that only this process has.
    """
    _refuse_what_is_no_plain_function(function)
    name = function.__qualname__
    module = sys.modules.get(function.__module__)
    if module is None or getattr(module, name, None) is not function:
        raise TaskNotImportable(
            f"a worker finds a task by its name in a module, and {name} has none there; "
            "write it as a plain function: def at the left margin"
        )
    if module.__name__ == "__main__":
        raise TaskNotImportable(
            f"{name} was defined in the notebook, which no other process can import: a worker can't find it. "
            "Put %%task on top of the cell that defines it, and run that cell again:\n\n"
            f"    %%task\n    def {name}(size):\n        ...\n\n"
            "(In a script, move it into a file of its own and import it from there.)"
        )
    package = module.__name__.partition(".")[0]
    if (BENCH / f"{package}.py").exists():
        raise BadValue(f"the file {package}.py has the name of one of gilteach's own; rename it")
    file = Path(module.__file__).absolute()
    depth = module.__name__.count(".") + (file.stem == "__init__")
    return name, f"{file.parents[depth]}/{module.__name__}"


def _refuse_what_is_no_plain_function(function):
    if not inspect.isfunction(function):
        raise BadType(
            "task must be a plain function (def at the left margin, in a module or in a cell with %%task on top) "
            f"or one of {', '.join(map(repr, TASKS))}, not {function!r}: write a function that calls it"
        )
    name = function.__name__
    for is_such, kind, instead in _NOT_RUN_BY_A_CALL:
        if is_such(function):
            raise BadType(
                f"{name} is {kind}: calling it runs none of its code, so that there would be nothing to measure. "
                "Have a plain function run it to its end, and give that one as the task:\n\n"
                f"{instead.format(name=name)}"
            )


def define(text):
    """Write the text of a cell into a file and import it: a new module every time.

    Parameters
    ----------
    text : str
        Python.

    Returns
    -------
    module
    """
    path = Path(_folder(), f"gilteach_task_{next(_numbers)}.py")
    temporary.write(path, text)
    compile(text, path, "exec")  # here first: a syntax error then shows none of the import system's frames
    importlib.invalidate_caches()
    return importlib.import_module(path.stem)


@cache
def _folder():
    """The folder of these files, which goes when the kernel does."""
    folder = str(temporary.new_folder())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    sys.path.append(folder)  # multiprocessing hands it on to the workers that learners start themselves
    return folder

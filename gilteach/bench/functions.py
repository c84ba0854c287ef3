"""A function of a learner's own as a task: found in the module that defines it."""

import os
import sys
from functools import cache
from importlib import import_module
from inspect import signature

from tasks import TASKS, Task


@cache
def find_task(name, module=None):
    """Return the task called `name`: one of `TASKS`, or the function of that name in `module`.

    Parameters
    ----------
    name : str
        Its name.
    module : str, optional
        The folder to find the module in, and the name to import it by: ``folder/package.module``.
    """
    if module is None:
        return TASKS[name]
    folder, module = os.path.split(module)
    # At the end, so that nothing there can hide a module of the standard library.
    sys.path += [folder, os.getcwd()]
    function = getattr(import_module(module), name)
    return Task(function, "custom", "", 0, 0, 0, takes_size=bool(signature(function).parameters))

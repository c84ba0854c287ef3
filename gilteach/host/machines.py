"""What this machine is, as far as it decides how an experiment comes out."""

import os
import platform
from dataclasses import dataclass

from . import interpreters


@dataclass(frozen=True)
class Machine:
    """The machine and the Python that an experiment runs on.

    Attributes
    ----------
    usable_cpus : int
        The CPUs that this process may keep busy: the least of the system's count, this process's
        affinity and the container's CPU quota.
    limited_by : str or None
        What makes them fewer than `logical_cpus`: ``"affinity"``, ``"quota"`` or nothing.
    logical_cpus, physical_cpus : int or None
        As the operating system counts them, with and without hyper-threads.
    memory_gib : float
        Main memory in GiB.
    system : str
        Operating system and processor type.
    python : Python
        The interpreter.
    """

    usable_cpus: int
    limited_by: str | None
    logical_cpus: int
    physical_cpus: int | None
    memory_gib: float
    system: str
    python: interpreters.Python

    def _rows(self):
        limit = f" (limited by the {self.limited_by})" if self.limited_by else ""
        python = self.python
        methods = ", ".join(
            f"{method} (default)" if method == python.default_start_method else method
            for method in python.start_methods
        )
        return [
            ("usable CPUs", f"{self.usable_cpus}{limit}"),
            ("logical CPUs", str(self.logical_cpus)),
            ("physical cores", str(self.physical_cpus or "unknown")),
            ("memory", f"{self.memory_gib:.1f} GiB"),
            ("system", self.system),
            ("Python", f"{python.implementation} {python.version}" + ", free-threaded" * python.free_threaded),
            ("GIL", "on" if python.gil else "off"),
            ("start methods", methods),
        ]

    def __repr__(self):
        return "\n".join(f"{name:<15}{value}" for name, value in self._rows())

    def _repr_html_(self):
        import pandas as pd

        frame = pd.DataFrame(self._rows(), columns=["this machine", ""]).set_index("this machine")
        frame.index.name = None
        return frame.to_html(header=False, border=0)


def usable_cpus():
    """Return how many CPUs this process may keep busy, and what limits them.

    Returns
    -------
    usable : int
        The least of the system's count, this process's affinity and the container's CPU quota.
    limited_by : {"affinity", "quota", None}
        The lowest of the limits where there is one below the system's count.
    """
    import loky

    logical = os.cpu_count() or 1
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else logical
    usable = loky.cpu_count()
    if usable < min(logical, affinity):
        return usable, "quota"
    return usable, "affinity" if usable < logical else None


def machine(python=None):
    """Describe this machine.

    Parameters
    ----------
    python : None, str or path
        The interpreter to describe, as in `run`; the current one by default.

    Returns
    -------
    Machine
        Shown as a table in a notebook.
    """
    import psutil

    usable, limited_by = usable_cpus()
    return Machine(
        usable_cpus=usable,
        limited_by=limited_by,
        logical_cpus=os.cpu_count() or 1,
        physical_cpus=psutil.cpu_count(logical=False),
        memory_gib=psutil.virtual_memory().total / 2**30,
        system=f"{platform.system()} {platform.release()}, {platform.machine()}",
        python=interpreters.resolve(python),
    )

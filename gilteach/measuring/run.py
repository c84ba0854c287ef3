"""`run`: one measurement, asked for in one call."""

from . import estimates
from .calibration import calibrated
from .execution import execute
from .plan import make_plan


def run(
    task,
    runner="threads",
    *,
    workers=None,
    tasks=None,
    size=None,
    delay=None,
    start_method=None,
    switch_interval=None,
    trace=False,
    python=None,
    timeout=60.0,
):
    """Run tasks in a bench and measure it.

    Parameters
    ----------
    task : str or function
        What one task does: a name from `tasks`; or a function of your own, from a file or from a cell
        with ``%%task`` on top, which takes the size or nothing.
    runner : str
        How the tasks are run: a name from `runners`.
    workers : int, optional
        Threads or processes, from 1; by default the usable CPUs (1 for ``serial``). ``serial`` has
        one worker whatever this says: it then only sets the default of `tasks`.
    tasks : int, optional
        How many times the task is done, from 1 to 100,000; by default once per worker.
    size : int, float or "auto", optional
        How much work one task does, in the task's unit; the task's default if left out. ``"auto"``
        measures which size takes about half a second here. A function of your own gets it as it is,
        1 if left out.
    delay : float, optional
        Seconds that the server of ``fetch`` takes to answer, and that ``mixed`` waits: 0 to 60, by
        default 0.25.
    start_method : {"fork", "spawn", "forkserver"}, optional
        How worker processes start; by default ``"forkserver"`` where there is one, else ``"spawn"``.
    switch_interval : float, optional
        Seconds after which a waiting thread asks for the GIL; Python's default is 0.005. With `trace`,
        0.0005 at least.
    trace : bool
        Whether to record `Run.slices`, when each worker was really executing, at a cost of a few per cent
        of the work.
    python : str or path, optional
        The interpreter: a version such as ``"3.12"`` or ``"3.13t"``, or a path; see `pythons`.
    timeout : float, optional
        Seconds after which the run is ended.

    Returns
    -------
    Run
        Its `results` are what the tasks returned: plain values of Python as they were, NumPy's numbers as
        Python's, and of anything else the repr.

    Raises
    ------
    BadValue
        If an argument isn't allowed; the message says what is.
    PythonNotFound
        If there is no such interpreter.
    TaskNotImportable
        If `task` is a function that only the notebook has.
    TaskError
        If a task raises; the message ends with its traceback. Also if it returns what a worker process
        can't send back.
    WorkerDied
        If a worker, the bench or the server that ``fetch`` downloads from ends in mid-run; the message
        says which, and by what.
    RunTimeout
        If it takes longer than `timeout`.
    """
    plan = calibrated(make_plan(**locals()))
    if expected := estimates.announcement([plan], 1):
        print(f"{plan.title}{expected} …", flush=True)
    return execute(plan)

"""What there is to choose from, as tables."""

from ..bench.channels import CHANNELS
from ..bench.runners import RUNNERS
from ..bench.tasks import TASKS


def tasks():
    """List the tasks.

    Returns
    -------
    pandas.DataFrame
        Indexed by task: ``kind`` (what it spends its time on: ``"I/O"``, ``"CPU"``, ``"native"`` for
        C code that lets go of the GIL, ``"mixed"``), ``size_unit``, ``smallest``, ``largest``,
        ``default`` (sizes in that unit), ``does``.
    """
    import pandas as pd

    rows = [
        {
            "task": task.name,
            "kind": task.kind,
            "size_unit": task.unit,
            "smallest": task.low,
            "largest": task.high,
            "default": task.default,
            "does": task.about,
        }
        for task in TASKS.values()
    ]
    return pd.DataFrame(rows).set_index("task")


def runners():
    """List the runners.

    Returns
    -------
    pandas.DataFrame
        Indexed by runner: ``most_workers`` (on this system), ``does``.
    """
    import pandas as pd

    rows = [
        {"runner": name, "most_workers": runner.most_workers, "does": runner.__doc__}
        for name, runner in RUNNERS.items()
    ]
    return pd.DataFrame(rows).set_index("runner")


def channels():
    """List the channels that messages can be sent through.

    Returns
    -------
    pandas.DataFrame
        Indexed by channel: ``does``.
    """
    import pandas as pd

    rows = [{"channel": name, "does": channel.__doc__} for name, channel in CHANNELS.items()]
    return pd.DataFrame(rows).set_index("channel")

"""The progress bar of what takes its time."""

import os
import threading

AT_ONCE = {"gilteach": "at once"}  # transient data of what is displayed although its cell's answer is held back


def show_progress(total, title, unit, wanted):
    """Return a progress bar with the time left, for a ``with`` block; `wanted` says whether it is shown."""
    from IPython.display import display
    from tqdm.auto import tqdm
    from tqdm.notebook import tqdm_notebook

    class Bar(tqdm):
        monitor_interval = 0  # no thread that wakes up to draw it, and stays: it is drawn after every run
        # tqdm's own lock is one between processes: from 3.14 on it starts a helper process in the kernel,
        # which ignores being asked to end, so that shutting the kernel down would take seconds.
        _lock = threading.RLock()

    # tqdm's bar for notebooks doesn't heed tqdm's own environment variable.
    silent = not wanted or os.environ.get("TQDM_DISABLE") == "1"
    in_notebook = issubclass(Bar, tqdm_notebook)  # its bar is a widget; others print
    options = {"display": False} if in_notebook else {}
    bar = Bar(total=total, desc=title, unit=unit, miniters=1, leave=False, disable=silent, **options)
    if in_notebook and not silent:
        display(bar.container, transient=AT_ONCE)
    return bar

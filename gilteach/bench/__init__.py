"""What runs in the bench, the disposable interpreter that every experiment runs in.

Python runs this folder (``python -I gilteach/bench``), so its modules are top-level there: they
import the standard library and each other, never the rest of gilteach. The kernel's side reads
the two lists, `tasks.TASKS` and `runners.RUNNERS`, and starts nothing from here.
"""

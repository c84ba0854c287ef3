"""What runs in the bench, the disposable interpreter that every experiment runs in.

Python runs this folder (``python -I gilteach/bench``), so its modules are top-level there: they
import the standard library and each other, never the rest of gilteach. The kernel's side reads
the lists of what there is, such as `tasks.TASKS` and `runners.RUNNERS`, and how results are sent; it starts
nothing from here. `recorder` and `witness` are about whole programs, which run without a bench.
"""

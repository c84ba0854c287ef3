"""Has the recorder note what each Python process of a measured program does.

Python imports a module of this name when it starts (see `site`), whatever its version: here, only what every
Python understands. The environment's own module of this name is imported in the end, as if this one weren't there.
"""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:] = [place for place in sys.path if os.path.abspath(place) != here]
if sys.version_info >= (3, 11):
    sys.path.insert(0, here)
    import gilteach_recorder

    sys.path.remove(here)
    gilteach_recorder.record()

this = sys.modules.pop("sitecustomize")
try:
    import sitecustomize  # noqa: F401
except ImportError:
    sys.modules["sitecustomize"] = this

# Where a program that is the text of a cell can import from besides, as if its file lay there. Not before now: what
# is imported while Python starts must not be looked for there.
search = os.environ.pop("GILTEACH_SEARCH", None)
if search:
    sys.path.insert(0, search)

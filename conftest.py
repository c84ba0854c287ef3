"""Notebooks run as they are stored: without progress bars, whose outputs nobody would compare."""

import os

os.environ["TQDM_DISABLE"] = "1"

"""Record a measurement of a lesson, for whoever measures beside a busy neighbour.

    uv run tools/record.py notebooks/00_start_here.ipynb counts

The lesson is executed on this machine, which should be quiet, and what its variable `counts` holds then is stored as
`notebooks/recorded/00_counts.json`, for `gt.recorded`. What tells of this machine more than a reader needs is left out.
"""

import argparse
import json
from pathlib import Path

import nbformat
from nbclient import NotebookClient

import gilteach as gt

MOST_BACKGROUND = 0.1  # cores
DIGITS = 6


def record(lesson, name, path):
    """Execute a lesson, and store what one of its variables holds."""
    notebook = nbformat.read(lesson, as_version=4)
    save = nbformat.v4.new_code_cell(f"{name}.save({str(path)!r})")
    place = max(number for number, cell in enumerate(notebook.cells) if name in cell.source) + 1
    notebook.cells[place:] = [save]
    resources = {"metadata": {"path": str(lesson.parent)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


def without_the_machine(content):
    """Return what was saved without paths and the like, and with as many digits as a picture needs."""
    if isinstance(content, dict):
        content = {key: without_the_machine(value) for key, value in content.items()}
        if "executable" in content:
            content["executable"] = "python"
        if "system" in content:
            content["system"] = content["system"].split()[0]
        return content
    if isinstance(content, list):
        return [without_the_machine(value) for value in content]
    return round(content, DIGITS) if isinstance(content, float) else content


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lesson", type=Path)
    parser.add_argument("variable")
    options = parser.parse_args()
    lesson = options.lesson.resolve()
    path = lesson.parent / "recorded" / f"{lesson.name[:2]}_{options.variable}.json"
    path.parent.mkdir(exist_ok=True)
    record(lesson, options.variable, path)
    measured = gt.load(path)
    busiest = max(run.background for run in getattr(measured, "runs", [measured]))
    path.write_text(json.dumps(without_the_machine(json.loads(path.read_text()))), encoding="utf-8")
    gt.load(path)  # and can be read again
    print(f"{path.name}: {path.stat().st_size // 1024 + 1} kB, at most {busiest:.2f} cores kept busy by others")
    if busiest > MOST_BACKGROUND:
        print("That isn't quiet: look at it, or record it again.")


if __name__ == "__main__":
    main()

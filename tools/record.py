"""Record a measurement of a lesson, for whoever measures beside a busy neighbour.

    uv run tools/record.py notebooks/00_start_here.ipynb counts
    uv run tools/record.py notebooks/02_watch_the_gil.ipynb naps --python 3.13t

The lesson is executed on this machine, which should be quiet, and what its variable `counts` holds then is stored as
`notebooks/recorded/00_counts.json`, for `gt.recorded`. With `--python`, only the program that is measured `--as naps`
is run, by another Python, and is stored as `02_naps_3.13t.json`; it may also stand in the lesson's text, for a Python
that few have. What tells of this machine more than a reader needs is left out.
"""

import argparse
import json
import re
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
    gives = re.compile(rf"(?m)^({name} = |%%measure .*--as {name}\b)")
    code = [(place, cell) for place, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    notebook.cells[next(place for place, cell in code if gives.search(cell.source)) + 1 :] = [save]
    resources = {"metadata": {"path": str(lesson.parent)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=resources).execute()


def record_program(lesson, name, path, python):
    """Run the program of a lesson that is measured under a name by another Python, and store that."""
    texts = [cell.source for cell in nbformat.read(lesson, as_version=4).cells]
    of_that_name = re.compile(rf"(?ms)^%%measure [^\n]*--as {name}\b[^\n]*\n(.*?)(?:^```|\Z)")
    program = next(found[1] for found in map(of_that_name.search, texts) if found)
    gt.measure(f"\n{program}\n", python=python).save(path)


def without_the_machine(content):
    """Return what was saved without paths and the like, and with as many digits as a picture needs."""
    if isinstance(content, dict):
        content = {key: without_the_machine(value) for key, value in content.items()}
        for key in ("executable", "python"):  # paths; a machine's `python` is what it has to say of it
            if isinstance(content.get(key), str):
                content[key] = "python"
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
    parser.add_argument("--python", help="another Python for the program of that name, such as 3.13t")
    options = parser.parse_args()
    lesson = options.lesson.resolve()
    name = "_".join(filter(None, [lesson.name[:2], options.variable, options.python]))
    path = lesson.parent / "recorded" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    if options.python:
        record_program(lesson, options.variable, path, options.python)
    else:
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

"""Execute, tidy and store the course's notebooks, or check that the stored ones are current.

    uv run tools/notebooks.py                 all notebooks
    uv run tools/notebooks.py notebooks/01*   some
    uv run tools/notebooks.py --check         change nothing; fail where a stored one is stale

Edit a notebook in JupyterLab, save it, and run this. It writes the navigation, executes the cells in
a fresh kernel of this environment, and stores what a reader needs and nothing else: outputs, but no
widget state and no machine's own metadata. A notebook of the folder needs no mention but in the
README's table: the list of claims and its neighbours' navigation follow by themselves.
"""

import argparse
import hashlib
import json
import os
import re
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from structure import claims_list, minutes, problems, slide_kind, verdicts

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
CLAIMS = FOLDER / "CLAIMS.md"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELL_TIMEOUT = 300  # s
NAVIGATION = "navigation"  # tag of the generated cells


def course():
    """All notebooks, in their order."""
    return sorted(FOLDER.glob("[0-9][0-9]_*.ipynb"))


def title(path):
    """A notebook's title: its first heading."""
    for cell in nbformat.read(path, as_version=4).cells:
        for line in cell.source.splitlines():
            if line.startswith("# "):
                return line.removeprefix("# ").strip()
    raise SystemExit(f"{path.name} has no title (a line that starts with '# ')")


def navigation(path):
    """The line that leads to the notebooks before and after this one."""
    paths = course()
    place = paths.index(path)
    links = []
    if place > 0:
        before = paths[place - 1]
        links.append(f"← [{title(before)}]({before.name})")
    if place + 1 < len(paths):
        after = paths[place + 1]
        links.append(f"[{title(after)}]({after.name}) →")
    return " · ".join(links)


def tidied(path):
    """The stored notebook with the navigation cells and the metadata that it should have."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if NAVIGATION not in cell.metadata.get("tags", [])]
    line = navigation(path)
    if line:
        for name, place in (("navigation-top", 0), ("navigation-end", len(notebook.cells) + 1)):
            cell = nbformat.v4.new_markdown_cell(line, id=name, metadata={"tags": [NAVIGATION]})
            notebook.cells.insert(place, cell)
    for cell in notebook.cells:
        cell.metadata["slideshow"] = {"slide_type": slide_kind(cell)}
    executed = {"gilteach": notebook.metadata["gilteach"]} if "gilteach" in notebook.metadata else {}
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNELSPEC, "language_info": {"name": "python"}} | executed)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def fingerprint(notebook):
    """A hash of all code and outputs, which tells whether they still are what was executed."""
    cells = [(cell.source, cell.outputs) for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(cells, sort_keys=True).encode()).hexdigest()[:16]


def execute(notebook, path):
    """Execute all cells in a fresh kernel, in the notebook's folder."""
    os.environ["TQDM_DISABLE"] = "1"  # a progress bar has no place in a stored output
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
    client = NotebookClient(
        notebook, timeout=CELL_TIMEOUT, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", ()):
            if "text" in output:
                output["text"] = without_folders(output["text"])
    notebook.metadata.pop("widgets", None)
    notebook.metadata["language_info"] = {"name": "python"}
    notebook.metadata["gilteach"] = {"fingerprint": fingerprint(notebook)}


def without_folders(text):
    """Tracebacks without the folders of the machine that made them."""
    return re.sub(r'File "[^"]*[/\\]([^"/\\]+)"', r'File "…/\1"', text)


def stale(path):
    """Say why a stored notebook isn't current: a list of sentences."""
    stored = nbformat.read(path, as_version=4)
    if stored.metadata.get("gilteach", {}).get("fingerprint") != fingerprint(stored):
        return ["its code or its outputs have changed since it was executed"]
    if tidied(path) != stored:
        return ["its navigation or its metadata is not what this tool writes"]
    return []


def reading_time(notebook):
    """Say how long a lesson takes by count."""
    exercises, page = minutes(notebook.cells)
    return f" ({page:.0f} minutes by count, and {exercises:.0f} for its exercises)"


def list_of_claims():
    """The text of CLAIMS.md as the stored notebooks have it."""
    return claims_list([(path, nbformat.read(path, as_version=4)) for path in course()])


def check(paths):
    """Print what is wrong with stored notebooks, and return whether anything is."""
    notebooks = {path: nbformat.read(path, as_version=4) for path in paths}
    wrong = {path.name: stale(path) + problems(notebook, path) for path, notebook in notebooks.items()}
    times = {path.name: reading_time(notebook) for path, notebook in notebooks.items()}
    if not CLAIMS.exists() or CLAIMS.read_text(encoding="utf-8") != list_of_claims():
        wrong[CLAIMS.name] = ["it is not what the stored notebooks claim"]
    for name, sentences in wrong.items():
        print(f"{name}: {'; '.join(sentences) or 'current'}{times.get(name, '')}")
    return any(wrong.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; fail where a stored one is stale")
    parser.add_argument("notebooks", nargs="*", type=Path, help="all of them by default")
    arguments = parser.parse_args()
    paths = [path.resolve() for path in arguments.notebooks] or course()
    if arguments.check:
        return 1 if check(paths) else 0
    for path in paths:
        notebook = tidied(path)
        execute(notebook, path)
        nbformat.write(notebook, path)
        print(f"{path.name}: stored, {path.stat().st_size // 1024} kB")
        for _, verdict, line in verdicts(notebook):
            if verdict != "✓":
                print(f"    {verdict} {line}")
    for path in set(course()) - set(paths):
        if tidied(path) != nbformat.read(path, as_version=4):
            nbformat.write(tidied(path), path)
    CLAIMS.write_text(list_of_claims(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What every stored notebook of the course has to be, beyond what nbval compares: its form, and what it shows.

nbval never compares a cell that was not executed, lets an unknown magic pass, and doesn't look at
pictures: this does.
"""

import ast
import re

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from nbval.plugin import find_comment_markers

import shrink

YOUR_TURN, CLOSING = "Your turn", "What to remember"
MAGICS = ("%%measure", "%%task", "%answers")
FOLDED = re.compile(r"\bgt\.(predict|claim|exercise|distribution)\(|^\w+\.compare\(", re.MULTILINE)
PLUMBING = re.compile(r"\b(groupby|query|polyfit|iloc|json)\b")
LONGEST = 25  # lines of a visible cell
WORDS, LINES = 180, 25  # that are read in a minute, of prose and of visible code
GLOSSARY = "glossary.ipynb"
TAGS = {"navigation", "nbval-ignore-output", "raises-exception", shrink.TAG}
LARGEST = 1_000_000  # bytes of a stored notebook
MACHINE_PATH = re.compile(r"(?<![\w.…/-])/(?:home|root|tmp|Users|usr|var|work|opt)/|\b[A-Z]:\\")
IPYTHONS_OWN = {"run_cell_magic": "%%", "run_line_magic": "%", "system": "!", "getoutput": "!"}
VERDICT = re.compile(r"(?m)^([✓✗?]) (\S.*)$")


def problems(notebook, path):
    """Say what is wrong with a notebook.

    Parameters
    ----------
    notebook : NotebookNode
        The stored notebook.
    path : Path
        Its file; links start from its folder.

    Returns
    -------
    list of str
        A sentence for each problem.
    """
    found = []
    cells = notebook.cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        found.append(f"its format is {notebook.nbformat}.{notebook.nbformat_minor}, not 4.5")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("its kernel is not python3")
    if "widgets" in notebook.metadata:
        found.append("it holds the state of widgets")
    if len({cell.get("id") for cell in cells}) < len(cells):
        found.append("two of its cells have the same id")
    if path.exists() and path.stat().st_size > LARGEST:
        found.append(f"it is larger than {LARGEST:,} bytes")
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("its code cells weren't executed once each, from 1 on in their order")
    if not any(cell.outputs and not _ignored(cell) for cell in code):
        found.append("no output of it is checked")
    if len(list(verdicts(notebook))) < 2:
        found.append("it makes fewer than two claims")
    found += [
        f"a claim was not confirmed: {verdict} {line}" for _, verdict, line in verdicts(notebook) if verdict != "✓"
    ]
    found += _section_problems(cells)
    found += _question_problems(code)
    found += _page_problems(cells, path)
    for number, cell in enumerate(cells):
        found += [f"cell {number}: {problem}" for problem in _cell_problems(cell, path.parent)]
    return found


def verdicts(notebook):
    """The claims in the outputs, as (number of the cell, ✓ ✗ or ?, the rest of the line)."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            for verdict, line in settled(cell.outputs):
                yield number, verdict, line


def settled(outputs):
    """The claims that a code cell's outputs show, as (✓ ✗ or ?, the rest of the line)."""
    for text in _texts(outputs):
        yield from VERDICT.findall(text)


def calls_of_claim(source):
    """The calls of `gt.claim` in a code cell, under whatever name."""
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == "claim":
            yield node


def claims(source):
    """The claims that a code cell makes, as (text, the other arguments by name)."""
    for call in calls_of_claim(source):
        yield ast.literal_eval(call.args[0]), {word.arg: word.value for word in call.keywords}


def _section_problems(cells):
    headings = [
        (line.count("#", 0, 2), line.lstrip("# "))
        for cell in cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
        if re.match(r"##? ", line)
    ]
    sections = [heading for level, heading in headings if level == 2]
    found = []
    if [level for level, _ in headings].count(1) != 1 or headings[0][0] != 1:
        found.append("it doesn't begin with one title")
    if YOUR_TURN not in sections or sections[-1] != CLOSING:
        found.append(f"it has no section {YOUR_TURN!r}, or doesn't end with {CLOSING!r}")
    texts = [cell.source for cell in cells if cell.cell_type == "markdown"]
    for folded in ("Solution", "For the classroom"):
        if not any(f"<details><summary>{folded}</summary>" in text for text in texts):
            found.append(f"it has no folded {folded!r}")
    return found


def _question_problems(code):
    """What answers a question has to be held back with it."""
    questions = [name for cell in code for name in re.findall(r"(?m)^(\w+) = gt\.predict\(", cell.source)]
    found = []
    for name in questions:
        answers = [cell.source for cell in code if re.search(rf"\b{name}\.compare\(", cell.source)]
        if not answers:
            found.append(f"its question {name} is never answered")
        if not all(source.startswith(f"%answers {name}\n") for source in answers):
            found.append(f"the answer to {name} isn't held back with %answers {name}")
    return found


def _page_problems(cells, path):
    found = []
    if "?" not in next(cell.source for cell in cells if cell.source.startswith("# ")):
        found.append("it doesn't open with a question")
    for number, cell in enumerate(cells):
        if cell.cell_type != "code":
            continue
        folded, should_be = is_folded(cell), bool(FOLDED.search(cell.source))
        if folded != should_be:
            found.append(f"cell {number}: {'is folded and needn’t be' if folded else 'should be folded'}")
        if not folded and len(cell.source.splitlines()) > LONGEST:
            found.append(f"cell {number}: has more than {LONGEST} visible lines")
        if not folded and (plumbing := PLUMBING.search(cell.source)):
            found.append(f"cell {number}: shows plumbing: {plumbing[0]}")
    terms = glossary(path.parent / GLOSSARY)
    for cell in cells:
        for term in re.findall(rf"\({re.escape(GLOSSARY)}#([^)]*)\)", cell.source):
            if term not in terms:
                found.append(f"links to {term!r}, which the glossary hasn't")
    return found


def is_folded(cell):
    return cell.metadata.get("jupyter", {}).get("source_hidden", False)


def glossary(path):
    """The terms of the glossary, as JupyterLab has them in addresses."""
    if not path.exists():
        return []
    return [
        line.removeprefix("## ").strip().replace(" ", "-")
        for cell in nbformat.read(path, as_version=4).cells
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]


def minutes(cells):
    """How long a lesson takes by count, in minutes: of its exercises, and of all before and after them."""
    counted = {True: 0.0, False: 0.0}
    exercises = False
    for cell in cells:
        if heading := re.match(r"## (.*)", cell.source):
            exercises = heading[1] == YOUR_TURN
        if cell.cell_type == "markdown":
            read = re.sub(r"(?s)<details>.*?</details>", "", cell.source)
            counted[exercises] += len(read.split()) / WORDS
        elif not is_folded(cell):
            counted[exercises] += len(cell.source.splitlines()) / LINES
    return counted[True], counted[False]


def _cell_problems(cell, folder):
    found = [f"has the unknown tag {tag!r}" for tag in set(cell.metadata.get("tags", ())) - TAGS]
    if "slideshow" not in cell.metadata:
        found.append("doesn't say what it is in a slide show")
    if cell.cell_type == "markdown":
        for text, target in re.findall(r"\[([^\]]*)\]\(([^)]+)\)", cell.source):
            if "://" not in target and not (folder / target.partition("#")[0]).exists():
                found.append(f"links to {target}, which isn't there")
            if not text.strip():
                found.append(f"shows {target} without an alternative in words")
        return found + _image_problems(cell.source)
    if not cell.source.strip():
        found.append("is empty")
    found += [f"uses {magic}" for magic in _magics(cell.source) if magic not in MAGICS]
    if any(find_comment_markers(cell.source)):
        found.append("tells nbval in a comment what a tag should")
    shown = [line for _, line in settled(cell.outputs)]
    for claim, _ in claims(cell.source):
        if not any(line == claim or line.startswith(f"{claim} (") for line in shown):
            found.append(f"shows no verdict on its claim {claim!r}")
        if _ignored(cell):
            found.append(f"makes its claim {claim!r} where nothing is compared")
    for output in cell.outputs:
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", ()):
            found.append(f"holds an error: {output.ename}")
        data, metadata = output.get("data", {}), output.get("metadata", {})
        if "image/png" in data and not (
            data.get("text/plain", "").strip() and metadata.get("image/png", {}).get("alt", "").strip()
        ):
            found.append("holds a picture without an alternative in words")
    for text in _texts(cell.outputs):
        if MACHINE_PATH.search(text):
            found.append(f"holds a path of the machine: {MACHINE_PATH.search(text)[0]}…")
        if re.search(r"\b\w*Warning: ", text):
            found.append("holds a warning")
        found += _image_problems(text)
    return found


def _image_problems(html):
    return [
        "holds a picture without an alternative in words"
        for image in re.findall(r"<img\b[^>]*>", html)
        if not re.search(r"""\balt=(["']).*?\S.*?\1""", image, flags=re.DOTALL)
    ]


def _ignored(cell):
    return "nbval-ignore-output" in cell.metadata.get("tags", ())


def _tree(source):
    """The syntax of a cell. What is IPython's and not Python's in it has become calls of `get_ipython()`."""
    return ast.parse(TransformerManager().transform_cell(source))


def _magics(source):
    """What a cell asks of IPython; the text below the magic of a whole cell is a program's, and no part of it."""
    for node in ast.walk(_tree(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("get_ipython()"):
            name = node.args[0].value if node.args else ""
            yield f"{IPYTHONS_OWN.get(ast.unparse(node.func).partition('.')[2], 'get_ipython() ')}{name}"


def _texts(outputs):
    for output in outputs:
        yield output.get("text", "")
        yield "\n".join(output.get("traceback", ()))
        for kind, text in output.get("data", {}).items():
            if kind.startswith("text/"):
                yield re.sub(r'src="data:[^"]*"', "", text)


def claims_list(course):
    """Write the list of all claims as Markdown.

    Parameters
    ----------
    course : list of (Path, NotebookNode)
        The notebooks, in their order.

    Returns
    -------
    str
    """
    lines = [
        "# Claims",
        "",
        "What the course states and settles by measurement, with the result of the stored run. Written by",
        "`tools/notebooks.py`.",
        "",
        "| notebook | cell | result | claim |",
        "| --- | --- | --- | --- |",
    ]
    for path, notebook in course:
        for number, verdict, line in verdicts(notebook):
            lines.append(f"| [{path.name[:2]}]({path.name}) | {number} | {verdict} | {line} |")
    return "\n".join(lines) + "\n"


def slide_kind(cell):
    """What a cell is in a slide show: what nbconvert and RISE expect in its metadata."""
    if "navigation" in cell.metadata.get("tags", ()):
        return "skip"
    if cell.cell_type == "markdown":
        if "<summary>For the classroom</summary>" in cell.source:
            return "notes"
        return "slide" if re.match(r"##? ", cell.source) else "subslide"
    return "-"

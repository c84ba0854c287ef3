"""The checks of the notebooks themselves: each is shown to fail where it should."""

import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

import gilteach as gt
import notebooks
import structure

TOP = Path(__file__).parents[2]
COURSE = notebooks.course()
A_CLAIM = "import gilteach as gt\n\ngt.claim('One is one.', True)"


def load(path):
    return nbformat.read(path, as_version=4)


def test_the_course_is_found():
    assert [path.name[:2] for path in COURSE] == [f"{number:02}" for number in range(len(COURSE))]
    assert len(COURSE) >= 5
    there = sorted(path.name for path in notebooks.FOLDER.glob("*.ipynb"))
    assert there == [path.name for path in COURSE] + [structure.GLOSSARY]


def test_the_readme_lists_the_course():
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    titles = [notebooks.title(path) for path in COURSE]
    assert [title for title in titles if title not in readme] == []


@pytest.mark.parametrize("path", COURSE, ids=lambda path: path.name)
def test_a_stored_notebook_is_current_and_complete(path):
    assert notebooks.stale(path) == []
    assert structure.problems(load(path), path) == []


def test_the_list_of_claims_is_current():
    assert notebooks.CLAIMS.read_text(encoding="utf-8") == notebooks.list_of_claims()


def code_cell(notebook, text=""):
    return next(cell for cell in notebook.cells if cell.cell_type == "code" and text in cell.source)


def section(notebook, heading):
    return next(cell for cell in notebook.cells if cell.cell_type == "markdown" and heading in cell.source)


def blank_a_count(notebook):
    code_cell(notebook).execution_count = None


def swap_two_counts(notebook):
    one, other = [cell for cell in notebook.cells if cell.cell_type == "code"][:2]
    one.execution_count, other.execution_count = other.execution_count, one.execution_count


def unknown_magic(notebook):
    code_cell(notebook).source = "%load_ext nothing"


def unknown_cell_magic(notebook):
    code_cell(notebook).source = "%%capture\n1"


def shell_command(notebook):
    code_cell(notebook).source = "!ls"


def magic_within_a_line(notebook):
    code_cell(notebook).source = "files = !ls"


def magic_in_disguise(notebook):
    code_cell(notebook).source = "get_ipython().run_line_magic('pwd', '')"


def opting_out_in_a_comment(notebook):
    code_cell(notebook).source += "\n# NBVAL_IGNORE_OUTPUT"


def no_claims(notebook):
    notebook.cells = [cell for cell in notebook.cells if "claim(" not in cell.source]
    for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
        cell.execution_count = number


def claim_without_a_verdict(notebook):
    code_cell(notebook, "claim(").outputs = []


def claim_under_another_name(notebook):
    cell = code_cell(notebook, "gt.claim(")
    cell.source = cell.source.replace("gt.claim(", "claim(")
    cell.outputs = []


def claim_of_another_length(notebook):
    for output in code_cell(notebook, "claim(").outputs:
        for text in ("text", "text/plain"):
            holder = output if text in output else output.get("data", {})
            if text in holder:
                holder[text] = holder[text].replace(".", " and more.")


def claim_in_a_cell_that_is_not_compared(notebook):
    code_cell(notebook, "claim(").metadata["tags"] = ["nbval-ignore-output"]


def claim_with_verdict(notebook, verdict):
    for output in code_cell(notebook, "claim(").outputs:
        for text in ("text", "text/plain"):
            holder = output if text in output else output.get("data", {})
            if text in holder:
                holder[text] = holder[text].replace("✓", verdict)


def failed_claim(notebook):
    claim_with_verdict(notebook, "✗")


def claim_that_was_too_noisy(notebook):
    claim_with_verdict(notebook, "?")


def stored_error(notebook):
    error = {"output_type": "error", "ename": "OSError", "evalue": "", "traceback": []}
    code_cell(notebook).outputs.append(nbformat.from_dict(error))


def stored_warning(notebook):
    text = "thing.py:1: DeprecationWarning: old"
    code_cell(notebook).outputs.append(nbformat.v4.new_output("stream", name="stderr", text=text))


def machine_path(notebook):
    code_cell(notebook).outputs.append(nbformat.v4.new_output("stream", text="in /home/somebody/course"))


def no_alternative(notebook):
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            output.get("metadata", {}).pop("image/png", None)


def widget_state(notebook):
    notebook.metadata["widgets"] = {}


def other_kernel(notebook):
    notebook.metadata["kernelspec"]["name"] = "conda-env-course"


def other_format(notebook):
    notebook.nbformat_minor = 4


def same_id(notebook):
    notebook.cells[1].id = notebook.cells[2].id


def all_ignored(notebook):
    for cell in notebook.cells:
        cell.metadata["tags"] = ["nbval-ignore-output"]


def unknown_tag(notebook):
    code_cell(notebook).metadata["tags"] = ["nbval-skip"]


def no_slides(notebook):
    del notebook.cells[1].metadata["slideshow"]


def renamed_section(notebook):
    cell = section(notebook, "## What to remember")
    cell.source = cell.source.replace("## What to remember", "## Summary")


def no_solution(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("<summary>Solution", "<summary>Answer")


def dead_link(notebook):
    notebook.cells[1].source += "\n[more](not_there.ipynb)"


def picture_without_words(notebook):
    notebook.cells[1].source += "\n![](CLAIMS.md)"


def html_picture_without_words(notebook):
    code_cell(notebook).outputs.append(
        nbformat.v4.new_output("display_data", {"text/html": '<img src="x.png" alt="">'})
    )


def empty_cell(notebook):
    code_cell(notebook).source = "\n"


def unknown_term(notebook):
    notebook.cells[1].source += "\n[nothing](glossary.ipynb#nothing)"


def answer_that_is_not_held_back(notebook):
    cell = code_cell(notebook, ".compare(")
    cell.source = cell.source.partition("\n")[2]


def question_without_an_answer(notebook):
    cell = code_cell(notebook, ".compare(")
    cell.source = cell.source.replace(".compare(", ".value(")


def no_question_first(notebook):
    cell = next(cell for cell in notebook.cells if cell.source.startswith("# "))
    cell.source = cell.source.replace("?", ".")


def visible_claim(notebook):
    del code_cell(notebook, "gt.claim(").metadata["jupyter"]


def folded_program(notebook):
    code_cell(notebook, "%%measure").metadata["jupyter"] = {"source_hidden": True}


def long_cell(notebook):
    code_cell(notebook, "%%measure").source += "\npass" * structure.LONGEST


def plumbing(notebook):
    code_cell(notebook, "gt.machine()").source += ".groupby('a')"


MUTATIONS = {  # and what is said of each
    blank_a_count: "weren't executed once each",
    swap_two_counts: "weren't executed once each",
    unknown_magic: "uses %load_ext",
    unknown_cell_magic: "uses %%capture",
    shell_command: "uses !ls",
    magic_within_a_line: "uses !ls",
    magic_in_disguise: "uses %pwd",
    opting_out_in_a_comment: "tells nbval in a comment",
    no_claims: "fewer than two claims",
    failed_claim: "a claim was not confirmed: ✗",
    claim_that_was_too_noisy: "a claim was not confirmed: ?",
    claim_without_a_verdict: "shows no verdict",
    claim_under_another_name: "shows no verdict",
    claim_of_another_length: "shows no verdict",
    claim_in_a_cell_that_is_not_compared: "where nothing is compared",
    stored_error: "holds an error: OSError",
    stored_warning: "holds a warning",
    machine_path: "holds a path of the machine",
    no_alternative: "holds a picture without an alternative",
    picture_without_words: "without an alternative",
    html_picture_without_words: "holds a picture without an alternative",
    widget_state: "the state of widgets",
    other_kernel: "its kernel is not python3",
    other_format: "its format is 4.4",
    same_id: "the same id",
    all_ignored: "no output of it is checked",
    unknown_tag: "unknown tag 'nbval-skip'",
    no_slides: "in a slide show",
    renamed_section: "it has no section 'Your turn', or doesn't end with",
    no_solution: "no folded 'Solution'",
    dead_link: "links to not_there.ipynb",
    unknown_term: "links to 'nothing', which the glossary hasn't",
    answer_that_is_not_held_back: "isn't held back with %answers",
    question_without_an_answer: "is never answered",
    no_question_first: "doesn't open with a question",
    visible_claim: "should be folded",
    folded_program: "is folded and needn’t be",
    long_cell: "more than 25 visible lines",
    plumbing: "shows plumbing: groupby",
    empty_cell: "is empty",
}


@pytest.mark.parametrize(("mutate", "said"), MUTATIONS.items(), ids=[mutate.__name__ for mutate in MUTATIONS])
def test_a_mutation_is_noticed(mutate, said):
    path = COURSE[0]
    notebook = load(path)
    assert structure.problems(notebook, path) == []
    mutate(notebook)
    assert any(said in problem for problem in structure.problems(notebook, path))


def test_a_large_notebook_is_noticed(tmp_path):
    path = tmp_path / COURSE[0].name
    path.write_bytes(b" " * (structure.LARGEST + 1))
    assert any("larger than" in problem for problem in structure.problems(load(COURSE[0]), path))


def test_a_claim_that_is_missing_from_the_list_is_noticed(tmp_path, monkeypatch, capsys):
    lines = notebooks.CLAIMS.read_text(encoding="utf-8").splitlines(keepends=True)
    monkeypatch.setattr(notebooks, "CLAIMS", tmp_path / "CLAIMS.md")
    notebooks.CLAIMS.write_text("".join(lines), encoding="utf-8")
    assert not notebooks.check([])
    notebooks.CLAIMS.write_text("".join(lines[:-1]), encoding="utf-8")
    assert notebooks.check([])
    assert "CLAIMS.md" in capsys.readouterr().out


@pytest.mark.slow
def test_adding_a_notebook_needs_no_other_edit(tmp_path, monkeypatch):
    for path in COURSE[-2:]:
        nbformat.write(load(path), tmp_path / path.name)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    monkeypatch.setattr(notebooks, "CLAIMS", tmp_path / "CLAIMS.md")
    added = tmp_path / "99_add_a_notebook.ipynb"
    cells = [nbformat.v4.new_markdown_cell("# Add a notebook"), nbformat.v4.new_code_cell(A_CLAIM)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), added)
    assert any(notebooks.stale(path) for path in notebooks.course())

    monkeypatch.setattr(sys, "argv", ["notebooks.py", str(added)])
    notebooks.main()

    assert [notebooks.stale(path) for path in notebooks.course()] == [[], [], []]
    assert "[99](99_add_a_notebook.ipynb) | 2 | ✓ | One is one." in notebooks.CLAIMS.read_text(encoding="utf-8")


def test_changed_code_outputs_or_navigation_are_noticed(tmp_path, monkeypatch):
    shutil.copytree(notebooks.FOLDER, tmp_path, dirs_exist_ok=True)
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)

    def is_stale(mutate):
        notebook = load(COURSE[0])
        mutate(notebook)
        path = tmp_path / COURSE[0].name
        nbformat.write(notebook, path)
        monkeypatch.setattr(sys, "argv", ["notebooks.py", "--check", str(path)])
        stale = bool(notebooks.stale(path))
        assert notebooks.main() == stale
        return stale

    def empty_a_figure(notebook):
        [figure, *_] = [cell for cell in notebook.cells if "image/png" in str(cell.get("outputs"))]
        assert "nbval-ignore-output" in figure.metadata["tags"]
        figure.outputs = []

    assert not is_stale(lambda notebook: None)
    assert is_stale(lambda notebook: setattr(code_cell(notebook), "source", "1"))
    assert is_stale(lambda notebook: setattr(notebook.cells[0], "source", "nowhere"))
    assert is_stale(empty_a_figure)


# ── nbval as the README's test command runs it, on small notebooks made for that ─────────────

MEASURES = """
import gilteach as gt

waits = gt.run("wait", "threads", workers=2, size=0.05)
gt.claim("Two waits of 50 ms together take less than a second.", float(waits.wall), high=1)
"""
CLAIM = gt.Claim("Two waits of 50 ms together take less than a second.", "✓", "")
IN_A_THREAD = """
import threading
import gilteach as gt

panel = gt.Experiment("wait", workers=1, size=0.01)
panel._interleave = lambda *_: [][1]
panel._run.click()
for thread in threading.enumerate():
    if "_measure" in thread.name:
        thread.join()
"""
IN_A_CALLBACK = """
import ipywidgets

button = ipywidgets.Button()
button.on_click(lambda _: 1 / 0)
get_ipython()._showtraceback = lambda *_: None  # so that, as after a learner's click, no cell has it
button.click()
"""
AN_OUTPUT = {"text/plain": "1", "image/png": "iVBORw0KGgo="}


def one_cell(source, stored=None, ignored=False):
    """A notebook of one cell, with the data of its stored output."""
    outputs = [nbformat.v4.new_output("execute_result", stored, execution_count=1)] if stored else []
    tags = {"tags": ["nbval-ignore-output"]} if ignored else {}
    cell = nbformat.v4.new_code_cell(source.strip(), execution_count=1, outputs=outputs, metadata=tags)
    return nbformat.v4.new_notebook(cells=[cell])


def shown(claim):
    return claim._repr_mimebundle_()


@pytest.fixture(scope="module")
def nbval(tmp_path_factory):
    """Check notebooks, given by their names; gives the exit code and what was printed."""

    def check(**made):
        folder = tmp_path_factory.mktemp("notebooks")
        for name, notebook in made.items():
            nbformat.write(notebook, folder / f"{name}.ipynb")
        shutil.copy(TOP / "conftest.py", folder)  # it is looked for from the notebook's folder upwards
        options = ["-p", "no:cacheprovider", "-n0", "-c", TOP / "pyproject.toml", f"--rootdir={TOP}"]
        answer = subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"--confcutdir={folder}", folder],
            cwd=TOP,
            capture_output=True,
            text=True,
        )
        return answer.returncode, answer.stdout

    return check


@pytest.mark.slow
def test_what_is_as_stored_passes_and_claims_are_counted(nbval):
    defines_a_task = one_cell("import gilteach as gt")
    defines_a_task.cells += one_cell("%%task\ndef mine(size):\n    return size").cells
    code, said = nbval(
        unchanged=one_cell(MEASURES, shown(CLAIM)),
        undecided=one_cell(A_CLAIM.replace("True", "True, needs_cpus=1000"), shown(gt.Claim("One is one.", "✓", ""))),
        defines_a_task=defines_a_task,  # whose module is a file that goes with the kernel
    )
    assert code == 0, said
    assert "notebooks: 3, claims: 1 ✓, 0 ✗, 1 ?" in said


@pytest.fixture(scope="module")
def after_mutations(nbval):
    return nbval(
        changed_output=one_cell(MEASURES, shown(replace(CLAIM, text=CLAIM.text.replace("Two", "Three")))),
        another_bound=one_cell(MEASURES.replace("high=1)", "low=1)"), shown(CLAIM)),
        failed_unseen=one_cell(A_CLAIM.replace("True", "False"), ignored=True),
        no_picture=one_cell("1", AN_OUTPUT, ignored=True),
        a_stream=one_cell("import sys\nprint(1, file=sys.stderr)", AN_OUTPUT, ignored=True),
        in_a_thread=one_cell(IN_A_THREAD, ignored=True),
        in_a_callback=one_cell(IN_A_CALLBACK),
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        r"FAILED \S*changed_output.ipynb::Cell 0",
        r"FAILED \S*another_bound.ipynb::Cell 0",
        "✗ Two waits of 50 ms together take less than a second.",
        "✗ One is one.",
        r"no_picture.ipynb Cell 0: \[\] instead of \['image/png'\]",
        r"a_stream.ipynb Cell 0: \['stderr'\] instead of ",
        "IndexError: list index out of range",
        "ZeroDivisionError: division by zero",
    ],
)
def test_a_mutation_is_noticed_when_it_runs(after_mutations, line):
    code, said = after_mutations
    assert code == 1
    assert re.search(f"(?m)^{line}", said), said


@pytest.mark.slow
def test_what_is_no_mutation_is_left_alone(after_mutations):
    assert len(re.findall("(?m)^FAILED", after_mutations[1])) == 2


@pytest.mark.parametrize(
    "found",
    [
        {"claims": [["✓", "So."], ["✗", "Not so. (measured 2)"]]},
        {"changed": ["a.ipynb Cell 0: [] instead of ['image/png']"]},
        {"errors": ["", "Traceback …"]},
        {"left": ["process: python"]},
    ],
    ids=lambda found: next(iter(found)),
)
def test_any_of_what_is_found_makes_a_run_red(request, found):
    [conftest] = [plugin for plugin in request.config.pluginmanager.get_plugins() if hasattr(plugin, "is_wrong")]
    nothing = {"claims": [["✓", "So."], ["?", "Who knows. (too noisy)"]], "changed": [], "errors": [""], "left": []}
    assert not conftest.is_wrong(nothing)
    assert conftest.is_wrong(nothing | found)


def test_what_nbval_reads_is_the_same_in_every_encoding():
    assert (TOP / "tests" / "sanitize.cfg").read_bytes().isascii()

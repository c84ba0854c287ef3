"""Every claim of the notebooks can fail: fed the opposite of what it says, it prints ✗."""

import ast
from pathlib import Path

import nbformat
import pytest

import gilteach as gt
import structure
from gilteach import machines

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def claims(path):
    """The claims of a notebook: their text, and their other arguments by name."""
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            yield from structure.claims(cell.source)


CLAIMS = [pytest.param(text, words, id=f"{path.name[:2]} {text}") for path in NOTEBOOKS for text, words in claims(path)]


@pytest.fixture(autouse=True)
def _many_cpus(monkeypatch):
    monkeypatch.setattr(machines, "usable_cpus", lambda: (64, None))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_every_notebook_makes_claims(notebook):
    assert len(list(claims(notebook))) >= 2


@pytest.mark.parametrize(("text", "words"), CLAIMS)
def test_a_claim_fed_the_opposite_fails(text, words):
    bounds = {name: ast.literal_eval(words[name]) for name in ("low", "high") if name in words}
    needs_cpus = ast.literal_eval(words["needs_cpus"]) if "needs_cpus" in words else 1
    if bounds:
        # A fifth beyond a bound: nearer to "no difference" than to what the claim says.
        opposites = [bounds[name] * factor for name, factor in (("low", 0.8), ("high", 1.2)) if name in bounds]
    else:
        opposites = [False]
    for opposite in opposites:
        ratios = [opposite] * 6 if bounds else opposite
        assert str(gt.claim(text, ratios, needs_cpus=needs_cpus, **bounds)).startswith(f"✗ {text}")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_claims_are_about_what_was_measured(notebook):
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "claim(" in cell.source:
            for call in structure.calls_of_claim(cell.source):
                assert any(isinstance(node, ast.Name) for node in ast.walk(call.args[1])), ast.unparse(call)


# What most tutorials say, the right half of it, and what the course must therefore settle.
SETTLED = [
    "Three tasks that each wait 2 s finish together in about 2 s with threads, not in 6 s.",
    "Threads share one process's memory; processes don't.",
    "The two threads hardly ever execute at the same time.",
    "Three threads that count keep no more than one core busy, like one after the other.",
    "Three processes that count keep more than one and a half cores busy.",
    "Where processes are spawned, the program needs the guard.",
    "Processes talk through Queue and Pipe, which costs; threads just share: 100 MB to another process",
    "Starting two spawned processes takes at least five times as long as starting two threads.",
    "Four threads speed up waiting more than three times.",
    "Four processes that count keep more than 1.5 cores busy.",
]


@pytest.mark.parametrize("statement", SETTLED)
def test_the_course_settles(statement):
    assert any(claim.values[0].startswith(statement) for claim in CLAIMS)


@pytest.mark.parametrize(("text", "words"), CLAIMS)
def test_a_comparison_that_neighbours_can_spoil_looks_at_them(text, words):
    if "needs_cpus" in words and words.keys() & {"low", "high"}:
        assert "background" in words, "a claim about more than one core must say what other programs kept busy"

"""Every claim of the notebooks can fail: fed the opposite of what it says, it prints ✗."""

import ast
import builtins
from pathlib import Path

import nbformat
import pytest

import gilteach as gt
import structure
from gilteach.host import machines

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("[0-9]*.ipynb"))


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


# What would be measured if a claim with such words in it weren't true; the first words that fit count.
IF_IT_WERE_FALSE = {
    "no more than one core": 1.9,
    "no more than one processor": 1.9,
    "more than half as long": 0.3,
    "less than a tenth of one core": 0.5,
    "nearly idle": 0.5,
    "more than a fifth of a core": 0.05,
    "cores busy": 1.0,
    "no speed-up worth having": 1.9,
    "about as long as the longest wait": 2.0,
    "in three rounds": 12.0,
    "in about 2 s with threads, not in 6 s": 6.0,  # s
    "1 ÷ s times as fast": 4.0,
    "more than halfway to it": 0.25,
    "watched from outside, don't either": 0.5,
    "keep to one order": 2.0,
    "become longer with the switch interval": 1.0,
    "less than 1 ms late": 20.0,
    "hardly ever execute at the same time": 0.5,
    "for a good part of the run": 0.0,
    "lasts about 5 ms": 1.0,
    "as long as the switch interval says": 2.0,
    "a switch interval late": 0.1,  # ms
    "at least 9 of 10": 0.0,  # % of the updates
    "wait one after the other": 0.3,  # s
    "costs less than 1 µs": 10_000,  # ns
    "a hundred times as many bytes": 100.0,
    "let all pass at about the same time": 0.2,  # s
    "costs more than it saves": 1.5,
    "less than a hundred thousand times": 1_000_000,
    "can tell a hundredth of a millisecond": 0.0156,  # s
    "computes on a MB for less than twice as long": 1.5,
    "waits for the consumer for more than half": 0.2,
    "more than half of their memory copied": 0.5,  # MB
    "has next to nothing copied": 24.0,  # MB
    "": 0.9,  # the others say that one thing takes longer than another
}


@pytest.mark.parametrize(("text", "words"), [claim for claim in CLAIMS if claim.values[1].keys() & {"low", "high"}])
def test_the_bounds_of_a_claim_leave_out_what_it_denies(text, words):
    bounds = {name: ast.literal_eval(words[name]) for name in ("low", "high") if name in words}
    denied = next(value for part, value in IF_IT_WERE_FALSE.items() if part in text)
    assert str(gt.claim(text, [denied] * 6, **bounds)).startswith(f"✗ {text}")


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_claims_are_about_what_was_measured(notebook):
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "claim(" in cell.source:
            for call in structure.calls_of_claim(cell.source):
                names = {node.id for node in ast.walk(call.args[1]) if isinstance(node, ast.Name)}
                assert names - vars(builtins).keys(), ast.unparse(call)


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


PLAIN_NUMBERS = {"float", "list", "round"}  # what forgets how busy other programs were


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.name)
def test_a_comparison_that_neighbours_can_spoil_looks_at_them(notebook):
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code" and "claim(" in cell.source:
            for call in structure.calls_of_claim(cell.source):
                words = {word.arg for word in call.keywords}
                called = {
                    ast.unparse(node.func)
                    for node in ast.walk(call.args[1])
                    if isinstance(node, ast.Call) and not all(isinstance(arg, ast.Constant) for arg in node.args)
                }
                if "needs_cpus" in words and words & {"low", "high"} and "background" not in words:
                    assert not called & PLAIN_NUMBERS, (
                        f"this must say what other programs kept busy: {ast.unparse(call)}"
                    )

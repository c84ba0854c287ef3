"""The exercises of a notebook that check themselves, with the answers that their folded solutions give."""

import re
from dataclasses import dataclass

# Solutions that say in words what is to be written.
IN_WORDS = {
    "Ten. In 0.45 s": "workers = 10",
    "is one: A reads 0": 'order = "ABBBAA"',
    "after `import operator`": "import operator; second = operator.itemgetter(1)",
    "Compare `predict_serial(8": 'answer = "pool" if predict_pool(8, 10, 20) < predict_serial(8, 10, 20) else "serial"',
}
# What a learner may write who has not understood, by what the check then says or asks.
WRONG = {
    'answer not in ("wait", "count")': 'answer = "count"',
    "but fewer threads do it too": "workers = 20",
    "abs(answer - run.wall)": "answer = 1.0",
    "abs(answer - predict_processes": "answer = 2 * predict_processes(40, 5_000_000)",
    "pickle.dumps(second)": "def second(pair): return pair[1]",
    "answer == faster": 'answer = "serial" if predict_pool(8, 10, 20) < predict_serial(8, 10, 20) else "pool"',
}
ASSIGNMENT = re.compile(r"`(\w+ = [^`]+)`")
FUNCTION = re.compile(r"```python\n(def .*?)\n```", re.DOTALL)


@dataclass(frozen=True)
class Exercise:
    """A cell that says "Right.", and what has to be written where for it to do so."""

    check: int  # place of the cell that says it
    change: int  # place of the cell with the answer
    source: str  # of the cell with the answer, solved
    wrong: str  # the same with a wrong answer, or "" where that before any change is one


def exercises(cells):
    """Find the exercises among a notebook's cells, in their order."""
    for check, cell in enumerate(cells):
        if cell.cell_type == "code" and '"Right' in cell.source:
            solution = next(later.source for later in cells[check:] if "<summary>Solution</summary>" in later.source)
            line = next((line for words, line in WRONG.items() if words in cell.source), "")
            wrong = line and _with_line(cell.source, line)
            yield Exercise(check, *_solved(cells, check, solution), wrong)


def _with_line(source, line):
    """The source with this line in place of the one that gives the same name a value."""
    name = re.match(r"(?:.*; |def )?(\w+)", line)[1]
    changed, changes = re.subn(rf"(?m)^{name} = .*$", lambda _: line, source, count=1)
    assert changes, f"the exercise has no line {name} = …: {source}"
    return changed


def _solved(cells, check, solution):
    found = FUNCTION.search(solution)
    if found:  # of a function in a cell above: up to the end of the cell
        function = found[1]
        name = function[: function.index("(") + 1]
        change = max(place for place in range(check) if name in cells[place].source)
        return change, cells[change].source[: cells[change].source.index(name)] + function
    found = ASSIGNMENT.search(solution)
    words = [line for words, line in IN_WORDS.items() if words in solution]
    line = words[0] if words else found and found[1]
    assert line, f"the solution gives no line to write: {solution}"
    return check, _with_line(cells[check].source, line)

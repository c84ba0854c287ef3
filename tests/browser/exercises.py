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
ASSIGNMENT = re.compile(r"`(\w+ = [^`]+)`")
FUNCTION = re.compile(r"```python\n(def .*?)\n```", re.DOTALL)


@dataclass(frozen=True)
class Exercise:
    """A cell that says "Right.", and what has to be written where for it to do so."""

    check: int  # place of the cell that says it
    change: int  # place of the cell with the answer
    source: str  # of the cell with the answer, solved


def exercises(cells):
    """Find the exercises among a notebook's cells, in their order."""
    for check, cell in enumerate(cells):
        if cell.cell_type == "code" and '"Right' in cell.source:
            solution = next(later.source for later in cells[check:] if "<summary>Solution</summary>" in later.source)
            yield Exercise(check, *_solved(cells, check, solution))


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
    name = line.rpartition("; ")[2].partition(" = ")[0]
    source, changes = re.subn(rf"(?m)^{name} = .*$", lambda _: line, cells[check].source, count=1)
    assert changes, f"the exercise has no line {name} = …: {cells[check].source}"
    return check, source

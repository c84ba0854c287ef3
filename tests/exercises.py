"""The exercises of a notebook that check themselves, with the answers that their folded solutions give, and others."""

import re
import textwrap
from dataclasses import dataclass

from answers import RIGHT_PROGRAMS, WRONG_PROGRAMS

CALL = "gt.exercise("
NAME = re.compile(r"gt\.exercise\(\s*\"(.*?)\"")
PROGRAM = re.compile(r"```python\n((%%(?:measure|task).*?)\n.*?)\n```", re.DOTALL)


@dataclass(frozen=True)
class Exercise:
    """A cell that says "Right.", and what has to be written where for it to do so.

    Attributes
    ----------
    check, change : int
        Places of the cell that says it, and of the cell with the answer.
    right : tuple of str
        Sources of the cell with the answer, solved.
    wrong : tuple of str
        The same unsolved, and with wrong answers.
    """

    check: int
    change: int
    right: tuple
    wrong: tuple


def exercises(cells):
    """Find the exercises among a notebook's cells, in their order."""
    for check, cell in enumerate(cells):
        if cell.cell_type == "code" and CALL in cell.source:
            folded = next(later.source for later in cells[check:] if "<summary>Solution</summary>" in later.source)
            solution, first_line = PROGRAM.search(folded).groups()
            change = max(place for place in range(check) if cells[place].source.startswith(f"{first_line}\n"))
            name = NAME.search(cell.source)[1]
            wrong, right = (
                tuple(_whole(program, solution) for program in programs[name])
                for programs in (WRONG_PROGRAMS, RIGHT_PROGRAMS)
            )
            yield Exercise(check, change, (solution, *right), (cells[change].source, *wrong))


def _whole(program, solution):
    """Return a whole cell with an answer, given as `answers` has it."""
    if isinstance(program, tuple):
        old, new = program
        assert old in solution, old
        return solution.replace(old, new)
    program = textwrap.dedent(program).strip()
    if program.startswith("%%"):
        return program
    if program.startswith("def "):
        begin = solution.index(program[: program.index("(") + 1])
        return solution.replace(solution[begin:].partition("\n\n\n")[0], program)
    return solution[: re.search(r"(?m)^threads = ", solution).start()] + program

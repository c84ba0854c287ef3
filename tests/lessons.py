"""The lessons as tests: nbval runs their cells and compares what is stored; this adds what it doesn't look at.

That is: the claims, the kinds of output of cells that are only run, and the exercises, which are solved in the
lesson's own kernel once its last cell has run.
"""

import collections
import os

import pytest

import shrink
from exercises import exercises
from structure import settled

SHRINK = "4"  # where nothing else is said: a learner's sizes take four times as long
EXERCISE_TIMEOUT = 120  # s
TRIES = 6  # an exercise that asks for a measured time may need another run beside a busy neighbour
UNDECIDED = "fewer than two processors are free"


def pytest_configure():
    os.environ.setdefault(shrink.VARIABLE, SHRINK)


class Exercise(pytest.Item):
    """An exercise takes its solution and no wrong answer."""

    def __init__(self, *, exercise, check, **options):
        super().__init__(**options)
        self.exercise, self.check = exercise, check  # what to write, and the cell that judges it

    def runtest(self):
        for wrong in self.exercise.wrong:
            said = self.said_of(wrong)
            assert said, wrong
            assert "Right" not in said, wrong
        for right in self.exercise.right:
            for _ in range(TRIES):
                said = self.said_of(right)
                if said.startswith("Right"):
                    break
            else:
                assert UNDECIDED in said, f"with {right!r} it says {said!r}"

    def said_of(self, answer):
        """What the exercise says of an answer."""
        self.printed(answer)
        return self.printed(self.check)

    def printed(self, source):
        """Run code in the lesson's kernel and return what it prints."""
        kernel = self.parent.kernel
        asked = kernel.execute_cell_input(source, allow_stdin=False)
        kernel.await_reply(asked, timeout=EXERCISE_TIMEOUT)
        text = ""
        while True:
            message = kernel.get_message("iopub", timeout=EXERCISE_TIMEOUT)
            content = message["content"]
            if message["parent_header"].get("msg_id") != asked:
                continue
            if message["msg_type"] == "error":
                pytest.fail("\n".join(content["traceback"]))
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                text += content["text"]
            if content.get("execution_state") == "idle":
                return text

    def reportinfo(self):
        return self.path, 0, self.name


def pytest_collection_modifyitems(items):
    """Put a lesson's exercises behind its cells, and what measures behind everything else."""
    lessons = collections.defaultdict(list)
    for item in items:
        if hasattr(item, "test_outputs"):
            lessons[item.parent].append(item)
    for lesson, cells in lessons.items():
        found = [
            Exercise.from_parent(
                lesson, name=f"Exercise {number}", exercise=found, check=lesson.nb.cells[found.check].source
            )
            for number, found in enumerate(exercises(lesson.nb.cells))
        ]
        place = items.index(cells[-1]) + 1
        items[place:place] = found
    items.sort(key=lambda item: "measure_quietly" in getattr(item, "fixturenames", ()))


def pytest_collection_finish(session):
    session.config.gilteach_cells = [item for item in session.items if hasattr(item, "test_outputs")]
    for item in session.config.gilteach_cells:
        shrink.shrink(item.cell)


def executed_cells(config):
    """The cells of notebooks that were executed."""
    return [item for item in getattr(config, "gilteach_cells", ()) if item.test_outputs is not None]


def kinds(outputs):
    """What kinds of output there are: the names of streams, and the types that data are given in."""
    return {
        kind
        for output in outputs
        for kind in ([output["name"]] if "name" in output else output.get("data", [output["output_type"]]))
    }


def found(config):
    """Return what the executed cells gave, as plain values: a test worker sends them to its controller."""
    cells = executed_cells(config)
    changed = []
    for item in cells:  # those whose outputs nobody compares too
        before, now = kinds(item.cell.outputs), kinds(item.test_outputs)
        if before != now:
            changed.append(f"{item.parent.name} {item.name}: {sorted(now - before)} instead of {sorted(before - now)}")
    return {
        "notebooks": sorted({item.parent.name for item in cells}),
        "claims": [[*claim] for item in cells for claim in settled(item.test_outputs)],  # ✓ ✗ or ?, and the rest
        "compared": sum("nbval-ignore-output" not in item.cell.metadata.get("tags", ()) for item in cells),
        "only run": sum("nbval-ignore-output" in item.cell.metadata.get("tags", ()) for item in cells),
        "changed": changed,
    }

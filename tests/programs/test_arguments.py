"""What is no program is refused, in words that say what was probably meant."""

from pathlib import Path

import pytest

import gilteach as gt
from gilteach.programs.arguments import refuse_what_is_no_program


@pytest.mark.parametrize("program", ["x.py --n 3", " folder/x.py 3\n", "one.py other.py"])
def test_arguments_behind_the_file_are_refused(program):
    with pytest.raises(gt.BadValue, match=r"give the file alone") as caught:
        refuse_what_is_no_program(program)
    assert f"measure({program.split()[0]!r}, args=[...])" in str(caught.value)


@pytest.mark.parametrize("program", ["some.ipynb", "my folder/some.ipynb", Path("folder", "some.ipynb")])
def test_a_notebook_is_refused(program):
    with pytest.raises(gt.BadValue, match=r"some\.ipynb' is a notebook.*jupyter nbconvert --to script.*%%measure"):
        refuse_what_is_no_program(program)


@pytest.mark.parametrize(
    "program",
    [
        "x.py",
        "my folder/x.py",
        Path("x.py --n 3"),  # a path is nothing but the file's name
        "print('x.py --n 3')",
        "name='x.py of mine'",
        "#x.py is next",
        "import x\nx.py --n\n",
        "x.py --n 3\nprint(1)",
        "# The notebook is\n# some.ipynb",
        "",
        " ",
        None,
        5,
        ["some.ipynb"],
    ],
    ids=repr,
)
def test_whatever_else_may_be_wrong_is_found_elsewhere(program):
    assert refuse_what_is_no_program(program) is None

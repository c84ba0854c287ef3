"""The package: quick to import, and every public name is there and explained."""

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

import gilteach as gt
from gilteach.bench.runners import RUNNERS
from gilteach.bench.tasks import TASKS

HEAVY = {"IPython", "findpython", "ipywidgets", "loky", "matplotlib", "numpy", "pandas", "PIL", "psutil", "tqdm"}


def modules_after(statement):
    """Names of the packages that a fresh interpreter has loaded after a statement."""
    script = f"{statement}\nimport json, sys\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    answer = subprocess.run([sys.executable, "-P", "-c", script], stdout=subprocess.PIPE, check=True)
    return set(json.loads(answer.stdout))


def test_importing_it_imports_nothing_heavy():
    before, after = modules_after("pass"), modules_after("import gilteach as gt")
    assert "gilteach" in after
    assert not HEAVY & (after - before)


def test_listing_the_names_imports_nothing_heavy():
    assert not HEAVY & (modules_after("import gilteach; dir(gilteach)") - modules_after("pass"))


@pytest.mark.slow
def test_a_name_imports_what_it_needs():
    assert "ipywidgets" in modules_after("from gilteach import Experiment")


def test_every_public_name_is_there():
    values = [getattr(gt, name) for name in gt.__all__]
    assert all(value.__module__.startswith("gilteach.") for value in values)


def public_parts():
    """Every public callable and every public part of a public class, by its dotted name."""
    for name in gt.__all__:
        value = getattr(gt, name)
        yield name, value
        if inspect.isclass(value) and not issubclass(value, Exception):
            parts = {}
            for kind in reversed(value.__mro__):  # what it inherits from a class of ours is its own as well
                parts |= vars(kind) if kind.__module__.startswith("gilteach.") else {}
            for part, member in parts.items():
                # Fields and one-line properties are explained where the class is.
                plain = isinstance(member, property) and member.fget.__name__ == "<lambda>"
                explains_itself = callable(member) or hasattr(member, "__get__")
                if (
                    not part.startswith("_")
                    and explains_itself
                    and not plain
                    and not inspect.ismemberdescriptor(member)
                ):
                    yield f"{name}.{part}", member


PARTS = dict(public_parts())


def test_the_parts_include_methods_and_properties():
    assert {"run", "Run", "Run.save", "Run.spans", "Run.cores_busy", "Experiment.stop"} <= set(PARTS)


def test_every_public_part_has_a_docstring():
    assert [name for name, part in PARTS.items() if not inspect.getdoc(part)] == []


def test_every_parameter_is_explained():
    unexplained = [
        f"{parameter} of {name}"
        for name, part in PARTS.items()
        if inspect.isfunction(part)
        for parameter in inspect.signature(part).parameters
        if parameter not in ("self", "include", "exclude") and parameter not in inspect.getdoc(part)
    ]
    assert unexplained == []


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'thread'"):
        gt.thread  # noqa: B018


def test_completion_offers_the_public_names():
    assert set(dir(gt)) == set(gt.__all__)


def test_the_version_is_that_of_the_project_file():
    project = Path(__file__).parents[1] / "pyproject.toml"
    assert f'version = "{gt.__version__}"' in project.read_text(encoding="utf-8").splitlines()


def test_the_tables_list_all_tasks_and_runners():
    tasks, runners = gt.tasks(), gt.runners()
    assert list(tasks.index) == list(TASKS)
    assert list(tasks.columns) == ["kind", "size_unit", "smallest", "largest", "default", "does"]
    assert set(tasks["kind"]) <= {"I/O", "CPU", "native", "mixed"}
    assert ((tasks["smallest"] <= tasks["default"]) & (tasks["default"] <= tasks["largest"])).all()
    assert list(runners.index) == list(RUNNERS)
    assert list(runners.columns) == ["most_workers", "does"]
    for table in (tasks, runners):
        assert table["does"].str.len().min() > 10

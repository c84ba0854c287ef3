"""`environment.yml`, which Binder reads, asks for the same packages as `pyproject.toml`."""

import re
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parents[1]
FOR_CHECKING = {"pytest", "nbval"}  # of the developers' packages, those that a learner's environment has too


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def environment():
    """The dependencies, and those of them that are left to pip: a list of its own, the last one."""
    text = (HERE / "environment.yml").read_text(encoding="utf-8").partition("\ndependencies:\n")[2]
    return [re.findall(r"^ *- ([^#\n]*[^#\s])", part, flags=re.MULTILINE) for part in re.split(r"- pip:\n", text)]


def bounds(requirements):
    """Turn "JupyterLab >= 4.2, < 5" into {"jupyterlab": {">=4.2", "<5"}}."""
    parts = (re.fullmatch(r"([\w.-]+)(.*)", requirement.replace(" ", "")).groups() for requirement in requirements)
    return {name.lower().replace("_", "-"): set(filter(None, bound.split(","))) for name, bound in parts}


def test_bounds_are_read_as_they_are_written():
    assert bounds(["JupyterLab >= 4.2, < 5", "pip"]) == {"jupyterlab": {">=4.2", "<5"}, "pip": set()}


def test_both_files_ask_for_the_same(project, environment):
    wanted = bounds(project["project"]["dependencies"])
    developers = bounds(project["dependency-groups"]["dev"])
    wanted |= {name: developers[name] for name in FOR_CHECKING}
    wanted["python"] = {project["project"]["requires-python"]}
    asked_for = bounds(environment[0])
    asked_for.pop("pip", None)  # conda wants it named where there is a list for it
    assert asked_for == wanted


def test_the_package_itself_is_installed_from_here(environment):
    assert environment[1] == ["-e ."]

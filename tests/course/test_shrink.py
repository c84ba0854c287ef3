"""The variable that makes loops smaller for tests: where it is set, and in the cells that say so, only there."""

from types import SimpleNamespace

import nbformat
import pytest

import notebooks
import shrink

SOURCE = 'gt.sweep("count", size=20_000_000)  # not 100_000, not 1_000, and not 2_500_000'


@pytest.fixture
def cell():
    return nbformat.v4.new_code_cell(SOURCE, metadata={"tags": ["nbval-ignore-output", shrink.TAG]})


def test_the_sizes_are_the_learners_by_default(cell, monkeypatch):
    monkeypatch.delenv(shrink.VARIABLE, raising=False)
    shrink.shrink(cell)
    assert cell.source == SOURCE


def test_numbers_of_millions_are_divided(cell, monkeypatch):
    monkeypatch.setenv(shrink.VARIABLE, "4")
    shrink.shrink(cell)
    assert cell.source == SOURCE.replace("20_000_000", "5_000_000")


def test_waits_of_whole_seconds_are_divided(cell, monkeypatch):
    monkeypatch.setenv(shrink.VARIABLE, "4")
    cell.source = "time.sleep(2)\ntime.sleep(0.2)"
    shrink.shrink(cell)
    assert cell.source == "time.sleep(0.5)\ntime.sleep(0.2)"


def test_half_as_many_repeats_are_enough(cell, monkeypatch):
    monkeypatch.setenv(shrink.VARIABLE, "4")
    cell.source = "for repeat in range(3):\n    gt.sweep(repeats=5)\n    for _ in range(4): gt.run(tasks=8)"
    shrink.shrink(cell)
    assert cell.source == "for repeat in range(2):\n    gt.sweep(repeats=3)\n    for _ in range(4): gt.run(tasks=8)"


def test_a_cell_without_the_tag_stays_as_it_is(cell, monkeypatch):
    monkeypatch.setenv(shrink.VARIABLE, "4")
    cell.metadata["tags"].remove(shrink.TAG)
    shrink.shrink(cell)
    assert cell.source == SOURCE


def test_everything_is_made_tiny_where_nothing_is_measured(cell):
    cell.metadata["tags"].remove(shrink.TAG)
    cell.source = (
        "for repeat in range(3):\n    for _ in range(4):\n        gt.sweep(size=0.5, repeats=5, delay=0.1)\n"
        "f(size=20_000_000, of=500_000, at=50_000)[100_000_000]\ntime.sleep(2)\ntime.sleep(0.2)\npanel.sweep()"
    )
    shrink.make_tiny(cell)
    assert cell.source == (
        "for repeat in range(1):\n    for _ in range(4):\n        gt.sweep(size=0.05, repeats=1, delay=0.01)\n"
        "f(size=400_000, of=10_000, at=50_000)[100_000_000]\ntime.sleep(0.2)\ntime.sleep(0.02)\npanel.run()"
    )


def test_nbval_runs_the_smaller_loops(request, cell, monkeypatch):
    lessons = request.config.pluginmanager.get_plugin("lessons")
    monkeypatch.setenv(shrink.VARIABLE, "4")
    item = SimpleNamespace(cell=cell, test_outputs=None)
    lessons.pytest_collection_finish(SimpleNamespace(config=SimpleNamespace(), items=[item, object()]))
    assert "5_000_000" in cell.source


def test_every_tag_shrinks_something():
    for path in notebooks.course():
        for cell in nbformat.read(path, as_version=4).cells:
            if shrink.TAG in cell.metadata.get("tags", ()):
                found = shrink.MILLIONS.search(cell.source) or shrink.WAITS.search(cell.source)
                assert found, f"{path.name}: {cell.source}"

"""A saved run comes back as it was; anything else is refused in words."""

import json
from dataclasses import dataclass, replace

import pandas as pd
import pytest

import gilteach as gt
from gilteach.bench.values import DEEPEST


@pytest.fixture
def saved(make_run, tmp_path):
    run = make_run(workers=2, tasks=3)
    path = tmp_path / "run.json"
    run.save(path)
    return run, path


def test_a_measured_run_comes_back_as_it_was(tmp_path):
    run = gt.run("fetch", "processes", workers=2, tasks=3, size=1000, delay=0.05)
    run.save(tmp_path / "run.json")
    loaded = gt.load(tmp_path / "run.json")
    for name in ("plan", "wall", "startup", "cpu", "cores_busy", "background", "results", "machine", "output"):
        assert getattr(loaded, name) == getattr(run, name)
    pd.testing.assert_frame_equal(loaded.spans, run.spans)
    pd.testing.assert_frame_equal(loaded.samples, run.samples)
    assert repr(loaded) == repr(run)


def test_saving_what_was_loaded_changes_nothing(saved, tmp_path):
    _, path = saved
    again = tmp_path / "again.json"
    gt.load(path).save(again)
    assert again.read_bytes() == path.read_bytes()


def test_results_of_every_kind_come_back(make_run, tmp_path):
    deep = 5
    for _ in range(DEEPEST):
        deep = {1: deep}
    results = [(1, {2, 3}), {4: b"five"}, 10**5000, {"python type": 6}, deep]
    replace(make_run(), results=[*results, Point(7)]).save(tmp_path / "run.json")
    *loaded, point = gt.load(tmp_path / "run.json").results
    assert loaded == results
    assert repr(point) == "Point(x=7)"
    assert not isinstance(point, str)


@dataclass
class Point:
    x: int


def test_results_of_an_older_file_are_as_it_has_them(saved):
    _, path = saved
    results = [[1, 2], "{1, 2}", {"python type": "tuple", "value": [3]}]
    older = json.loads(path.read_text(encoding="utf-8")) | {"version": 2, "results": results}
    path.write_text(json.dumps(older), encoding="utf-8")
    assert gt.load(path).results == results


def test_the_file_is_plain_json_that_names_its_format(saved):
    content = json.loads(saved[1].read_text(encoding="utf-8"))
    assert content["format"] == "gilteach run"
    assert isinstance(content["version"], int)


def test_a_loaded_run_can_be_drawn(saved):
    assert gt.load(saved[1]).figure().alt == saved[0].figure().alt


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no saved run"),
        (b"wall,cpu\n1,2\n", "holds no saved run"),
        (b"\xff\xfe\x00\x80", "holds no saved run"),
        (b"[1, 2]", "holds no saved run"),
        pytest.param(b"[" * 100_000, "holds no saved run", id="deeply nested"),
        (b'"gilteach run"', "holds no saved run"),
        (b'{"format": "another program"}', "holds no saved run"),
    ],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, content, words):
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(gt.BadValue, match=words) as caught:
        gt.load(path)
    assert str(path) in str(caught.value)


def test_half_a_file_is_refused(saved):
    _, path = saved
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(gt.BadValue, match="holds no saved run"):
        gt.load(path)


@pytest.mark.parametrize("version", [0, 999, None])
def test_another_version_of_the_format_is_refused(saved, version):
    _, path = saved
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | {"version": version}), encoding="utf-8")
    with pytest.raises(gt.BadValue, match=f"version {version}"):
        gt.load(path)


def damage(change):
    """A change of a saved run's content, for `parametrize`, with itself as the name."""
    return pytest.param(change, id=change)


@pytest.mark.parametrize(
    "change",
    [
        damage("del content['wall']"),
        damage("del content['plan']"),
        damage("del content['plan']['workers']"),
        damage("content['plan']['colour'] = 'red'"),
        damage("del content['machine']['python']"),
        damage("content['machine']['python']['start_methods'] = 5"),
        damage("content['machine'] = 'mine'"),
        damage("content['plan'] = None"),
        damage("content['wall'] = 'long'"),
        damage("content['plan']['task'] = 'no such task'"),
        damage("content['plan']['workers'] = 'two'"),
        damage("content['plan']['runner'] = ['threads']"),
        damage("content['plan']['tasks'] = '3'"),
        damage("content['plan']['delay'] = 'long'"),
        damage("content['plan']['trace'] = None"),
        damage("content['plan']['timeout'] = None"),
        damage("content['startup'] = None"),
        damage("content['output'] = 5"),
        damage("content['machine']['usable_cpus'] = 'many'"),
        damage("content['machine']['python']['version'] = 3"),
        damage("content['results'] = 5"),
        damage("content['results'] = 'abc'"),
        damage("content['results'][0] = {'python type': 'colour', 'value': 1}"),
        damage("content['results'][0] = {'python type': 'int', 'value': 1}"),
        damage("content['results'][0] = {'python type': 'complex', 'value': [10**400, 1]}"),
        damage("content['raw_spans'] = 5"),
        damage("content['raw_samples'] = [[1]]"),
    ],
)
def test_a_damaged_run_is_refused(saved, change):
    _, path = saved
    content = json.loads(path.read_text(encoding="utf-8"))
    exec(change, {"content": content})
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(gt.BadValue, match="damaged"):
        gt.load(path)


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError):
        gt.load(tmp_path / "none.json")

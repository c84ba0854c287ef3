"""Which Pythons are found, and which one a name means."""

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import gilteach as gt
from gilteach.host import interpreters

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"


def test_the_current_one_is_meant_where_none_is_named():
    found = interpreters.resolve()
    assert found.executable == sys.executable
    assert found.numbers == sys.version_info[:3]


def test_a_version_that_the_current_one_has_means_the_current_one():
    current = interpreters.resolve()
    assert interpreters.resolve(current.version + "t" * current.free_threaded) == current
    if not current.free_threaded:
        assert interpreters.resolve(CURRENT) == current


def test_a_version_means_an_interpreter_of_it(python):
    found = interpreters.resolve(python)
    assert found.short == python
    assert interpreters.resolve(found.version + "t" * found.free_threaded).version == found.version


def test_a_path_means_the_interpreter_there(python, pythons_here):
    there = pythons_here[python]
    assert interpreters.resolve(there.executable) == there
    assert interpreters.resolve(Path(there.executable)) == there


def test_a_tilde_means_the_home_folder(monkeypatch):
    folder, name = os.path.split(sys.executable)
    monkeypatch.setenv("HOME", folder)
    monkeypatch.setenv("USERPROFILE", folder)
    assert interpreters.resolve(f"~/{name}").version == interpreters.resolve().version


@pytest.fixture
def only(monkeypatch):
    """Pretend that only these versions were found, after the current one; a "t" marks a free-threaded build."""

    def find(*versions):
        current = interpreters.resolve()
        others = [
            replace(current, executable=f"/{name}", version=name.rstrip("t"), free_threaded=name.endswith("t"))
            for name in versions
        ]
        monkeypatch.setattr(interpreters, "find", lambda: [current, *others])

    return find


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("3.77", "/3.77.12"),  # the newest of several
        ("3.77.3", "/3.77.3"),
        ("3.77.1", "/3.77.1"),  # and not 3.77.12, which begins the same way
        ("3.78", "/3.78.0rc1"),
        ("3.79t", "/3.79.0t"),
        ("3.79", "/3.79.0"),
    ],
)
def test_versions_are_compared_by_their_parts(only, name, meant):
    only("3.77.1", "3.77.3", "3.77.12", "3.78.0rc1", "3.79.0", "3.79.0t")
    assert interpreters.resolve(name).executable == meant


@pytest.mark.parametrize("name", ["3.7", "3.77t", "3.7.7", "2.7", "77"])
def test_no_other_version_is_meant(only, name):
    only("3.77.1", "3.77.12")
    with pytest.raises(gt.PythonNotFound, match=r"found: .*3\.77 \(/3\.77\.12\)"):
        interpreters.resolve(name)


def test_without_the_gil_only_when_asked_for(only):
    only("3.77.1t")
    with pytest.raises(gt.PythonNotFound):
        interpreters.resolve("3.77")
    assert interpreters.resolve("3.77t").executable == "/3.77.1t"


def test_each_is_found_once_the_current_one_first_then_by_version():
    found = interpreters.find()
    files = [os.path.realpath(python.executable) for python in found]
    assert found[0] == interpreters.resolve()
    assert len(set(files)) == len(files)
    order = [(python.numbers, python.free_threaded) for python in found[1:]]
    assert order == sorted(order)
    assert all(python.numbers >= (3, 11) for python in found)


def test_folders_and_files_may_be_named_in_the_environment(tmp_path, monkeypatch):
    if os.name != "posix":
        pytest.skip("the stand-ins are shell scripts")
    folder, single = tmp_path / "unpacked" / "bin", tmp_path / "python3.98"
    folder.mkdir(parents=True)
    for path, version in ((folder / "python3.97t", "3.97.0"), (single, "3.98.0")):
        path.write_text(
            f'#!/bin/sh\necho \'{{"executable": "{path}", "version": "{version}", "implementation": "CPython", '
            '"free_threaded": false, "gil": true, "start_methods": ["spawn"], "default_start_method": "spawn"}\'\n'
        )
        path.chmod(0o755)
    (folder / "python3-config").write_text("#!/bin/sh\necho this is no interpreter\n")
    monkeypatch.setenv(interpreters.EXTRA, os.pathsep.join([str(folder.parent), str(single), str(tmp_path / "none")]))
    found = {python.short: python.executable for python in interpreters.find()}
    assert found["3.97"] == str(folder / "python3.97t")
    assert found["3.98"] == str(single)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty", ""),
        ("text", "just some text\n"),
        ("fails", "#!/bin/sh\nexit 1\n"),
        ("talks", "#!/bin/sh\necho hello\n"),
        ("lists", "#!/bin/sh\necho '[1, 2]'\n"),
        ("knows-too-little", '#!/bin/sh\necho \'{"version": "3.12.0", "start_methods": []}\'\n'),
    ],
)
def test_what_is_no_python_is_none(tmp_path, name, content):
    path = tmp_path / name
    path.write_text(content)
    path.chmod(0o755)
    assert interpreters.probe(str(path)) is None


def test_neither_is_a_folder_or_a_file_that_may_not_be_run(tmp_path):
    (tmp_path / "python3").write_text("")
    assert interpreters.probe(str(tmp_path)) is None
    assert interpreters.probe(str(tmp_path / "python3")) is None
    assert interpreters.probe(str(tmp_path / "missing")) is None


def test_one_that_did_not_answer_is_asked_again(monkeypatch):
    interpreters._answer.cache_clear()
    with monkeypatch.context() as busy:
        busy.setattr(interpreters, "PROBE", "raise SystemExit(1)")
        assert interpreters.probe(sys.executable) is None
        with pytest.raises(gt.PythonNotFound, match="doesn't say what it is"):
            interpreters.resolve()
    assert interpreters.resolve().executable == sys.executable


def test_the_table_of_pythons_names_what_run_takes():
    table = gt.pythons()
    assert list(table.columns) == ["python", "version", "gil", "default_start_method", "executable"]
    assert table["executable"].iloc[0] == sys.executable
    assert set(table["gil"]) <= {"on", "off"}
    for row in table.itertuples():
        assert interpreters.resolve(row.python).short == row.python

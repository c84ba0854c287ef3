"""What is said about the machine: how many CPUs are usable, and why not more."""

import os
import subprocess
import sys

import psutil
import pytest

import gilteach as gt
from gilteach.host import machines


@pytest.fixture
def pretend(monkeypatch):
    """Pretend that the system, the affinity and the quota allow so many CPUs; loky takes the least of them."""

    def allow(system, affinity, quota):
        monkeypatch.setattr(os, "cpu_count", lambda: system)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(affinity)), raising=False)
        monkeypatch.setattr("loky.cpu_count", lambda: min(system, affinity, quota))

    return allow


def test_no_more_usable_than_logical_cpus():
    machine = gt.machine()
    assert 1 <= machine.usable_cpus <= machine.logical_cpus
    assert (machine.limited_by is None) == (machine.usable_cpus == machine.logical_cpus)


@pytest.mark.parametrize(
    ("system", "affinity", "quota", "usable", "limited_by"),
    [
        (8, 8, 8, 8, None),
        (8, 8, 99, 8, None),
        (8, 3, 99, 3, "affinity"),
        (8, 3, 3, 3, "affinity"),
        (8, 8, 2, 2, "quota"),
        (8, 3, 2, 2, "quota"),
    ],
)
def test_the_lowest_limit_counts_and_is_named(pretend, system, affinity, quota, usable, limited_by):
    pretend(system, affinity, quota)
    assert machines.usable_cpus() == (usable, limited_by)


def test_where_there_is_no_affinity(pretend, monkeypatch):
    pretend(8, 8, 2)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert machines.usable_cpus() == (2, "quota")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity to set")
def test_real_affinity_counts(two_cpus):
    script = (
        "import os\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import gilteach as gt\n"
        "print(gt.machine().usable_cpus, gt.machine().limited_by, gt.run('wait', size=0).workers)\n"
    )
    answer = subprocess.run([sys.executable, "-P", "-c", script], stdout=subprocess.PIPE, text=True, check=True)
    assert answer.stdout.split() == ["1", "affinity", "1"]


def test_the_facts_are_the_systems():
    machine = gt.machine()
    assert machine.logical_cpus == os.cpu_count()
    assert machine.physical_cpus == psutil.cpu_count(logical=False)
    assert machine.memory_gib == pytest.approx(psutil.virtual_memory().total / 1024**3)
    assert machine.python.version == sys.version.split()[0]


ROWS = ["usable CPUs", "logical CPUs", "physical cores", "memory", "system", "Python", "GIL", "start methods"]


def test_the_table_has_its_rows_as_text_and_as_html():
    machine = gt.machine()
    lines = repr(machine).splitlines()
    assert [line[:15].strip() for line in lines] == ROWS
    html = machine._repr_html_()
    assert html.startswith("<table")
    for line in lines:
        assert line[:15].strip() in html
        assert line[15:] in html


def test_the_table_says_what_limits_the_cpus(pretend):
    pretend(8, 8, 2)
    assert "usable CPUs    2 (limited by the quota)" in repr(gt.machine())
    pretend(8, 8, 8)
    assert "limited" not in repr(gt.machine())


def test_the_table_names_the_default_start_method():
    python = gt.machine().python
    assert f"{python.default_start_method} (default)" in repr(gt.machine())


def test_another_pythons_machine(free_threaded):
    machine = gt.machine(free_threaded)
    assert machine.python.free_threaded
    assert "free-threaded" in repr(machine)
    assert "GIL            off" in repr(machine)

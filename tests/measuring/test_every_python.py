"""An experiment runs the same under every Python that gilteach promises to work with."""

import platform

import pytest

import gilteach as gt

RUNNERS = [
    ("serial", None),
    ("threads", None),
    ("processes", None),
    ("processes", "fork"),
    ("processes", "spawn"),
    ("processes", "forkserver"),
]


@pytest.mark.parametrize(("runner", "start_method"), RUNNERS, ids=lambda value: value or "default")
def test_runs_under_every_python(python, pythons_here, runner, start_method):
    there = pythons_here[python]
    if start_method and start_method not in there.start_methods:
        pytest.skip(f"Python {python} has no start method {start_method} on {platform.system()}")

    run = gt.run("primes", runner, workers=2, tasks=5, size=100, start_method=start_method, python=python)

    assert run.results == [25] * 5
    assert run.machine.python.short == python
    assert run.spans["task"].tolist() == [0, 1, 2, 3, 4]
    assert run.wall > 0
    assert run.startup > 0
    if runner == "processes":
        assert run.spans["pid"].nunique() <= 2
    else:
        assert run.spans["pid"].nunique() == 1


@pytest.mark.parametrize(("runner", "start_method"), RUNNERS[:3], ids=lambda value: value or "default")
@pytest.mark.slow
def test_results_come_in_the_order_of_the_tasks(add_task, runner, start_method):
    # Naps of random length end in random order. No nap can have returned more seconds than its span lasted.
    nap = add_task(
        "def nap(size):\n"
        "    import random\n"
        "    length = random.uniform(0, size)\n"
        "    time.sleep(length)\n"
        "    return length\n"
    )
    run = gt.run(nap, runner, workers=3, tasks=12, size=0.1)
    lasted = run.spans["end_s"] - run.spans["start_s"]
    assert run.spans["task"].tolist() == list(range(12))
    assert (lasted >= run.results).all()


def test_the_gil_is_reported_as_it_is(python):
    run = gt.run("count", workers=1, size=10, python=python)
    assert run.machine.python.gil == (not python.endswith("t"))
    assert run.machine.python.free_threaded == python.endswith("t")


@pytest.mark.slow
def test_threads_without_the_gil_use_several_cores(free_threaded, two_cpus, measure_quietly):
    run = measure_quietly(
        lambda: gt.run("count", workers=2, size=3 * 10**6, python=free_threaded), lambda run: run.cores_busy > 1.3
    )
    assert not run.machine.python.gil

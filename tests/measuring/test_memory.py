"""What measurements take in memory: a thousand runs, and a traced minute, fit into 50 MB each."""

import copy
import gc
import json
import tracemalloc

import pytest

import gilteach as gt
from gilteach.measuring import execution
from gilteach.measuring.plan import make_plan
from gilteach.show import run_figure

pytestmark = pytest.mark.slow

LIMIT = 50_000_000  # bytes


@pytest.fixture
def memory(make_run, make_sweep):
    """Count the bytes allocated from now on; return what is in use, and the most that was."""
    make_run().figure().png()  # imports what figures need, once for all measurements
    make_sweep((0, make_run())).figure().png()
    gc.collect()
    tracemalloc.start()
    yield tracemalloc.get_traced_memory
    tracemalloc.stop()


@pytest.fixture
def replay(monkeypatch):
    """Have a bench say again what it said before, as long and as much as wanted, without doing any work."""

    def measured(plan, change=lambda done: done):
        """Measure for real; return what measures the same again from the bench's own lines, and changed ones."""
        heard = []
        converse = execution.converse

        def listening(*arguments):
            heard.append(converse(*arguments))
            return heard[-1]

        with monkeypatch.context() as patch:
            patch.setattr(execution, "converse", listening)
            execution.execute(plan)
        ready, done, meter = heard[0]
        line, curve = json.dumps(change(done)), meter._readings

        def again(*arguments):
            meter_again = copy.copy(meter)
            meter_again._readings = list(curve)
            return dict(ready), json.loads(line), meter_again

        class NoBench:
            pid, output = 0, ""

        def execute(plan, stop=None):
            return execution._measure(NoBench, plan, {}, [], stop)

        monkeypatch.setattr(execution, "converse", again)
        monkeypatch.setattr("gilteach.measuring.sweeps.execute", execute)
        return execute, meter

    return measured


def test_a_sweep_of_a_thousand_runs_fits_into_50_megabytes(replay, memory):
    # Of 64 tasks each, and a second or so, which is what sweeps are made of.
    plan = make_plan("wait", workers=8, tasks=64, size=0.1)
    replay(plan)
    sweep = gt.sweep("wait", "threads", workers=8, tasks=64, size=0.1, repeats=1000, progress=False)
    sweep.figure().png()
    for run in sweep.runs:
        assert len(run.spans) == 64  # each run's tables are kept once they have been asked for
        assert len(run.samples) > 30
    gc.collect()
    in_use, _ = memory()
    assert len(sweep.runs) == 1000
    assert in_use < LIMIT


def test_a_traced_minute_fits_into_50_megabytes(replay, memory):
    # Two threads that take turns every 5 ms have 12,000 slices a minute, and the curve has 3,000 points.
    def last_a_minute(done):
        start, wall = done["start"], 60.0
        turns = [[start + 0.005 * turn, start + 0.005 * (turn + 1)] for turn in range(12_000)]
        spans = [(*span[:3], start, start + wall, wall / 2) for span in done["spans"]]
        return done | {"end": start + wall, "cpu": wall, "spans": spans, "slices": [turns[0::2], turns[1::2]]}

    plan = make_plan("count", workers=2, size=10**5, trace=True)
    execute, meter = replay(plan, last_a_minute)
    start = meter._readings[0][0]
    meter._readings[:] = [(start + 0.02 * step, 0.02 * step) for step in range(3100)]
    run = execute(plan)
    figure = run_figure.run_figure(run, 0.0, run.wall)
    figure.png()
    _, most = memory()
    assert len(run.slices) == 12_000
    assert len(run.samples) >= 2900
    assert most < LIMIT

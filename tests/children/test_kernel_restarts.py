"""A real kernel that is interrupted, restarted or killed while it measures: nothing of it is left two seconds later."""

import os
import time

import pytest
from jupyter_client.manager import KernelManager

import leftovers

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="ends kernels by signals")]

SWEEP = "gt.sweep('wait', 'threads', workers=[1], size=0.4, repeats=50, progress=False)"
PANEL_IN_THE_CELL = "gt.Experiment('count', runners='processes', workers=2, size=10**10).run()"
PANEL = "panel = gt.Experiment('count', runners='processes', workers=2, size=10**10); panel._press_run()"
PROGRAM = 'gt.measure(\'import subprocess, sys\\nsubprocess.run([sys.executable, "-c", "while True: pass"])\')'
MESSAGES = "gt.messages('shared memory', 1_000_000, seconds=10, progress=False)"
HOLDS = "%%task\ndef holds(size):\n    return sum(range(10**12))"
TASK = "%%task\ndef mine(size):\n    while True: pass"


class Kernel:
    """A kernel of its own, driven as JupyterLab drives it."""

    def __init__(self):
        self.manager = KernelManager(kernel_name="python3")
        self.manager.shutdown_wait_time = 1.0  # s; JupyterLab's 5, after which a kernel that doesn't answer is killed
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        self.do("import gilteach as gt")

    def do(self, cell):
        """Run a cell to its end; return what its last expression gives, or the name of its error."""
        return self.outcome(self.client.execute(cell), 30)

    def outcome(self, message, seconds):
        given = None
        deadline = time.monotonic() + seconds
        while True:
            answer = self.client.get_iopub_msg(timeout=max(0.1, deadline - time.monotonic()))
            if answer["parent_header"].get("msg_id") != message:
                continue
            content = answer["content"]
            if answer["msg_type"] == "execute_result":
                given = content["data"]["text/plain"]
            elif answer["msg_type"] == "error":
                given = content["ename"]
            elif answer["msg_type"] == "status" and content["execution_state"] == "idle":
                return given

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_wait_time = 10.0  # s; one that is killed leaves its folder
        self.manager.shutdown_kernel()
        self.manager.cleanup_resources()


@pytest.fixture
def kernel(started_processes):
    made = Kernel()
    yield made
    made.close()


@pytest.fixture
def under_way(kernel, started_processes, wait_until):
    """Start a cell and wait until what it starts computes or waits; return its message's id."""

    def start(cell, processes):
        message = kernel.client.execute(cell)
        assert wait_until(lambda: len(started_processes()) >= 1 + processes, 20), started_processes()
        time.sleep(0.3)
        return message

    return start


@pytest.fixture
def assert_only_the_kernel_is_left(kernel, started_processes, wait_until):
    def check(alive):
        here = {kernel.manager.provisioner.pid} if alive else set()

        def others():
            return [process for process in started_processes() if process.pid not in here]

        wait_until(lambda: not others(), 2)
        assert not others()

    return check


@pytest.mark.parametrize(
    ("cell", "processes"), [(PANEL, 4), (PROGRAM, 3), (MESSAGES, 3)], ids=["panel", "program", "messages"]
)
def test_killed(kernel, under_way, assert_only_the_kernel_is_left, assert_nothing_left, cell, processes):
    under_way(cell, processes)
    kernel.manager.signal_kernel(9)
    assert_only_the_kernel_is_left(alive=False)
    assert_nothing_left(connections=False)  # this process's client goes on looking for the kernel


def test_killed_while_a_task_lets_no_other_thread_run(kernel, under_way, assert_only_the_kernel_is_left):
    kernel.do(HOLDS)
    under_way("gt.run(holds, 'serial')", 2)
    kernel.manager.signal_kernel(9)
    assert_only_the_kernel_is_left(alive=False)


@pytest.mark.parametrize(("cell", "processes"), [(PANEL, 4), (PROGRAM, 3)], ids=["panel", "program"])
def test_restarted(kernel, under_way, assert_only_the_kernel_is_left, cell, processes):
    under_way(cell, processes)
    kernel.manager.restart_kernel()
    assert_only_the_kernel_is_left(alive=True)
    kernel.client.wait_for_ready(timeout=60)
    kernel.do("import gilteach as gt")
    assert kernel.do("gt.run('count', workers=1, size=10).results") == "[10]"


@pytest.mark.parametrize(("cell", "processes"), [(PANEL_IN_THE_CELL, 4), (PROGRAM, 3)], ids=["panel", "program"])
def test_interrupted(kernel, under_way, assert_only_the_kernel_is_left, cell, processes):
    message = under_way(cell, processes)
    kernel.manager.interrupt_kernel()
    assert kernel.outcome(message, 10) == "KeyboardInterrupt"
    assert_only_the_kernel_is_left(alive=True)
    assert kernel.do("gt.run('count', workers=1, size=10).results") == "[10]"


def test_an_interrupted_sweep_gives_what_it_has(
    kernel, under_way, started_processes, wait_until, assert_only_the_kernel_is_left
):
    message = under_way(SWEEP, 1)
    benches = set()

    def first_run_is_done():
        benches.update(one.pid for one in started_processes() if leftovers.command(one).endswith("bench"))
        return len(benches) > 1

    assert wait_until(first_run_is_done, 30)
    kernel.manager.interrupt_kernel()
    assert_only_the_kernel_is_left(alive=True)
    assert "of 50 planned, interrupted" in kernel.outcome(message, 10)  # with a figure: that takes its time


def test_a_panel_goes_on_measuring_when_a_cell_is_interrupted(kernel, under_way):
    under_way(PANEL, 3)
    message = kernel.client.execute("print('begun', flush=True)\nimport time\ntime.sleep(60)")
    while kernel.client.get_iopub_msg(timeout=30)["content"].get("text") != "begun\n":
        pass
    kernel.manager.interrupt_kernel()
    assert kernel.outcome(message, 10) == "KeyboardInterrupt"
    assert kernel.do("panel._status.value").startswith("'run 1 of 1")
    assert kernel.do("panel.stop()") is None


def test_what_a_killed_kernel_left_goes_with_the_next_one(kernel, wait_until):
    kernel.do(TASK)
    folder = kernel.do("mine.__code__.co_filename").strip("'")
    assert os.path.exists(folder)
    kernel.manager.signal_kernel(9)
    kernel.manager.restart_kernel(now=True)
    kernel.client.wait_for_ready(timeout=60)
    kernel.do("import gilteach as gt")
    kernel.do(TASK)
    assert not os.path.exists(folder)
    assert os.path.exists(kernel.do("mine.__code__.co_filename").strip("'"))

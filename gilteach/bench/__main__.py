"""The bench: one experiment in a disposable interpreter.

    kernel                                    bench
    ──────                                    ─────
    request, one line of JSON   ── stdin ──►  start the workers, all answer once
                                ◄─ stdout ──  ready: pids, start-up time
    first sample, then "go"     ── stdin ──►  run the tasks
                                ◄─ stdout ──  done: times, spans, slices, results   (or error)
    last sample, close          ── stdin ──►  let the workers go, exit

Nothing is written while tasks run: writing would take the GIL from the threads under test. Whoever
starts a bench keeps its standard input open; when that closes before the work is done, the kernel
has died, and the bench ends itself and its workers at once.
"""

import os
import time
import traceback
from concurrent.futures import BrokenExecutor

from functions import find_task
from kernel import Kernel
from runners import RUNNERS, NotReady
from values import encode
from work import Prepare, TaskFailed, Work

# That is 20 MB in the bench and 30 in the kernel; two threads that take turns every 5 ms get there in
# eight minutes.
MOST_SLICES = 100_000


def main():
    """Do what the kernel asks for, and return what it was done with, if all went well."""
    kernel = Kernel()
    request = kernel.request()
    if "channel" in request:
        from messages import measure_messages

        return measure_messages(kernel, request)
    forks = request["start_method"] == "fork"
    if not forks:
        kernel.listen()

    prepare = Prepare(request["task"], request["module"], request["switch_interval"])
    most_slices = max(100, MOST_SLICES // request["tasks"]) if request["trace"] else 0
    work = Work(request["task"], request["module"], request["size"], request["extras"], most_slices)
    runner = None
    try:
        find_task(request["task"], request["module"])  # here first: a worker couldn't say what is wrong with it
        asked = time.perf_counter()
        runner = RUNNERS[request["runner"]](request["workers"], prepare, request["start_method"])
        workers = runner.start()
        startup = time.perf_counter() - asked
        if forks:  # only now: forking a process that has threads can deadlock the child
            kernel.listen()

        kernel.tell_ready(startup, workers)
        kernel.go.wait()

        cpu_start = time.process_time()
        start = time.perf_counter()
        spans = runner.run(work, range(request["tasks"]))
        end = time.perf_counter()
        cpu_end = time.process_time()
    except TaskFailed as failure:
        task, text = failure.args
        kernel.tell("error", kind="task", task=task, traceback=text)
    except NotReady as error:
        kernel.tell("error", kind="start", traceback=str(error))
    except BrokenExecutor as error:
        if error.__cause__ is None or "terminated abruptly" in str(error.__cause__):
            kernel.tell_deaths_in_pool(runner.processes, runner.close)
        else:  # nobody died: the pool couldn't make a result out of what a worker had sent
            kernel.tell("error", kind="result", reason=str(error.__cause__).strip("\n'").splitlines()[-1])
    except Exception as error:
        # Once its processes have answered, all that a pool can still fail at is sending a result back.
        kind = "result" if kernel.worker_pids and runner.processes else "bench"
        kernel.tell("error", kind=kind, reason=str(error), traceback=traceback.format_exc())
    else:
        kernel.work_is_over = True
        kernel.tell(
            "done",
            start=start,
            end=end,
            cpu=cpu_end - cpu_start + workers_cpu(spans),
            spans=[span[:6] for span in spans],
            slices=[span.slices for span in spans],
            results=[encode(span.result) for span in spans],
        )
        kernel.closed.wait()
        runner.close()
        return runner
    kernel.closed.wait()


def workers_cpu(spans):
    """CPU seconds of the worker processes, each from its first task's start to its last task's end."""
    clocks = {}
    for span in spans:
        if span.pid != os.getpid():
            first, last = clocks.get(span.pid, (span.process_cpu_start, span.process_cpu_end))
            clocks[span.pid] = min(first, span.process_cpu_start), max(last, span.process_cpu_end)
    return sum(last - first for first, last in clocks.values())


# Workers that are spawned import this module under another name.
if __name__ == "__main__":
    # Kept to the end, where multiprocessing lets go of its semaphores one by one. Without a GIL, what a thread has
    # dropped may be freed while the resource tracker is being told of another one, of which it complains.
    used = main()

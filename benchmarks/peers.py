"""What gilteach's neighbours cost: the same two programs under each of them, and by themselves, interleaved.

    uv run --with psrecord --with viztracer --with scalene benchmarks/peers.py       about four minutes
    uv run --with psrecord --with viztracer --with scalene benchmarks/peers.py --pairs 5

psrecord draws a curve of CPU utilisation, viztracer a timeline, scalene a profile; each is used as its
own documentation says. A program times its work itself, from when its workers are ready: what a tool
takes to start and to write its report doesn't count. For the two that draw a curve, the area under it
is compared with the CPU time that the program has used by its own account.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ratios import pairs, report

import gilteach as gt

WORK = """
def is_prime(number):
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True


def work(size):
    return sum(is_prime(number) for number in range(size))
"""

PROGRAMS = {
    "two threads": """
import json, os, threading, time
from work import work

threads = [threading.Thread(target=work, args=(200_000,)) for _ in range(2)]
start = time.perf_counter()
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
wall = time.perf_counter() - start
print(json.dumps({"wall": wall, "cpu": sum(os.times()[:4])}))
""",
    "two processes": """
import json, multiprocessing, os, time
from work import work

def work_and_tell(barrier, ends):
    barrier.wait()
    work(200_000)
    ends.put(time.perf_counter())

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    barrier, ends = context.Barrier(3), context.SimpleQueue()
    workers = [context.Process(target=work_and_tell, args=(barrier, ends)) for _ in range(2)]
    for worker in workers:
        worker.start()
    barrier.wait()
    start = time.perf_counter()
    wall = max(ends.get() for _ in workers) - start
    for worker in workers:
        worker.join()
    print(json.dumps({"wall": wall, "cpu": sum(os.times()[:4])}))
""",
}

# psrecord by itself looks as often as it can; every 20 ms, as gilteach does, is kinder to it.
PEERS = {
    "psrecord": [
        "psrecord", "python {program}", "--interval", "0.02", "--include-children", "--plot", "plot.png",
        "--log", "activity.txt",
    ],
    "viztracer": ["viztracer", "-o", "result.json", "{program}"],
    "scalene": ["scalene", "run", "--cpu-only", "-o", "profile.json", "{program}"],
}  # fmt: skip


def account(output):
    """Return what a program said of itself, among whatever else was printed."""
    return json.loads(re.search(r"\{\"wall\".*?\}", output)[0])


def run(command, program):
    command = [word.format(program=program) for word in command]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    return account(answer.stdout)


def measured(program):
    """Have gilteach measure the program; what it prints is kept off the screen."""
    shown, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        return gt.measure(program)
    finally:
        sys.stdout.close()
        sys.stdout = shown


def area(ends, cores):
    """CPU seconds under a curve of (end of an interval, cores busy in it)."""
    return sum((end - start) * busy for start, end, busy in zip([0.0, *ends], ends, cores, strict=False))


def area_of_gilteach(program):
    result = measured(program)
    return (
        area(result.samples["time_s"].tolist(), result.samples["cores_busy"].tolist()) / account(result.output)["cpu"]
    )


def area_of_psrecord(program):
    cpu = run(PEERS["psrecord"], program)["cpu"]
    rows = [line.split() for line in Path("activity.txt").read_text().splitlines() if not line.startswith("#")]
    return area([float(row[0]) for row in rows], [float(row[1]) / 100 for row in rows]) / cpu


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=21, help="pairs for each ratio (21)")
    count = parser.parse_args().pairs
    peers = {name: command for name, command in PEERS.items() if shutil.which(name)}
    for name in PEERS.keys() - peers.keys():
        print(f"{name} isn't there: uv run --with {name} …")

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("work.py").write_text(WORK, encoding="utf-8")
        for name, text in PROGRAMS.items():
            program = f"{name.replace(' ', '_')}.py"
            Path(program).write_text(text, encoding="utf-8")

            def plain(program=program):
                return run([sys.executable, "{program}"], program)["wall"]

            ways = {"gt.measure": lambda program=program: account(measured(program).output)["wall"]}
            for peer, command in peers.items():
                ways[peer] = lambda program=program, command=command: run(command, program)["wall"]
            for way, through in ways.items():
                report(f"work under {way} ÷ by itself, {name}", pairs(through, plain, count))
            report(f"area under gt.measure's curve ÷ CPU time, {name}", [area_of_gilteach(program) for _ in range(5)])
            if "psrecord" in peers:
                report(f"area under psrecord's ÷ CPU time, {name}", [area_of_psrecord(program) for _ in range(5)])
        os.chdir("/")


if __name__ == "__main__":
    main()

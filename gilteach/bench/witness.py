"""The witness: who of a program's threads was executing when, seen from outside it (Linux).

    kernel                                         witness
    ──────                                         ───────
    a line for each new process, its pid ─ stdin ► opens the accounts of its threads
                                                   reads them all, every millisecond or more seldom
    "report"                             ─ stdin ►
                                        ◄─ stdout ─ slices: by thread, the stretches that it was executing or ready

The system keeps an account for each thread: nanoseconds executing, nanoseconds ready without a core, turns. It is
brought up to date at a scheduler's tick and whenever the thread is switched out, and a thread that gives up the GIL
is switched out. So an increment seen at a moment was executed right before it. The program is never touched.

Source: /proc/PID/task/TID/schedstat, Linux's Documentation/scheduler/sched-stats.rst.
"""

import ctypes
import gc
import json
import os
import struct
import sys
import time

SHORTEST_INTERVAL = 1.2e-3  # s
COARSE_INTERVAL = 3e-3  # s; where one thread executes alone, there are no turns to be told apart
A_WHILE = 1_000_000  # ns
MOST_SHARE = 0.018  # of a core, that looking may take; to wake up for it takes about as long as to look at five threads
LOOKS_BETWEEN_COUNTS = 4  # of the threads of a process
LOOKS_BETWEEN_LISTINGS = 80  # of threads whose number hasn't changed
LOOKS_BETWEEN_ORDERS = 8  # at what the kernel has said
LOOKS_BETWEEN_ACCOUNTS = 10  # of who executes and how long looking takes
TOLERANCE = 1e-3  # s; a shorter pause is no end of a slice: it may be a late look, or a neighbour's visit to the core
SHORTEST = 2e-4  # s; to ask for the GIL, a waiting thread wakes up for some microseconds
SHORTEST_READY = 2e-4  # s; every thread that is woken is ready for some microseconds
LONGEST_LOOK = 100_000  # ns
MOST_SLICES = 200_000
LATE = 4e-3  # s; looks further apart than a turn with the GIL lasts can't tell who had it


class Thread:
    """A thread's account, and the slice that is under way."""

    def __init__(self, pid, tid):
        self.pid, self.tid = pid, tid
        self.account = os.open(f"/proc/{pid}/task/{tid}/schedstat", os.O_RDONLY)
        self.said = b""
        self.noted = 0  # ns executed when somebody last asked
        self.executed = self.waited = 0  # ns
        self.first = time.perf_counter()
        self.begin = self.end = None  # of the slice under way
        self.total = 0.0  # s executed in it, and in moments before it that were too short for a slice
        self.told = 0.0  # until when its slices were told

    def update(self, account, now, slices):
        """Take over what the account says: what it has grown by was executed, or ready, since the last look."""
        self.said = account
        executed, waited, _ = map(int, account.split())
        ran, ready = (executed - self.executed) / 1e9, (waited - self.waited) / 1e9
        self.executed, self.waited = executed, waited
        begin = now - ran
        if ready >= SHORTEST_READY:
            self.close(slices)
            self.add(slices, begin - ready, begin, "ready")
        if ran:
            if self.begin is not None and begin - self.begin - self.total > TOLERANCE:
                self.close(slices)
            if self.begin is None:
                self.begin = begin - self.total
                self.first = min(self.first, begin)
            self.end = now
            self.total += ran

    def close(self, slices):
        """End the slice under way: it is as long as what was executed in it. A moment is added to the next one."""
        if self.begin is not None and self.total >= SHORTEST:
            self.add(slices, self.end - self.total, self.end, "executing")
            self.total = 0.0
        self.begin = None

    def add(self, slices, begin, end, state):
        begin = max(begin, self.told)
        if end > begin and len(slices) < MOST_SLICES:
            slices.append((self.pid, self.tid, begin, end, state))
            self.told = end

    def name(self):
        """The system's name for it, which Python sets from 3.14 on."""
        try:
            with open(f"/proc/{self.pid}/task/{self.tid}/comm", encoding="utf-8", errors="replace") as file:
                return file.read().rstrip("\n")
        except OSError:
            return ""


class Witness:
    def __init__(self):
        self.threads = {}  # by process and thread
        self.counts = {}  # by process, how many threads it had
        self.ended = []  # facts about threads, as reported
        self.slices = []
        self.names = {}
        self.looks, self.new = 0, False
        self.looked = time.perf_counter()
        self.blind = 0.0  # s; the time between looks that came late

    def watch(self, pid):
        self.counts.setdefault(pid, None)
        self.new = True

    def look(self):
        """Read all accounts once."""
        self.looks += 1
        before, self.looked = self.looked, time.perf_counter()
        if self.looked - before > LATE and self.threads:
            self.blind += self.looked - before
        if self.new or not self.looks % LOOKS_BETWEEN_COUNTS:
            self.new = False
            for pid in [*self.counts]:
                self.find_threads(pid)
        read, now, slices = os.pread, time.perf_counter, self.slices
        thread = None
        try:
            for thread in self.threads.values():
                account = read(thread.account, 64, 0)
                if account != thread.said:
                    thread.update(account, now(), slices)
        except (OSError, ValueError):  # it has ended; the others are read at the next look
            self.forget((thread.pid, thread.tid))

    def several_execute(self):
        """Whether more than one thread has executed for a while since this was last asked."""
        count = 0
        for thread in self.threads.values():
            count += thread.executed - thread.noted > A_WHILE
            thread.noted = thread.executed
        return count > 1

    def find_threads(self, pid):
        folder = f"/proc/{pid}/task"
        try:
            count = os.stat(folder).st_nlink
            if count == self.counts[pid] and self.looks % LOOKS_BETWEEN_LISTINGS:
                return
            self.counts[pid] = count
            there = {int(name) for name in os.listdir(folder)}
        except OSError:
            there = set()
            del self.counts[pid]
        for tid in there:
            if (pid, tid) not in self.threads:
                try:
                    self.threads[pid, tid] = Thread(pid, tid)
                except OSError:
                    continue  # it has ended already
            if not self.looks % LOOKS_BETWEEN_LISTINGS or (pid, tid) not in self.names:
                self.names[pid, tid] = self.threads[pid, tid].name() or self.names.get((pid, tid), "")
        for key in [key for key in self.threads if key[0] == pid and key[1] not in there]:
            self.forget(key)

    def forget(self, key):
        thread = self.threads.pop(key)
        os.close(thread.account)
        thread.close(self.slices)
        self.ended.append((*key, self.names.get(key, ""), thread.first, self.looked, thread.executed / 1e9))

    def report(self):
        for key in [*self.threads]:
            self.forget(key)
        return {"event": "witnessed", "slices": self.slices, "threads": self.ended, "blind": self.blind}


def ask_for_a_core_at_once():
    """Have the scheduler give this process its core as soon as it wakes up, and not at the next tick.

    One that says that it never needs a core for longer than 0.1 ms may interrupt others (Linux 6.12 and newer; no
    privilege is needed). Without, looks come up to 8 ms late whenever the program's thread is on the same core.
    """
    number = {"x86_64": 314, "aarch64": 274}.get(os.uname().machine)  # of the system call sched_setattr
    if number:
        size, policy, flags, nice, priority = 48, 0, 0, os.getpriority(os.PRIO_PROCESS, 0), 0
        attributes = struct.pack("IIQiIQQQ", size, policy, flags, nice, priority, LONGEST_LOOK, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)  # where that isn't known, nothing changes


def orders():
    """Yield the lines on standard input that have come since the last time; None once it is closed."""
    unread = b""
    os.set_blocking(0, False)
    while True:
        try:
            read = os.read(0, 1 << 16)
        except BlockingIOError:
            yield []
            continue
        *lines, unread = (unread + read).split(b"\n")
        yield lines if read else None


def main():
    gc.disable()  # nothing here refers to itself
    ask_for_a_core_at_once()
    witness, ordered = Witness(), orders()
    interval, took = SHORTEST_INTERVAL, []
    while True:
        time.sleep(interval)  # to wait for orders at the same time takes twice as long
        witness.look()
        took.append(time.perf_counter() - witness.looked)
        if witness.looks % LOOKS_BETWEEN_ORDERS == 0 or not witness.counts:
            lines = next(ordered)
            if lines is None:
                return  # the kernel has died
            for line in lines:
                if line == b"report":
                    sys.stdout.write(json.dumps(witness.report()) + "\n")
                    return
                witness.watch(int(line))
        if len(took) == LOOKS_BETWEEN_ACCOUNTS:
            interval = SHORTEST_INTERVAL if witness.several_execute() else COARSE_INTERVAL
            interval = max(interval, sorted(took)[len(took) // 2] / MOST_SHARE)  # many threads: more seldom
            took.clear()


if __name__ == "__main__":
    main()

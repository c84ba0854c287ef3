"""Notes when the threads and processes of a measured program begin and end, from inside it.

    kernel                                        each Python process of the program
    ──────                                        ──────────────────────────────────
    PYTHONPATH = this folder, then as before ──►  imports this module before its own first line
    reads the notes           ◄── file <pid> ───  a line for each begin and each end
    SIGURG, if time is up                    ──►
    reads where they stood ◄─ <pid>.stacks ─────  faulthandler writes every thread's stack

Python imports a module of this name when it starts (see `site`), so the program itself is run by a
plain ``python program.py`` and is ``__main__``, and what it spawns is recorded as well. Between a
thread's begin and its end nothing of this runs: a note costs some 4 µs.
"""

import atexit
import os
import sys
import threading
import time

FOLDER = os.environ.get("GILTEACH_NOTES", os.devnull)  # no folder, so that nothing is noted
notes, notes_file = -1, None  # the descriptor that this process writes to, and which file that is


def file_of(descriptor):
    """Return inode and device, or None if nothing is open there."""
    try:
        return os.fstat(descriptor)[1:3]
    except OSError:
        return None


def ours_is_open():
    """Whether our file is still there: programs that become daemons close it, and may open another in its place."""
    return notes_file is not None and file_of(notes) == notes_file


def note(thread, **facts):
    """Write down facts about a thread (a native id), or about the process (None)."""
    try:
        if ours_is_open():
            os.write(notes, ascii((thread, facts)).encode() + b"\n")
    except OSError:
        pass  # the disk is full


def begin_process():
    global notes, notes_file
    if ours_is_open():
        os.close(notes)  # the parent's, after a fork
    notes, notes_file = -1, None
    path = f"{FOLDER}{os.sep}{os.getpid()}"
    new = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    notes = os.open(path, new)
    notes_file = file_of(notes)
    now = time.perf_counter()
    start = now - age()
    note(None, name=own_name(), start=start)
    note(threading.get_native_id(), name="MainThread", ident=threading.get_ident(), start=start)
    import faulthandler  # not before the file is open: in further interpreters it can't be imported

    if hasattr(faulthandler, "register"):
        from _signal import SIGURG  # ignored by default, so nobody misses it; `signal` takes 3 ms to import

        faulthandler.register(SIGURG, os.open(f"{path}.stacks", new))
    else:
        # Windows: no such signals. Nothing forks there, so a thread that waits for the time disturbs nobody.
        left = float(os.environ["GILTEACH_DEADLINE"]) - now
        faulthandler.dump_traceback_later(max(0.001, left), file=os.open(f"{path}.stacks", new))
    note_multiprocessing_name()


def age():
    """Seconds since this process was started.

    An interpreter is busy from its birth until it gets here, unless it has to wait for a core: Linux knows when
    it was born, to a clock tick.
    """
    busy = time.process_time()
    if sys.platform == "linux":
        with open("/proc/self/stat", "rb") as file:
            born = int(file.read().rpartition(b")")[2].split()[19]) + 1  # in clock ticks, at the latest
        return max(busy, time.clock_gettime(time.CLOCK_BOOTTIME) - born / os.sysconf("SC_CLK_TCK"))
    return busy


def end_process():
    """Write the last notes; called twice, it corrects them."""
    now = time.perf_counter()
    for thread in threading.enumerate():  # this one, and daemons
        note(thread.native_id, end=now, cpu=thread_clock(thread))
    note(None, end=now, cpu=time.process_time())


def thread_clock(thread):
    """CPU seconds used by a thread of this process; None where only the thread itself can tell."""
    if thread is threading.current_thread():
        return time.thread_time()
    try:
        # As the kernel's side makes the clock of a process, with the bit that says "of one thread".
        return time.clock_gettime(~thread.native_id << 3 | 6) if sys.platform == "linux" else None
    except OSError:
        return None


def own_name():
    command = " ".join(sys.orig_argv)
    for helper in ("forkserver", "resource_tracker", "spawn"):
        if f"from multiprocessing.{helper} import" in command:
            return helper
    for word in sys.orig_argv[1:]:
        if word == "-c":
            return "python -c"  # the next word is a whole program
        if not word.startswith("-"):
            return os.path.basename(word)
    return "python"


def note_multiprocessing_name():
    """Have a process that multiprocessing has started tell its name, such as ``Process-1``."""
    if "--multiprocessing-fork" in sys.orig_argv:  # spawned; it is about to import this itself
        import multiprocessing.process  # noqa: F401
    module = sys.modules.get("multiprocessing.process")
    if module is None:
        return
    bootstrap = module.BaseProcess._bootstrap

    def noted_bootstrap(process, *args, **kwargs):
        note(None, name=process.name)
        return bootstrap(process, *args, **kwargs)

    module.BaseProcess._bootstrap = noted_bootstrap


def noted_thread(thread, bootstrap=threading.Thread._bootstrap_inner):
    native_id = threading.get_native_id()
    note(native_id, name=thread.name, ident=threading.get_ident(), start=time.perf_counter())
    try:
        bootstrap(thread)
    finally:
        note(native_id, name=thread.name, end=time.perf_counter(), cpu=time.thread_time())


def noted_exit(status, exit_at_once=os._exit):
    end_process()  # forked workers leave this way, without atexit
    exit_at_once(status)


def install():
    begin_process()
    threading.Thread._bootstrap_inner = noted_thread
    os._exit = noted_exit
    atexit.register(end_process)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin_process)


for stream in (sys.stdout, sys.stderr):
    if stream is not None:  # by lines, as in a terminal, so that they can be shown as they appear
        stream.reconfigure(
            encoding="utf-8", errors=stream.errors, newline="\n", line_buffering=True, write_through=False
        )
try:
    install()
except OSError:
    # The folder is gone, so nobody will read; or there is a file already, because this is a further
    # interpreter in a process that is being recorded (InterpreterPoolExecutor).
    pass

# Make way for the environment's own module of this name.
sys.path.remove(os.path.dirname(__file__))
this = sys.modules.pop("sitecustomize")
try:
    import sitecustomize  # noqa: F401
except ImportError:
    sys.modules["sitecustomize"] = this

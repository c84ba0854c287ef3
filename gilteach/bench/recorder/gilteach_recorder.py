"""Notes when the threads and processes of a measured program begin and end, from inside it.

    kernel                                        each Python process of the program
    ──────                                        ──────────────────────────────────
    PYTHONPATH = this folder, then as before ──►  sitecustomize runs this before its own first line
    reads the notes           ◄── file <pid> ───  a line for each begin and each end
    SIGURG, if time is up                    ──►
    reads where they stood ◄─ <pid>.stacks ─────  faulthandler writes every thread's stack

The program itself is run by a plain ``python program.py`` and is ``__main__``, and what it spawns is recorded as
well. Between a thread's begin and its end nothing of this runs: a note costs some 4 µs.

Nothing is imported here that a program could have a module of its own for: only what is built into the interpreter,
or what it has imported itself before. The modules that are looked after are changed when the program imports them.
"""

import atexit
import os
import sys
import time
from _thread import get_ident, get_native_id

FOLDER = os.environ.get("GILTEACH_NOTES", os.devnull)  # no folder, so that nothing is noted
MOST_FILES = 256  # descriptors that are looked at for our own file
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


def begin_process(forked=False):
    global notes, notes_file
    if ours_is_open():
        os.close(notes)  # the parent's, after a fork
    notes, notes_file = -1, None
    path = f"{FOLDER}{os.sep}{os.getpid()}"
    if in_a_further_interpreter(path):
        return
    write = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    notes = os.open(path, write)
    notes_file = file_of(notes)
    now = time.perf_counter()
    start = now - age()
    # "begin" has the kernel forget what was noted of this process before it became another program (exec).
    note(None, name=own_name(), start=start, begin="fork" if forked else "exec", executable=executable())
    note(get_native_id(), name="MainThread", ident=get_ident(), start=start)
    import faulthandler  # not before the file is open: in further interpreters it can't be imported

    if hasattr(faulthandler, "register"):
        from _signal import SIGURG  # ignored by default, so nobody misses it; `signal` takes 3 ms to import

        faulthandler.register(SIGURG, os.open(f"{path}.stacks", write))
    else:
        # Windows: no such signals. Nothing forks there, so a thread that waits for the time disturbs nobody.
        left = float(os.environ["GILTEACH_DEADLINE"]) - now
        faulthandler.dump_traceback_later(max(0.001, left), file=os.open(f"{path}.stacks", write))


def in_a_further_interpreter(path):
    """Whether this is another interpreter in a process that is being recorded already (InterpreterPoolExecutor).

    Its first one has the file open. A process that has become another program hasn't: its files were closed.
    """
    try:
        file = os.stat(path)[1:3]
    except OSError:
        return False
    return os.name == "nt" or any(file_of(descriptor) == file for descriptor in range(MOST_FILES))


def executable():
    """Return the file that this process executes, where the system tells (Linux)."""
    try:
        return os.readlink("/proc/self/exe")
    except OSError:
        return None


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
    threading = sys.modules.get("threading")
    if hasattr(threading, "enumerate"):
        for thread in threading.enumerate():  # this one, and daemons
            if thread.native_id is not None:
                note(thread.native_id, name=thread.name, end=now, cpu=thread_clock(thread.native_id))
    else:
        note(get_native_id(), end=now, cpu=time.thread_time())
    note(None, end=now, cpu=time.process_time())


def thread_clock(native_id):
    """CPU seconds used by a thread of this process; None where only the thread itself can tell."""
    if native_id == get_native_id():
        return time.thread_time()
    try:
        # As the kernel's side makes the clock of a process, with the bit that says "of one thread".
        return time.clock_gettime(~native_id << 3 | 6) if sys.platform == "linux" else None
    except OSError:
        return None


def own_name():
    command = " ".join(sys.orig_argv)
    for helper in ("forkserver", "resource_tracker", "spawn"):
        if f"from multiprocessing.{helper} import" in command:
            return helper
    if "resource_tracker import main" in command:
        return "resource_tracker"  # loky's
    for place, word in enumerate(sys.orig_argv[1:], 1):
        if word == "-c":
            return "python -c"  # the next word is a whole program
        if word == "-m":
            module = sys.orig_argv[place + 1 : place + 2]
            return "loky worker" if ".loky." in "".join(module) else f"python -m {''.join(module)}"
        if not word.startswith("-"):
            return os.path.basename(word)
    return "python"


# ── the modules that are looked after ────────────────────────────────────────────────────────


def note_threads(threading):
    """Have threads tell when they begin and end."""
    kind = getattr(threading, "Thread", None)
    bootstrap = getattr(kind, "_bootstrap_inner", None)
    if bootstrap is None:
        return  # a module of the program's own with this name

    def noted_thread(thread):
        native_id = get_native_id()
        note(native_id, name=thread.name, ident=get_ident(), start=time.perf_counter())
        try:
            bootstrap(thread)
        finally:
            note(native_id, name=thread.name, end=time.perf_counter(), cpu=time.thread_time())

    kind._bootstrap_inner = noted_thread


def note_process_names(process):
    """Have processes that multiprocessing starts tell their names, such as ``Process-1``."""
    kind = getattr(process, "BaseProcess", None)
    bootstrap = getattr(kind, "_bootstrap", None)
    if bootstrap is None:
        return

    def noted_bootstrap(process, *args, **kwargs):
        note(None, name=process.name)
        return bootstrap(process, *args, **kwargs)

    kind._bootstrap = noted_bootstrap


LOOKED_AFTER = {"threading": note_threads, "multiprocessing.process": note_process_names}


class Finder:
    """Has others find a module, and changes it once it has been executed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        change = LOOKED_AFTER.get(name)
        if change is None:
            return None
        for finder in sys.meta_path:
            spec = finder.find_spec(name, path, target) if finder is not Finder else None
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = Loader(spec.loader, change)
                return spec
        return None


class Loader:
    def __init__(self, loader, change):
        self.loader, self.change = loader, change

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.loader  # as if nobody had stood in between
        self.loader.exec_module(module)
        self.change(module)


def noted_exit(status, exit_at_once=os._exit):
    end_process()  # forked workers leave this way, without atexit
    exit_at_once(status)


def install():
    begin_process()
    if notes_file is None:
        return
    for name, change in LOOKED_AFTER.items():
        if name in sys.modules:
            change(sys.modules[name])
    sys.meta_path.insert(0, Finder)
    os._exit = noted_exit
    atexit.register(end_process)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: begin_process(forked=True))


def record():
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # by lines, as in a terminal, so that they can be shown as they appear
            stream.reconfigure(encoding="utf-8", errors=stream.errors, newline="\n", line_buffering=True)
    try:
        install()
    except OSError:
        pass  # the folder is gone, so nobody will read

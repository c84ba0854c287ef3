"""An interleaving: the order in which the steps of two threads are executed, chosen one step at a time.

Nothing here runs in a thread. It is a model of what threads may do: each takes the three steps of
``counter = counter + 1`` in their order, and between any two steps the other one may have its turn.
"""

import ast
from functools import partial

from .. import check
from ..errors import BadType, BadValue

THREADS = ("A", "B")
UPDATE = ("read", "add", "write")
LOCKED_UPDATE = ("take the lock", *UPDATE, "release the lock")


class _State:
    """What both threads see, what each has for itself, and how far each has come."""

    def __init__(self, lock):
        self.steps = LOCKED_UPDATE if lock else UPDATE
        self.order = ""
        self.counter = 0
        self.holder = None  # of the lock
        self.registers = dict.fromkeys(THREADS)
        self.taken = dict.fromkeys(THREADS, 0)  # steps

    def next(self, thread):
        taken = self.taken[thread]
        return self.steps[taken] if taken < len(self.steps) else None

    @property
    def available(self):
        return tuple(thread for thread in THREADS if self.next(thread) and not self.waits(thread))

    @property
    def done(self):
        return not any(map(self.next, THREADS))

    @property
    def lost(self):
        return len(THREADS) - self.counter

    def waits(self, thread):
        return self.next(thread) == "take the lock" and self.holder is not None

    def take(self, thread):
        step = self.next(check.choice("thread", thread, THREADS))
        if step is None:
            raise BadValue(f"thread {thread} has taken all its steps (after {self.order!r})")
        if self.waits(thread):
            raise BadValue(f"thread {thread} waits for the lock, which {self.holder} has (after {self.order!r})")
        if step == "take the lock":
            self.holder = thread
        elif step == "read":
            self.registers[thread] = self.counter
        elif step == "add":
            self.registers[thread] += 1
        elif step == "write":
            self.counter = self.registers[thread]
        else:
            self.holder = None
        self.taken[thread] += 1
        self.order += thread

    @classmethod
    def after(cls, order, lock):
        state = cls(lock)
        for thread in order:
            state.take(thread)
        return state


class Interleaving:
    """Two threads, A and B, that each do ``counter = counter + 1``, one step at a time.

    Display it as the last expression of a cell: its buttons choose whose step is next.

    Parameters
    ----------
    lock : bool
        Whether each thread takes a lock before it reads and releases it after it has written.
    line : str
        The update whose bytecode is shown beside the steps: a statement that reads ``counter`` and
        assigns to it, such as ``"counter = counter + one()"``.

    Attributes
    ----------
    threads : tuple of str
        Their names.
    order : str
        The steps so far, such as ``"ABB"``.
    counter : int
        The shared value.
    registers : dict
        By thread, what it has read and added up for itself; None before it has read.

    Raises
    ------
    BadValue
        If `line` isn't a statement that updates ``counter``.
    """

    threads = THREADS

    def __init__(self, *, lock=False, line="counter = counter + 1"):
        if not isinstance(lock, bool):
            raise BadType(f"lock must be True or False, not {lock!r}")
        self.lock = lock
        self.line = _checked_line(line)
        self.steps = LOCKED_UPDATE if lock else UPDATE
        self.all = partial(self.all, lock=lock)  # of an instance: those of its own kind
        self._view = None
        self.reset()

    # ── one interleaving ─────────────────────────────────────────────────────────────────────

    def step(self, thread):
        """Have a thread take its next step.

        Parameters
        ----------
        thread : {"A", "B"}
            The thread.

        Raises
        ------
        BadValue
            If it has none: it has taken all its steps, or it waits for the lock.
        """
        self._state.take(thread)
        self._show()

    def undo(self):
        """Take the last step back.

        Raises
        ------
        BadValue
            If there is none.
        """
        if not self.order:
            raise BadValue("no step has been taken yet, so there is none to take back")
        self.replay(self.order[:-1])

    def reset(self):
        """Start again: no step taken, the counter at 0."""
        self.replay("")

    def replay(self, order):
        """Start again and take the steps of `order`.

        Parameters
        ----------
        order : str
            Such as ``"ABABAB"``: whose step comes first, second, ….

        Raises
        ------
        BadValue
            If a thread has no such step; nothing has changed then.
        """
        if not isinstance(order, str):
            raise BadType(f"order must be a string such as 'ABABAB', not {order!r}")
        self._state = _State.after(order, self.lock)
        self._show()

    order = property(lambda self: self._state.order)
    counter = property(lambda self: self._state.counter)
    registers = property(lambda self: dict(self._state.registers))

    @property
    def next(self):
        """By thread, the name of its next step; None when it has taken all of them."""
        return {thread: self._state.next(thread) for thread in THREADS}

    @property
    def available(self):
        """The threads that can take a step now."""
        return self._state.available

    @property
    def done(self):
        """Whether both threads have taken all their steps."""
        return self._state.done

    @property
    def lost(self):
        """How many updates were lost; None before both threads are done."""
        return self._state.lost if self.done else None

    # ── all of them ──────────────────────────────────────────────────────────────────────────

    @classmethod
    def all(cls, *, lock=False):
        """Go through all interleavings there can be.

        Parameters
        ----------
        lock : bool
            As above; of an instance, its own.

        Returns
        -------
        pandas.DataFrame
            A row each: ``order``, ``final_value``, ``updates_lost``.
        """
        import pandas as pd

        outcomes, begun = [], [""]
        while begun:
            state = _State.after(begun.pop(), lock)
            if state.done:
                outcomes.append((state.order, state.counter, state.lost))
            begun += [state.order + thread for thread in reversed(state.available)]
        return pd.DataFrame(outcomes, columns=["order", "final_value", "updates_lost"])

    @property
    def summary(self):
        """How many of all interleavings lose an update, in words."""
        lost = self.all()["updates_lost"]
        losing = (lost > 0).sum()
        return f"Of {len(lost)} interleavings, {losing or 'none'} {'lose' if losing > 1 else 'loses'} an update."

    # ── in a notebook ────────────────────────────────────────────────────────────────────────

    def _show(self):
        if self._view:
            self._view.update()

    def _repr_mimebundle_(self, include=None, exclude=None):
        from .interleaving_view import View

        self._view = self._view or View(self)
        return self._view.bundle()

    def __repr__(self):
        return f"<Interleaving {self.order!r}, counter {self.counter}>"


def _checked_line(line):
    """Return a line of Python if it reads the counter and assigns to it."""
    example = "such as 'counter = counter + 1'"
    if not isinstance(line, str):
        raise BadType(f"line must be a statement {example}, not {line!r}")
    try:
        body = ast.parse(line.strip()).body
    except SyntaxError as error:
        raise BadValue(f"line must be a statement {example}; {line!r} isn't Python ({error.msg})") from None
    uses = [node.ctx for statement in body for node in ast.walk(statement) if getattr(node, "id", "") == "counter"]
    assigns = any(isinstance(use, ast.Store) for use in uses)
    reads = any(isinstance(use, ast.Load) for use in uses) or (body and isinstance(body[0], ast.AugAssign))
    if len(body) != 1 or "\n" in line.strip() or not (assigns and reads):
        raise BadValue(f"line must be one statement {example} that reads counter and assigns to it, not {line!r}")
    return line.strip()

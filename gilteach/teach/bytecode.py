"""The instructions that a line of Python becomes, and where the interpreter may switch threads in it.

Only the standard library is imported here, so that tests can ask every Python the same.
"""

import dis
import sys
import types
from typing import NamedTuple

# A thread that is asked for the GIL looks for that at these instructions only: where a function begins, where
# a loop jumps back, and after a call. They are the ones with CHECK_EVAL_BREAKER in CPython's Python/ceval.c
# (3.11) and Python/bytecodes.c (3.12), and with _CHECK_PERIODIC there from 3.13 to 3.15. Nobody promises
# that it stays so.
SWITCH_POINTS = {"RESUME", "JUMP_BACKWARD", "CALL", "CALL_KW", "CALL_FUNCTION_EX"}


class Instruction(NamedTuple):
    """One instruction of the bytecode."""

    name: str
    argument: str
    may_switch: bool  # to another thread, at or right after this instruction


def instructions(lines):
    """Disassemble a function that repeats `lines` for ever, by the Python that runs this.

    Parameters
    ----------
    lines : sequence of str
        Statements that update the global variable ``counter``.

    Returns
    -------
    list of Instruction
        Without a GIL, all may be interrupted by another thread.
    """
    body = "".join(f"        {line}\n" for line in lines)
    module = compile(f"def update():\n    global counter\n    while True:\n{body}", "<update>", "exec")
    update = next(constant for constant in module.co_consts if isinstance(constant, types.CodeType))
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    return [
        Instruction(found.opname, found.argrepr, not gil or found.opname in SWITCH_POINTS)
        for found in dis.get_instructions(update)
        if found.opname != "NOP"  # the place of `while True` itself
    ]

"""The view of an interleaving: buttons for the steps, what each thread holds, and the bytecode beside it."""

import threading
from html import escape

import ipywidgets as widgets

from ..show.pictures import COLOURS, REFERENCE
from .bytecode import instructions

SWITCH = COLOURS["processes"]  # where another thread may get its turn
PACE = 0.7  # s; between two steps of a replay
STEPS = {
    "take the lock": "take the lock",
    "read": "read: register = counter",
    "add": "add: register = register + 1",
    "write": "write: counter = register",
    "release the lock": "release the lock",
}
CELL = "padding: 3px 10px; text-align: left; border-bottom: 1px solid #ddd"
NEXT = f"{CELL}; font-weight: bold; background: #e6f0f7; color: black"


class View:
    """Shows one `Interleaving`; its callbacks only change the model, which then calls `update`."""

    def __init__(self, model):
        self._model = model
        self._newest = ""  # the order to replay: the longest since somebody last pressed a step
        self._replaying = threading.Event()  # set to end the replay going on
        self._turn = threading.Lock()  # a replay and a button never change the model at the same time
        self._buttons = {}
        for thread in model.threads:
            self._add_button(f"Step {thread}", "step-forward", lambda thread=thread: model.step(thread), "primary")
        self._add_button("Undo", "undo", model.undo)
        self._add_button("Start again", "fast-backward", model.reset)
        self._buttons["Replay"] = widgets.Button(description="Replay", icon="play", tooltip="Repeat the steps slowly")
        self._buttons["Replay"].on_click(lambda _: self._start_replay())
        self._buttons["Replay"].layout.width = "120px"
        self._status = widgets.HTML()
        self._table = widgets.HTML()
        listing = widgets.HTML(listing_html(model))
        beside = widgets.HBox([self._table, listing], layout={"flex_flow": "row wrap", "align_items": "flex-start"})
        self.widget = widgets.VBox([widgets.HBox(list(self._buttons.values())), self._status, beside])
        self.widget.add_class("gilteach-interleaving")
        self.update()

    def _add_button(self, text, icon, change, style=""):
        button = widgets.Button(description=text, icon=icon, button_style=style, layout={"width": "120px"})
        self._buttons[text] = button

        def press(_):
            self._replaying.set()
            with self._turn:
                if not button.disabled:  # a second press may have been on its way already
                    change()

        button.on_click(press)

    def update(self):
        """Show the model as it is now."""
        model = self._model
        if not self._newest.startswith(model.order):
            self._newest = model.order
        for thread in model.threads:
            self._buttons[f"Step {thread}"].disabled = thread not in model.available
        self._buttons["Undo"].disabled = self._buttons["Start again"].disabled = not model.order
        self._buttons["Replay"].disabled = not self._newest
        self._table.value = table_html(model)
        # role="status" has a screen reader announce it.
        self._status.value = f'<div role="status" style="font-size: 115%; margin: 6px 0">{escape(status(model))}</div>'

    def bundle(self):
        """Return the widget, and what there is to read without it."""
        html = f'<div style="display: flex; flex-wrap: wrap">{table_html(self._model)}{listing_html(self._model)}</div>'
        text = f"{table_text(self._model)}\n{status(self._model)}\n\n{listing_text(self._model)}"
        return {**self.widget._repr_mimebundle_(), "text/html": html, "text/plain": text}

    # ── the replay, in a thread of its own: a callback that takes its time would hold up the others ──

    def _start_replay(self):
        self._replaying.set()
        self._replaying = threading.Event()
        threading.Thread(target=self._replay, args=(self._newest, self._replaying), daemon=True).start()

    def _replay(self, order, stopped):
        for count in range(len(order) + 1):
            with self._turn:
                if stopped.is_set():
                    return
                self._model.replay(order[:count])
            stopped.wait(PACE)


def status(model):
    """Say how far it is, in a sentence."""
    if model.lost:
        return f"Order {model.order}: both have added 1, and counter is {model.counter}. One update is lost."
    if model.done:
        return f"Order {model.order}: both have added 1, and counter is {model.counter}. Nothing is lost."
    waiting = [thread for thread in model.threads if model.next[thread] and thread not in model.available]
    if waiting:
        return f"Order {model.order}: {waiting[0]} waits for the lock."
    return f"Order so far: {model.order}." if model.order else "Whose step is the first?"


def rows(model):
    """Return the table as (heading, cell of A, cell of B), steps first."""
    threads = model.threads
    moments = {thread: [place for place, who in enumerate(model.order, 1) if who == thread] for thread in threads}

    def cell(thread, place):
        if place < len(moments[thread]):
            return f"✓ {moments[thread][place]}."
        if place > len(moments[thread]):
            return ""
        return "next" if thread in model.available else "waits"

    steps = [(STEPS[step], *(cell(thread, place) for thread in threads)) for place, step in enumerate(model.steps)]
    registers = ["empty" if model.registers[thread] is None else str(model.registers[thread]) for thread in threads]
    return [*steps, ("its register", *registers)]


def table_html(model):
    """Return what each thread has done and holds, as HTML."""
    lines = []
    for heading, *cells in rows(model):
        marked = "".join(f'<td style="{NEXT if cell in ("next", "waits") else CELL}">{cell}</td>' for cell in cells)
        lines.append(f'<tr><th scope="row" style="{CELL}; font-weight: normal">{heading}</th>{marked}</tr>')
    lines.append(
        f'<tr><th scope="row" style="{CELL}">counter, shared</th>'
        f'<td colspan="2" style="{CELL}; text-align: center; font-size: 150%"><b>{model.counter}</b></td></tr>'
    )
    head = "".join(f'<th scope="col" style="{CELL}">{name}</th>' for name in ("", "thread A", "thread B"))
    return f'<table style="margin: 6px 30px 6px 0; border-collapse: collapse"><tr>{head}</tr>{"".join(lines)}</table>'


def table_text(model):
    """Return the same as text."""
    lines = [("", "thread A", "thread B"), *rows(model), ("counter, shared", str(model.counter), "")]
    return "\n".join(f"{heading:<30}{first:<10}{second}".rstrip() for heading, first, second in lines)


def _listing(model):
    lines = ["lock.acquire()", model.line, "lock.release()"] if model.lock else [model.line]
    found = instructions(lines)
    note = "← may switch"
    return [(f"{each.name:<16}{each.argument}", note if each.may_switch else "") for each in found]


def listing_html(model):
    """Return the bytecode of the line in a loop, by this Python, as HTML."""
    lines = "\n".join(
        f'{escape(text):<28}<b style="color: {SWITCH}">{note}</b>'.rstrip() for text, note in _listing(model)
    )
    title = f"while True: <code>{escape(model.line)}</code> in bytecode"
    return (
        f'<div style="margin: 6px 0"><div style="color: {REFERENCE}; margin-bottom: 4px">{title}</div>'
        f'<pre style="line-height: 1.35; margin: 0">{lines}</pre></div>'
    )


def listing_text(model):
    """Return the same as text."""
    return f"{model.line} in a loop, in bytecode:\n" + "\n".join(f"{a:<28}{b}".rstrip() for a, b in _listing(model))

"""Answers: what cells show, held back while the question that they answer still waits.

    question           Submit or Skip
    %answers question  ─► the cell runs, and what it shows is kept ─► shown in its place, once that is pressed

Nothing waits for the learner: the cell runs and ends as any other. Where nobody can press a button, since no page
has sent the cell (nbclient, nbval), nothing is held back.
"""

import io
import sys
from html import escape

import ipywidgets as widgets
from IPython import get_ipython
from IPython.core.displaypub import DisplayPublisher
from IPython.display import display

from ..show.progress import AT_ONCE


def cell_on_a_page():
    """Return the name of the cell that is being executed, if a page has sent it: nbclient and nbval give none."""
    kernel = getattr(get_ipython(), "kernel", None)
    return kernel and kernel.get_parent("shell").get("metadata", {}).get("cellId")


def hold_back(question):
    """Keep what the cell that is being executed shows until a question is decided, if it isn't yet.

    Parameters
    ----------
    question : Prediction
        What the cell answers.
    """
    if question.waits:
        Answer(question, get_ipython()).begin()


class Answer:
    """What one cell shows, kept until its question is decided."""

    def __init__(self, question, shell):
        self._question, self._shell = question, shell
        self._outputs = []
        self._place = widgets.Output()
        self._note = widgets.HTML()

    def begin(self):
        self._usual = self._shell.display_pub, sys.stdout, sys.stderr
        self._shell.display_pub = Publisher(self._outputs, self._shell.display_pub, parent=self._shell)
        sys.stdout, sys.stderr = (Stream(self._outputs, name) for name in ("stdout", "stderr"))
        sys.displayhook = self._keep_result  # put back by the shell when the cell has ended
        self._shell.events.register("post_run_cell", self._end)

    def _keep_result(self, value):
        if value is not None and not self._shell.displayhook.quiet():
            self._shell.displayhook.update_user_ns(value)
            self._shell.display_pub.publish(*self._shell.display_formatter.format(value))

    def _end(self, result):
        self._shell.events.unregister("post_run_cell", self._end)
        self._shell.display_pub, sys.stdout, sys.stderr = self._usual
        if not self._outputs:
            return
        cell = cell_on_a_page()
        if self._question.first_held_back in (None, cell):  # said once, and not above every part of the answer
            self._question.first_held_back = cell
            self._note.value = as_note(f"The answer appears here after Submit or Skip: {self._question.question}")
        display(widgets.VBox([self._note, self._place]))
        if getattr(result, "success", True):
            self._question.when_decided(self._show)
        else:  # it has shown its traceback, and what was printed before belongs to it
            self._show()

    def _show(self):
        self._note.layout.display = "none"
        self._place.outputs = tuple(self._outputs)


def as_note(text):
    return f'<div style="opacity: 0.75; font-size: 115%; line-height: 1.5">{escape(text)}</div>'


class Publisher(DisplayPublisher):
    """Keeps what is displayed, but for progress bars, which tell no answer."""

    def __init__(self, outputs, usual, **options):
        super().__init__(**options)
        self._outputs, self._usual = outputs, usual

    def publish(self, data, metadata=None, *, transient=None, update=False, **options):
        if transient == AT_ONCE or update:
            self._usual.publish(data, metadata, transient=transient, update=update, **options)
        elif data:
            self._outputs.append({"output_type": "display_data", "data": data, "metadata": metadata or {}})

    def clear_output(self, wait=False):
        self._outputs.clear()


class Stream(io.TextIOBase):
    """Keeps what is printed."""

    def __init__(self, outputs, name):
        self._outputs, self._name = outputs, name

    def write(self, text):
        last = self._outputs[-1] if self._outputs else {}
        if last.get("name") == self._name:
            last["text"] += text
        else:
            self._outputs.append({"output_type": "stream", "name": self._name, "text": text})
        return len(text)

"""What answers a question is held back on a page, and shown where there is none: a kernel asked by both."""

import pytest
from jupyter_client.manager import start_new_kernel

VIEW = "application/vnd.jupyter.widget-view+json"
ASK = "question = gt.predict('How many?', low=0, high=8)\nquestion"
ANSWER = """%answers question
import sys
print("printed")
print("to stderr", file=sys.stderr)
print("and again", file=sys.stderr)
gt.claim("It is so.", True)
question.compare(4)
"""


@pytest.fixture(scope="module")
def client():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel()


@pytest.fixture
def execute(client):
    """Execute a cell as a page does, which names it, or as a tool; return what is shown: (type, content) each."""

    def run(source, on_page):
        metadata = {"cellId": "a-cell"} if on_page else {}
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
        message = client.session.msg("execute_request", content, metadata=metadata)
        client.shell_channel.send(message)
        shown = []
        while True:
            answer = client.get_iopub_msg(timeout=60)
            if answer["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = answer["msg_type"], answer["content"]
            if content.get("execution_state") == "idle":
                return shown
            if kind in ("stream", "display_data", "execute_result", "error"):
                shown.append((kind, content))

    run("import gilteach as gt", on_page=False)
    return run


def place_of(shown):
    """An expression for what is in the place of an answer, whose view was displayed last: an Output widget shows it."""
    box = shown[-1][1]["data"][VIEW]["model_id"]
    return f"__import__('ipywidgets').widgets.widget._instances[{box!r}].children[1].outputs"


def text_of(shown):
    return "".join(
        content.get("text") or content.get("evalue") or content["data"]["text/plain"] for _, content in shown
    )


def test_a_tool_sees_everything(execute):
    execute(ASK, on_page=False)
    shown = execute(ANSWER, on_page=False)
    assert [kind for kind, _ in shown] == ["stream", "stream", "display_data", "execute_result"]
    assert all(part in text_of(shown) for part in ("printed", "to stderr", "✓ It is so.", "Measured: 4."))


def test_on_a_page_nothing_is_seen_before_skip_and_everything_after_it(execute):
    execute(ASK, on_page=True)
    shown = execute(ANSWER, on_page=True)
    assert [kind for kind, _ in shown] == ["display_data"]
    assert VIEW in shown[0][1]["data"]
    # As the browser reports a press of Skip.
    assert text_of(execute(place_of(shown), on_page=False)) == "()"
    execute("question._skip.click()", on_page=False)
    outputs = execute(f"print([(o.get('name'), o.get('text')) for o in {place_of(shown)}])", on_page=False)
    printed = [("stdout", "printed\n"), ("stderr", "to stderr\nand again\n"), (None, None), (None, None)]
    assert text_of(outputs) == f"{printed}\n"


def test_once_the_question_is_decided_cells_show_what_they_show(execute):
    execute(ASK, on_page=True)
    execute("question._skip.click()", on_page=False)
    assert len(execute(ANSWER, on_page=True)) == 4


def test_an_error_is_seen_and_later_cells_are_as_always(execute):
    execute(ASK, on_page=True)
    shown = execute("%answers question\nprint('half an answer')\n1 / 0", on_page=True)
    assert [kind for kind, _ in shown] == ["error", "display_data"]
    assert "half an answer" in text_of(execute(f"print({place_of(shown)}[0]['text'])", on_page=False))
    assert text_of(execute("print('as always')", on_page=True)) == "as always\n"
    assert text_of(execute("6 * 7", on_page=True)) == "42"


def test_what_is_no_question_is_answered_with_what_to_do(execute):
    [(kind, content)] = execute("%answers nobody", on_page=True)
    assert "there is no question 'nobody' to answer: run the cell that asks it first" in str(content), kind


def test_a_program_answers_too(execute):
    execute(ASK, on_page=True)
    shown = execute("%%measure --answers question --as run\nprint('lost = 3')", on_page=True)
    assert "lost" not in str(shown)
    assert text_of(execute("run['lost']", on_page=False)) == "3.0"
    execute("question._skip.click()", on_page=False)

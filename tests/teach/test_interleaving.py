"""The model of two threads says the same as brute force, and its buttons do what they say."""

import itertools
import json
import re
import subprocess
import time

import pytest

import gilteach as gt
from gilteach.teach import bytecode, interleaving_view


def outcome(order):
    """Work out what an order of steps gives, without the model: three lines of code by each thread."""
    memory = {"counter": 0}
    lines = [
        lambda mine: mine.update(register=memory["counter"]),
        lambda mine: mine.update(register=mine["register"] + 1),
        lambda mine: memory.update(counter=mine["register"]),
    ]
    threads = {name: ({}, iter(lines)) for name in "AB"}
    for name in order:
        mine, left = threads[name]
        next(left)(mine)
    return memory["counter"]


def test_all_interleavings_are_those_of_brute_force():
    expected = {"".join(order): outcome(order) for order in itertools.permutations("AAABBB")}
    frame = gt.Interleaving.all()
    assert len(frame) == len(expected) == 20
    assert dict(zip(frame["order"], frame["final_value"], strict=True)) == expected
    assert (frame["updates_lost"] == 2 - frame["final_value"]).all()


def test_the_words_give_the_count_of_brute_force():
    losing = sum(outcome(order) < 2 for order in set(itertools.permutations("AAABBB")))
    assert gt.Interleaving().summary == f"Of 20 interleavings, {losing} lose an update."


def test_with_a_lock_none_loses():
    locked = gt.Interleaving(lock=True)
    # Brute force: of all orders of five steps each, those in which nobody takes the lock while it is held.
    possible = []
    for places in itertools.combinations(range(10), 5):
        order = "".join("A" if place in places else "B" for place in range(10))
        taken, holder = {"A": 0, "B": 0}, None
        for name in order:
            if taken[name] == 0 and holder:
                break
            holder = {0: name, 4: None}.get(taken[name], holder)
            taken[name] += 1
        else:
            possible.append(order)
    assert sorted(locked.all()["order"]) == sorted(possible)
    assert (locked.all()["updates_lost"] == 0).all()
    assert locked.summary == "Of 2 interleavings, none loses an update."


def test_one_step_at_a_time():
    game = gt.Interleaving()
    assert (game.order, game.counter, game.registers) == ("", 0, {"A": None, "B": None})
    for thread in "AABAB":
        assert not game.done
        assert game.lost is None
        game.step(thread)
    assert game.next == {"A": None, "B": "write"}
    assert (game.counter, game.registers, game.available) == (1, {"A": 1, "B": 1}, ("B",))
    game.step("B")
    assert (game.done, game.counter, game.lost) == (True, 1, 1)


def test_undo_and_reset():
    game = gt.Interleaving()
    game.replay("AABB")
    game.undo()
    assert (game.order, game.registers) == ("AAB", {"A": 1, "B": 0})
    game.reset()
    assert (game.order, game.registers, game.counter) == ("", {"A": None, "B": None}, 0)
    with pytest.raises(gt.BadValue, match="no step"):
        game.undo()


def test_a_thread_that_finds_the_lock_taken_has_no_step():
    game = gt.Interleaving(lock=True)
    game.step("B")
    assert game.available == ("B",)
    with pytest.raises(gt.BadValue, match="A waits for the lock, which B has"):
        game.step("A")
    game.replay("BBBBB")
    assert game.available == ("A",)


@pytest.mark.parametrize(
    ("order", "error", "message"),
    [
        ("AAAA", gt.BadValue, "A has taken all its steps"),
        ("ABC", gt.BadValue, "'A', 'B'"),
        (["A"], gt.BadType, "'ABABAB'"),
    ],
)
def test_a_replay_that_cannot_be_changes_nothing(order, error, message):
    game = gt.Interleaving()
    game.replay("AB")
    with pytest.raises(error, match=message):
        game.replay(order)
    assert game.order == "AB"


@pytest.mark.parametrize("line", ["counter = 1", "x = x + 1", "counter =", "counter += 1; counter += 1", ""])
def test_a_line_that_is_no_update(line):
    with pytest.raises(gt.BadValue, match="counter = counter"):
        gt.Interleaving(line=line)


def test_arguments_of_the_wrong_kind():
    with pytest.raises(gt.BadType, match="line must be"):
        gt.Interleaving(line=3)
    with pytest.raises(gt.BadType, match="True or False"):
        gt.Interleaving(lock="yes")


# ── the bytecode ─────────────────────────────────────────────────────────────────────────────


def instructions_under(executable, line):
    """Have another Python disassemble a line."""
    program = (
        f"import json, runpy; found = runpy.run_path({bytecode.__file__!r})['instructions']; "
        f"print(json.dumps(found([{line!r}])))"
    )
    answer = subprocess.run([executable, "-I", "-c", program], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


@pytest.mark.parametrize(
    ("line", "safe_by_luck"),
    [("counter = counter + 1", True), ("counter += 1", True), ("counter = counter + one()", False)],
)
def test_where_every_python_may_switch(python, pythons_here, line, safe_by_luck):
    found = instructions_under(pythons_here[python].executable, line)
    names = [name for name, _, _ in found]
    # From just after reading the counter until it is written.
    read = next(place for place, (name, what, _) in enumerate(found) if "LOAD" in name and what == "counter")
    written = next(place for place, (name, what, _) in enumerate(found) if "STORE" in name and what == "counter")
    between = [may_switch for _, _, may_switch in found[read + 1 : written]]
    if not pythons_here[python].gil:
        assert all(may_switch for _, _, may_switch in found)
        return
    assert any(between) != safe_by_luck
    assert found[names.index("RESUME")][2]
    assert found[names.index("JUMP_BACKWARD")][2]


# ── the view ─────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shown():
    """An interleaving on show, its buttons by their names, and what it says at the moment."""

    def show(**kind):
        game = gt.Interleaving(**kind)
        game._repr_mimebundle_()
        view = game._view
        return game, view._buttons, lambda: re.sub("<[^>]*>", " ", view._status.value)

    return show


def test_the_buttons_take_steps(shown):
    game, buttons, text = shown()
    for name in "ABAABB":
        buttons[f"Step {name}"].click()
    assert game.order == "ABAABB"
    assert "One update is lost" in text()
    assert buttons["Step A"].disabled
    buttons["Undo"].click()
    assert game.order == "ABAAB"
    assert "lost" not in text()
    buttons["Start again"].click()
    assert game.order == ""
    assert buttons["Undo"].disabled


def test_a_button_whose_thread_waits_does_nothing(shown):
    game, buttons, text = shown(lock=True)
    buttons["Step A"].click()
    assert buttons["Step B"].disabled
    buttons["Step B"].click()
    assert game.order == "A"
    assert "B waits for the lock" in text()


def test_what_was_solved_is_replayed(shown, wait_until, monkeypatch):
    monkeypatch.setattr(interleaving_view, "PACE", 0.02)
    game, buttons, text = shown()
    assert buttons["Replay"].disabled
    for name in "ABABAB":
        buttons[f"Step {name}"].click()
    buttons["Start again"].click()
    buttons["Replay"].click()
    assert wait_until(lambda: game.order == "ABABAB" and "lost" in text(), 5)


def test_a_press_ends_the_replay(shown, monkeypatch):
    monkeypatch.setattr(interleaving_view, "PACE", 0.05)
    game, buttons, _ = shown()
    for name in "ABABAB":
        buttons[f"Step {name}"].click()
    buttons["Replay"].click()
    buttons["Start again"].click()
    time.sleep(0.3)
    assert game.order == ""


def test_without_a_browser_there_are_text_and_html():
    game = gt.Interleaving(line="counter = counter + one()")
    game.replay("AB")
    bundle = game._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    for kind in ("text/plain", "text/html"):
        assert "thread A" in bundle[kind]
        assert "Order so far: AB." in bundle["text/plain"]
        assert "may switch" in bundle[kind]
        assert "STORE_GLOBAL" in bundle[kind]


def test_the_listing_is_the_running_interpreters_own():
    import dis

    def update():
        global counter
        while True:
            counter = counter + 1

    # The same loop, disassembled here: only the place of `while True` is left out.
    expected = [each.opname for each in dis.get_instructions(update) if each.opname != "NOP"]
    assert [each.name for each in bytecode.instructions(["counter = counter + 1"])] == expected

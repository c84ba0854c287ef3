"""The steps of two threads in a real JupyterLab, taken by keyboard."""

import pytest

expect = pytest.importorskip("playwright.sync_api").expect


def test_an_update_is_lost_by_keyboard_and_replayed(open_notebook):
    notebook = open_notebook("05_share_memory_safely.ipynb")
    notebook.run_cell_with("import gilteach as gt")
    notebook.run_cell_with("game = gt.Interleaving(line=")
    view = notebook.page.locator(".gilteach-interleaving").first
    view.scroll_into_view_if_needed()

    def button(name):
        return view.get_by_role("button", name=name)

    said = view.get_by_role("status")
    expect(said).to_contain_text("first?")
    for place, thread in enumerate("ABABAB", 1):
        button(f"Step {thread}").focus()
        notebook.page.keyboard.press("Enter")
        expect(said).to_contain_text("ABABAB"[:place])
    expect(said).to_contain_text("One update is lost")
    expect(button("Step A")).to_be_disabled()
    notebook.screenshot("interleaving")
    button("Start again").click()
    expect(said).to_contain_text("first?")
    button("Replay").click()
    expect(said).to_contain_text("One update is lost", timeout=15_000)
    expect(view.locator("pre")).to_contain_text("STORE_GLOBAL")
    assert notebook.complaints == []

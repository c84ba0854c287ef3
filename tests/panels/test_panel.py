"""The panel, as a learner uses it but without a browser: its widgets are set and pressed from here."""

import base64
import itertools
import sys
import threading
import time

import pytest

import gilteach as gt
from gilteach.measuring import exclusive, execution, sweeps
from gilteach.panels import panel as base_panel
from gilteach.panels.switching import switching_often
from gilteach.programs import program as programs
from gilteach.show import pictures

PNG = b"\x89PNG\r\n\x1a\n"
LONG = 60.0  # a wait, in seconds, that only Stop or a newer setting ends
PROMPT = 3.0  # s; half a second where nobody else wants the CPUs


@pytest.fixture(autouse=True)
def drawing_is_quick(monkeypatch):
    """Leave the rendering out, which takes longer than the runs; how a picture looks is another test's."""
    monkeypatch.setattr(pictures.Picture, "png", lambda self: PNG + self.alt.encode())


@pytest.fixture
def panel(assert_nothing_left, wait_until):
    """Make a panel of a task that waits; whatever it still measures when the test is over is ended."""
    made = []

    def make(task="wait", *, runners=("threads",), workers=2, **options):
        made.append(gt.Experiment(task, runners=runners, workers=workers, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        assert wait_until(lambda one=one: not is_measuring(one), 20)
    assert_nothing_left()


def is_measuring(panel):
    return not panel._stop.disabled


def picture(panel):
    """The picture that a stored notebook shows, as base64."""
    return panel._repr_mimebundle_()[0]["image/png"]


def press(panel, name):
    """Press one of the panel's buttons, as the browser reports it."""
    buttons = (*panel._buttons, panel._stop, *panel.widget.children[2].children)
    next(button for button in buttons if getattr(button, "description", "") == name).click()


@pytest.fixture
def idle(wait_until):
    """Wait until a panel has done what it was asked for."""

    def wait(panel, seconds=20):
        assert wait_until(lambda: not is_measuring(panel), seconds), "it is still measuring"

    return wait


@pytest.fixture
def benches_of(monkeypatch):
    """Note when each run began and ended, by the size of its plan."""
    spans = []
    execute = sweeps.execute

    def noting(plan, stop=None):
        began = time.perf_counter()
        try:
            return execute(plan, stop)
        finally:
            spans.append((plan.size, began, time.perf_counter()))

    monkeypatch.setattr(sweeps, "execute", noting)
    return spans


@pytest.mark.parametrize("ends", ["by itself", "with an error", "stopped"])
def test_threads_change_more_often_while_a_panel_measures_and_no_longer(panel, idle, wait_until, monkeypatch, ends):
    usual, seen = sys.getswitchinterval(), []
    execute = sweeps.execute

    def look(plan, stop=None):
        seen.append(sys.getswitchinterval())
        if ends == "with an error":
            raise gt.GilteachError("as it were")
        if ends == "stopped":
            experiment.stop()
        return execute(plan, stop)

    monkeypatch.setattr(sweeps, "execute", look)
    experiment = panel(size=0.01)
    press(experiment, "Run")
    idle(experiment)
    assert seen
    assert max(seen) < usual / 5
    assert wait_until(lambda: sys.getswitchinterval() == usual, 5)


def test_threads_change_more_often_until_the_last_panel_is_done():
    usual = sys.getswitchinterval()
    with switching_often:
        with switching_often:
            pass
        assert sys.getswitchinterval() < usual / 5
    assert sys.getswitchinterval() == usual


# ── running from code ────────────────────────────────────────────────────────────────────────


def test_run_gives_a_sweep_and_fills_the_image(panel):
    experiment = panel(runners=("serial", "threads"), size=0.05)
    before = picture(experiment)
    sweep = experiment.run()
    assert isinstance(sweep, gt.Sweep)
    assert sweep.frame["runner"].tolist() == ["serial", "threads"]
    assert sweep.frame[["workers", "tasks", "size"]].to_numpy().tolist() == [[2, 2, 0.05]] * 2
    assert picture(experiment) != before
    assert "2 threads" in experiment._summary.value
    assert 'role="status"' in experiment._summary.value
    assert "2 threads" in experiment._image.value, "the picture needs its text alternative"


def test_run_repeats_as_often_as_asked_for(panel):
    sweep = panel(size=0.01, repeats=3).run()
    assert sweep.frame["repeat"].tolist() == [0, 1, 2]


def test_sweep_measures_the_range_of_workers(panel):
    experiment = panel("count", workers=2, size=1000)
    sweep = experiment.sweep()
    assert sweep.axis == "workers"
    assert sweep.frame["workers"].tolist() == sweeps.default_workers(experiment._workers.max)


@pytest.mark.slow
def test_sweep_measures_a_range_of_sizes(panel):
    experiment = panel(size=0.05, over="size")
    sweep = experiment.sweep()
    assert sweep.axis == "size"
    assert sweep.frame["size"].tolist() == [0.005, 0.01, 0.02, 0.05]
    assert set(sweep.frame["workers"]) == {2}


def test_results_gather_until_clear(panel):
    experiment = panel(size=0.01)
    assert experiment.results is None
    experiment.run()
    experiment.run()
    assert experiment.results.frame["repeat"].tolist() == [0, 1]
    experiment.clear()
    assert experiment.results is None
    assert experiment._summary.value == ""


@pytest.mark.slow
def test_results_are_those_of_the_present_setting_but_for_the_axis(panel):
    experiment = panel(size=0.01)
    experiment._on_release.value = False
    experiment.run()
    experiment._workers.value = 3
    experiment.run()
    experiment._size.value = 0.02
    assert experiment.results is None
    assert "Not measured yet at this setting: press Run." in experiment._image.value
    experiment.run()
    assert experiment.results.frame[["workers", "size"]].to_numpy().tolist() == [[3, 0.02]]
    experiment._size.value = 0.01
    assert experiment.results.frame["workers"].tolist() == [2, 3]
    experiment._axis.value = "size"
    assert experiment.results.frame[["workers", "size"]].to_numpy().tolist() == [[3, 0.01], [3, 0.02]]


def test_the_same_total_work_for_all(panel):
    experiment = panel(runners=("serial", "threads"), size=0.01, tasks=3)
    frame = experiment.run().frame
    assert frame["tasks"].tolist() == [3, 3]
    assert frame["workers"].tolist() == [1, 2]


def test_run_raises_what_goes_wrong(panel):
    experiment = panel(size=LONG, timeout=0.2)
    with pytest.raises(gt.RunTimeout):
        experiment.run()
    assert not is_measuring(experiment)


# ── buttons and sliders ──────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_pressing_run_returns_at_once_and_measures(panel, idle):
    experiment = panel(size=2.0)
    began = time.perf_counter()
    press(experiment, "Run")
    assert time.perf_counter() - began < 1.5
    assert is_measuring(experiment)
    idle(experiment)
    assert len(experiment.results.frame) == 1


def test_pressing_sweep_sweeps(panel, idle):
    experiment = panel("count", size=1000)
    press(experiment, "Sweep")
    idle(experiment)
    assert experiment.results.frame["workers"].tolist() == sweeps.default_workers(experiment._workers.max)


def test_pressing_clear_forgets(panel, idle):
    experiment = panel(size=0.01)
    experiment.run()
    press(experiment, "Clear")
    assert experiment.results is None


def test_only_chosen_runners_take_part(panel):
    experiment = panel(runners=("serial", "threads"), size=0.01)
    experiment._chosen["serial"].value = False
    assert experiment.run().frame["runner"].tolist() == ["threads"]


@pytest.mark.slow
def test_moving_the_slider_quickly_measures_only_where_it_comes_to_rest(panel, idle):
    experiment = panel(size=1.0)
    experiment.run()
    for workers in (3, 4, 5, 6, 7):  # each takes a second: none is finished before the next one
        experiment._workers.value = workers
    idle(experiment)
    assert experiment.results.frame["workers"].tolist() == [2, 7]


def test_a_slider_may_be_set_without_measuring(panel):
    experiment = panel(size=0.01)
    experiment._on_release.value = False
    experiment._workers.value = 5
    assert not is_measuring(experiment)
    assert experiment.results is None


@pytest.mark.slow
def test_a_replaced_job_discards_its_measurements(panel, idle, wait_until):
    # The first job measures many times; some are done when the second replaces it.
    experiment = panel(size=0.1, repeats=50)
    press(experiment, "Run")
    assert wait_until(lambda: experiment._job and len(experiment._job.measured) >= 2, 10)
    experiment._repeats.value = 1
    experiment._workers.value = 3
    idle(experiment)
    assert experiment.results.frame["workers"].tolist() == [3]


@pytest.mark.slow
def test_a_stopped_job_keeps_its_measurements(panel, idle, wait_until):
    experiment = panel(size=0.1, repeats=50)
    press(experiment, "Run")
    assert wait_until(lambda: experiment._job and len(experiment._job.measured) >= 2, 10)
    press(experiment, "Stop")
    idle(experiment)
    assert 2 <= len(experiment.results.frame) < 50
    assert experiment._status.value == "stopped"


@pytest.mark.slow
def test_run_pressed_again_and_again_measures_what_was_asked_for_last(panel, idle):
    experiment = panel(size=2.0)
    for _ in range(50):
        press(experiment, "Run")
        time.sleep(0.1)  # 50 presses in 5 s; each run takes longer than that, so each press ends one
    idle(experiment)
    assert len(experiment.results.frame) == 1
    assert experiment._status.value == ""
    assert 'role="status"' in experiment._summary.value


@pytest.mark.slow
def test_a_slider_dragged_across_its_range(panel, idle):
    # Sixty settings in a second: what each of them would start, the next one ends, in any state of its start.
    experiment = panel(size=0.5)
    for workers in range(1, experiment._workers.max + 1):
        experiment._workers.value = workers
        time.sleep(0.02)
    idle(experiment)
    assert experiment.results.frame["workers"].tolist()[-1] == experiment._workers.max
    assert len(experiment._history) <= 2, "none but the last, or the first as well, had the time to end"


# ── stopping ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_stop_ends_a_long_run_and_gives_the_controls_back(panel, idle, wait_until):
    experiment = panel(size=LONG)
    press(experiment, "Run")
    assert not experiment._stop.disabled
    assert experiment._progress.layout.visibility == "visible"
    time.sleep(0.5)  # it is under way
    assert is_measuring(experiment)
    press(experiment, "Stop")
    idle(experiment, PROMPT)
    assert experiment._stop.disabled
    assert experiment._progress.layout.visibility == "hidden"
    assert experiment._status.value == "stopped"
    assert experiment.results is None


def test_stop_with_nothing_to_stop_does_nothing(panel):
    experiment = panel(size=0.01)
    experiment.stop()
    assert len(experiment.run().frame) == 1


@pytest.mark.slow
def test_stop_ends_a_run_that_code_waits_for(panel):
    experiment = panel(size=LONG)
    timer = threading.Timer(0.5, experiment.stop)
    timer.start()
    began = time.perf_counter()
    with pytest.raises(gt.RunStopped):
        experiment.run()
    assert time.perf_counter() - began < 0.5 + PROMPT
    timer.join()


def test_clear_ends_what_is_being_measured(panel, idle, wait_until):
    experiment = panel(size=LONG)
    press(experiment, "Run")
    time.sleep(0.3)
    press(experiment, "Clear")
    idle(experiment, PROMPT)
    assert wait_until(lambda: not exclusive.take_turn.busy(), 20), "it still measures"
    assert experiment.results is None
    assert experiment._status.value == ""


@pytest.fixture
def slow_drawing(monkeypatch):
    """Have panels draw for as long as the test wants; gives what says that it has begun, and what ends it."""
    begun, enough = threading.Event(), threading.Event()
    draw = gt.Experiment._draw

    def draw_slowly(panel, measured):
        drawn = draw(panel, measured)
        begun.set()
        assert enough.wait(10)
        return drawn

    monkeypatch.setattr(gt.Experiment, "_draw", draw_slowly)
    yield begun, enough
    enough.set()


def test_what_is_started_while_a_picture_is_drawn_can_be_stopped(panel, idle, wait_until, slow_drawing):
    begun, enough = slow_drawing
    experiment = panel(size=0.01)
    press(experiment, "Run")
    assert begun.wait(10)
    experiment._repeats.value = 1000
    press(experiment, "Run")
    before = picture(experiment)
    enough.set()
    assert wait_until(lambda: "of 1000" in experiment._status.value, 10)
    assert wait_until(lambda: picture(experiment) != before, 10), "the first run is shown, or more of the second"
    assert is_measuring(experiment)
    assert "of 1000" in experiment._status.value
    press(experiment, "Stop")
    idle(experiment)  # which doesn't wait for as long as a thousand repeats take


def test_nobody_waits_for_a_picture_to_be_rendered(panel, wait_until, monkeypatch):
    experiment = panel(size=0.01)
    begun, enough = threading.Event(), threading.Event()
    html = pictures.Picture.html

    def render_slowly(shown):
        begun.set()
        assert enough.wait(10)
        return html(shown)

    monkeypatch.setattr(pictures.Picture, "html", render_slowly)
    press(experiment, "Run")
    assert begun.wait(10)
    stopping = threading.Thread(target=experiment.stop)
    stopping.start()
    stopping.join(5)
    waits = stopping.is_alive()
    enough.set()
    stopping.join()
    assert not waits


@pytest.mark.parametrize("repeats", [1, 50])
def test_nothing_that_was_being_drawn_comes_back_after_clear(
    panel, idle, wait_until, slow_drawing, monkeypatch, repeats
):
    monkeypatch.setattr(base_panel, "REDRAW_AFTER", 0.0)
    begun, enough = slow_drawing
    experiment = panel(size=0.01, repeats=repeats)
    empty = picture(experiment)
    press(experiment, "Run")
    assert begun.wait(10)
    press(experiment, "Clear")
    drawing = [thread for thread in threading.enumerate() if "_measure_beside_cells" in thread.name]
    assert drawing
    enough.set()
    for thread in drawing:
        thread.join()
    assert picture(experiment) == empty
    assert experiment._summary.value == ""
    assert experiment.results is None


@pytest.mark.slow
def test_an_interrupted_run_gives_the_controls_back(panel):
    import _thread

    experiment = panel(size=LONG)
    began = time.monotonic()
    timer = threading.Timer(0.5, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        experiment.run()
    assert time.monotonic() - began < 10
    timer.join()
    assert not is_measuring(experiment)
    assert experiment._status.value == "interrupted"


# ── errors ───────────────────────────────────────────────────────────────────────────────────


def test_an_error_is_shown_as_an_alert(panel, idle):
    experiment = panel(size=LONG, timeout=0.2)
    press(experiment, "Run")
    idle(experiment)
    assert 'role="alert"' in experiment._summary.value
    assert "took longer than 0.2 s" in experiment._summary.value


def test_the_text_of_an_error_is_no_html(panel, idle, add_task):
    fails = add_task("def fails(size):\n    raise ValueError('<b>&amp;')\n")
    experiment = panel(fails, size=1)
    press(experiment, "Run")
    idle(experiment)
    assert "&lt;b&gt;&amp;amp;" in experiment._summary.value
    assert "<b>" not in experiment._summary.value


def test_an_error_goes_away_with_the_next_measurement(panel, idle):
    experiment = panel(size=0.3)
    experiment._common["timeout"] = 0.1  # some readings of the clock before it is done
    press(experiment, "Run")
    idle(experiment)
    assert 'role="alert"' in experiment._summary.value
    experiment._common["timeout"] = 60.0
    press(experiment, "Run")
    idle(experiment)
    assert 'role="status"' in experiment._summary.value


def test_no_runner_chosen_is_said_in_words(panel):
    experiment = panel(size=0.01)
    experiment._chosen["threads"].value = False
    press(experiment, "Run")
    assert 'role="alert"' in experiment._summary.value
    assert "at least one of" in experiment._summary.value
    assert not is_measuring(experiment)
    with pytest.raises(gt.BadValue, match="at least one of"):
        experiment.run()


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        ("cuont", {}, "Did you mean 'count'?"),
        ("count", {"runners": ("thread",)}, "Did you mean 'threads'?"),
        ("count", {"runners": ()}, "at least one of"),
        ("count", {"workers": 0}, "workers must be"),
        ("count", {"size": "big"}, "'auto', not 'big'"),
        ("count", {"tasks": 0}, "tasks must be"),
        ("count", {"repeats": 0}, "repeats must be"),
        ("count", {"delay": 1}, "takes no delay"),
        ("count", {"python": "3.99"}, "no Python '3.99'"),
        ("count", {"timeout": 0}, "timeout must be"),
        ("count", {"runners": "threads", "start_method": "spawn"}, "start_method goes with"),
        ("count", {"workers": "2"}, "workers must be"),
        ("count", {"workers": 2.5}, "workers must be"),
        ("count", {"runners": None}, "runner"),
    ],
    ids=str,
)
def test_bad_arguments_are_refused_when_it_is_made(task, options, words):
    with pytest.raises(gt.GilteachError) as caught:
        gt.Experiment(task, **options)
    assert words in str(caught.value)


# ── two panels ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_two_panels_take_turns(panel, idle, benches_of):
    first, second = panel(size=0.3, repeats=2), panel(size=0.4, repeats=2)
    press(first, "Run")
    press(second, "Run")
    idle(first)
    idle(second)
    spans = sorted(benches_of, key=lambda span: span[1])
    assert len(spans) == 4
    assert all(end <= begin for (_, _, end), (_, begin, _) in itertools.pairwise(spans))
    assert [size for size, *_ in spans] in ([0.3, 0.3, 0.4, 0.4], [0.4, 0.4, 0.3, 0.3])
    assert len(first.results.frame) == len(second.results.frame) == 2


def test_a_panel_that_waits_for_its_turn_says_so_and_can_be_stopped(panel, idle, wait_until):
    first, second = panel(size=LONG), panel(size=0.01)
    press(first, "Run")
    assert wait_until(lambda: "run 1" in first._status.value, 5)
    press(second, "Run")
    assert wait_until(lambda: second._status.value.startswith("waiting for another experiment"), 5)
    press(second, "Stop")
    idle(second, PROMPT)
    assert second.results is None
    assert is_measuring(first)


def test_a_cell_that_waits_for_its_turn_says_so(panel, wait_until):
    first, second = panel(size=LONG), panel(size=0.01)
    press(first, "Run")
    assert wait_until(lambda: "run 1" in first._status.value, 5)
    said = []

    def stop_the_first():
        said.append(wait_until(lambda: second._status.value.startswith("waiting for another experiment"), 10))
        first.stop()

    stopping = threading.Thread(target=stop_the_first)
    stopping.start()
    second.run()
    stopping.join()
    assert said == [True]


def test_the_main_thread_never_has_the_turn(panel, monkeypatch):
    # An interrupt of the kernel strikes it between any two steps, and nobody would give the turn back.
    had = []

    class Noting(exclusive.Turn):
        def __call__(self, stop=None):
            had.append(threading.current_thread())
            return super().__call__(stop)

    turn = Noting()
    for module in (execution, programs, base_panel):
        monkeypatch.setattr(module, "take_turn", turn)
    gt.run("count", size=1)
    gt.measure("pass")
    panel(size=0.01).run()
    assert len(had) == 3
    assert threading.main_thread() not in had


@pytest.mark.slow
def test_two_runs_from_code_take_turns():
    began = time.perf_counter()
    other = threading.Thread(target=gt.run, args=("wait",), kwargs={"workers": 1, "size": 0.4})
    other.start()
    gt.run("wait", workers=1, size=0.4)
    other.join()
    assert time.perf_counter() - began >= 0.8


# ── what a notebook shows ────────────────────────────────────────────────────────────────────


def test_the_bundle_has_sliders_a_picture_and_words(panel):
    experiment = panel(size=0.01)
    experiment.run()
    data, metadata = experiment._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert base64.b64decode(data["image/png"]).startswith(PNG)
    assert "data:image/svg+xml;base64," in experiment._image.value
    assert f'alt="{data["text/plain"].splitlines()[-1]}' in experiment._image.value, "and it is the same picture"
    assert "2 threads" in data["text/plain"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == experiment.widget.model_id
    assert metadata["image/png"]["width"] > metadata["image/png"]["height"] > 0


def test_a_panel_shown_twice_is_one_panel(panel):
    experiment = panel(size=0.01)
    first, second = (experiment._repr_mimebundle_()[0] for _ in range(2))
    assert first == second, "both views are of the same model, and show what it shows"
    experiment.run()
    assert experiment._repr_mimebundle_()[0]["image/png"] != first["image/png"]
    assert experiment.widget.model_id == first["application/vnd.jupyter.widget-view+json"]["model_id"]


def test_sliders_stand_where_asked_and_reach_far_enough(panel):
    experiment = panel("count", runners=("serial", "threads", "processes"), workers=3, size=123_456)
    assert experiment._workers.value == 3
    assert experiment._workers.min == 1
    assert 8 <= experiment._workers.max <= gt.runners()["most_workers"].min()
    assert experiment._size.value == 123_456
    sizes = [size for _, size in experiment._size.options]
    assert sizes == sorted(set(sizes))
    assert len(sizes) > 5


def test_waiting_tasks_have_room_for_more_workers(panel):
    assert panel("wait")._workers.max == 64


@pytest.mark.parametrize("task", gt.tasks().index)
def test_there_is_a_panel_for_every_task(panel, task):
    experiment = panel(task, runners=("serial", "threads", "processes"))
    assert experiment._size.value == gt.tasks().loc[task, "default"]
    assert repr(experiment) == f"<Experiment {task}: serial, threads, processes>"

"""Every figure says what it shows, with units, in words that don't cover each other; and stays small."""

import base64
import itertools
import subprocess
import sys

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

import gilteach as gt
from gilteach.show import pictures, sweep_figure

PNG = b"\x89PNG\r\n\x1a\n"
RUNNERS = ("serial", "threads", "processes")

# What one run of each runner looks like, by (workers): wall time, start-up and cores busy of an experiment.
WAITING = {
    "serial": lambda n: {"wall": 0.5 * n, "startup": 1e-5, "cores": 0.001},
    "threads": lambda n: {"wall": 0.5, "startup": 0.002, "cores": 0.01},
    "processes": lambda n: {"wall": 0.51, "startup": 0.1 * n, "cores": 0.02},
}
COUNTING = {
    "serial": lambda n: {"wall": 0.5 * n, "startup": 1e-5, "cores": 1.0},
    "threads": lambda n: {"wall": 0.52 * n, "startup": 0.002, "cores": 1.01},
    "processes": lambda n: {"wall": max(0.5, 0.5 * n / 4), "startup": 0.15, "cores": min(n, 3.9)},
}
ALL_THE_SAME = dict.fromkeys(RUNNERS, lambda n: {"wall": 1.0, "startup": 0.5, "cores": 1.0})
TINY = dict.fromkeys(RUNNERS, lambda n: {"wall": 2e-5, "startup": 0.1, "cores": 0.9})
HUGE = dict.fromkeys(RUNNERS, lambda n: {"wall": 599.0, "startup": 0.1, "cores": 3.9})

EXPERIMENTS = {
    "waiting": ("wait", WAITING),
    "counting": ("count", COUNTING),
    "all the same": ("count", ALL_THE_SAME),
    "tiny": ("count", TINY),
    "huge": ("count", HUGE),
}
GRIDS = {  # the workers, the number of tasks (None for one per worker), the sizes
    "workers 1 to 64": ((1, 2, 4, 8, 16, 32, 64), None, (100,)),
    "workers 1 to 4": ((1, 2, 3, 4), None, (100,)),
    "same total work": ((1, 2, 4, 8), 8, (100,)),
    "one setting, few workers": ((2,), None, (100,)),
    "one setting, as many workers as CPUs": ((4,), None, (100,)),
    "one setting, many workers": ((8,), None, (100,)),
    "sizes": ((4,), None, (1, 2, 5, 10, 20, 50, 100)),
}


@pytest.fixture
def experiment(make_run, make_sweep):
    """Make a sweep of one of EXPERIMENTS over one of GRIDS."""

    def make(name, grid, runners=RUNNERS, repeats=3):
        task, looks = EXPERIMENTS[name]
        workers, tasks, sizes = GRIDS[grid]
        measured = []
        for repeat, size, count, runner in itertools.product(range(repeats), sizes, workers, runners):
            look = looks[runner](count)
            # Longer for larger sizes, and a little different every time.
            look["wall"] *= size / sizes[-1] * (1 + 0.02 * repeat)
            measured.append((repeat, make_run(runner, count, task=task, tasks=tasks, size=size, **look)))
        return make_sweep(*measured, axis="size" if len(sizes) > 1 else "workers")

    return make


def run_of(sweep, runner):
    return next(run for run in sweep.runs[::-1] if run.runner == runner)


DRAW = {
    "sweep": lambda sweep: sweep.figure(),
    "panel": lambda sweep: sweep_figure.panel_figure(sweep, [run_of(sweep, runner) for runner in RUNNERS]),
    "run": lambda sweep: run_of(sweep, "processes").figure(),
    "serial run": lambda sweep: run_of(sweep, "serial").figure(),
}
CASES = [
    *itertools.product(("sweep", "panel"), ("waiting", "counting"), GRIDS),
    *itertools.product(("panel",), ("all the same",), ("same total work", "one setting, as many workers as CPUs")),
    *itertools.product(("panel",), ("tiny", "huge"), ("workers 1 to 64", "sizes")),
    *itertools.product(("run", "serial run"), ("waiting", "counting"), ("workers 1 to 64", "workers 1 to 4")),
]


def render(picture):
    """Lay a picture out, as saving it does; return the renderer that knows how large each text is."""
    canvas = FigureCanvasAgg(picture)
    canvas.draw()
    return canvas.get_renderer()


def texts_of(picture):
    """All texts that are drawn. Ticks beyond the ends of an axis exist, but aren't drawn."""
    for axes in picture.axes:
        yield axes._left_title
        yield from (text for text in axes.texts if text.get_text())
        for axis, (low, high) in ((axes.xaxis, axes.viewLim.intervalx), (axes.yaxis, axes.viewLim.intervaly)):
            if axis.label.get_text():
                yield axis.label
            for tick in axis.get_major_ticks():
                if low <= tick.get_loc() <= high and tick.label1.get_visible() and tick.label1.get_text():
                    yield tick.label1
    yield from picture.texts


@pytest.mark.parametrize(("draw", "name", "grid"), CASES, ids=str)
@pytest.mark.slow
def test_no_text_covers_another_and_nothing_is_clipped(experiment, draw, name, grid):
    picture = DRAW[draw](experiment(name, grid))
    renderer = render(picture)
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts_of(picture)]
    assert len(boxes) > 5

    overlapping = [
        (one, other)
        for (one, box), (other, other_box) in itertools.combinations(boxes, 2)
        # Pixels of empty margin may touch: a text's box is higher than its letters.
        if box.padded(-1.5).overlaps(other_box.padded(-1.5))
    ]
    assert overlapping == []

    page = picture.bbox.padded(0.5)
    clipped = [
        text for text, box in boxes
        if box.x0 < page.x0 or box.y0 < page.y0 or box.x1 > page.x1 or box.y1 > page.y1
    ]  # fmt: skip
    assert clipped == []


@pytest.mark.parametrize("grid", ["workers 1 to 4", "sizes"])
@pytest.mark.parametrize("draw", DRAW)
def test_every_axis_has_its_unit_and_every_part_its_title(experiment, draw, grid):
    sweep = experiment("counting", grid)
    picture = DRAW[draw](sweep)
    labels = {axes.get_title(loc="left"): (axes.get_xlabel(), axes.get_ylabel()) for axes in picture.axes}
    swept = f"size ({gt.tasks().loc[sweep.runs[0].task, 'size_unit']})" if sweep.axis == "size" else "workers"
    time = "seconds since the work began"
    expected = {
        "sweep": {"Wall time": (swept, "seconds"), "Mean CPU utilisation": (swept, "cores busy")},
        "panel": {
            "Wall time": (swept, "seconds"),
            "CPU utilisation": (time, "cores busy"),
            "Mean CPU utilisation": (swept, "cores busy"),
        },
        # The lanes below share the time axis of the curve.
        "run": {"CPU utilisation": ("", "cores busy"), "Who worked when": (time, "worker")},
    }
    expected["serial run"] = expected["run"]
    assert labels == expected[draw]


def names_in(axes):
    return [text.get_text().strip() for text in axes.texts]


@pytest.mark.parametrize("grid", GRIDS)
def test_every_runner_is_named_beside_its_line(experiment, grid):
    sweep = experiment("counting", grid)
    picture = sweep.figure()
    for axes in picture.axes:
        assert all(names_in(axes).count(runner) == 1 for runner in RUNNERS)
        assert axes.get_legend() is None


def test_runners_that_take_no_part_are_not_named(experiment):
    for axes in experiment("counting", "workers 1 to 4", runners=("threads",)).figure().axes:
        assert "threads" in names_in(axes)
        assert not {"serial", "processes"} & set(names_in(axes))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_name_has_the_colour_of_its_line(experiment, name):
    for axes in experiment(name, "workers 1 to 4").figure().axes:
        for text in axes.texts:
            if text.get_text() in RUNNERS:
                assert text.get_color() == pictures.COLOURS[text.get_text()]
                assert any(line.get_color() == text.get_color() for line in axes.lines)


def test_each_runner_has_a_colour_and_a_marker_of_its_own():
    assert set(pictures.COLOURS) == set(pictures.MARKERS) == set(gt.runners().index)
    assert len(set(pictures.COLOURS.values())) == len(set(pictures.MARKERS.values())) == len(pictures.COLOURS)


def test_the_lines_show_the_medians(experiment):
    sweep = experiment("counting", "workers 1 to 4")
    left, right = sweep.figure().axes
    summary = sweep.summary.reset_index()
    for runner, rows in summary.groupby("runner"):
        for axes, column in ((left, "wall_s"), (right, "cores_busy")):
            drawn = [
                list(line.get_ydata()) for line in axes.lines
                if line.get_color() == pictures.COLOURS[runner] and line.get_marker() == pictures.MARKERS[runner]
            ]  # fmt: skip
            assert rows[column].tolist() in drawn


def test_the_ideal_is_drawn_where_it_is_known(experiment):
    (wall, _) = experiment("counting", "same total work").figure().axes
    (ideal,) = [line for line in wall.lines if line.get_linestyle() == ":" and len(line.get_xdata()) == 4]
    # Eight tasks that take 4 s one after the other on one worker, here 0.5 s × 1/8 each: shared by 1, 2, 4, 8.
    first, *others = ideal.get_ydata()
    assert others == pytest.approx([first / 2, first / 4, first / 8])
    assert "ideal" in names_in(wall)
    (wall, _) = experiment("counting", "same total work", runners=("threads", "processes")).figure().axes
    assert "ideal" not in names_in(wall)


def test_the_usable_cpus_are_drawn(experiment):
    picture = experiment("counting", "workers 1 to 64").figure()
    assert all("4 usable CPUs" in names_in(axes) for axes in picture.axes)


def test_lanes_show_every_task_where_it_was(make_run):
    run = make_run("threads", 3, tasks=7)
    lanes = run.figure().axes[1]
    drawn = sorted(
        tuple(path.get_extents().extents.round(3)) for bars in lanes.collections for path in bars.get_paths()
    )
    spans = run.spans
    expected = sorted(
        zip(spans["start_s"], spans["worker"] - 0.35, spans["end_s"], spans["worker"] + 0.35, strict=True)
    )
    assert drawn == [pytest.approx(box, abs=1e-3) for box in expected]


# ── the words that stand for a figure ────────────────────────────────────────────────────────


def test_a_sweeps_alternative_text_says_what_each_runner_did(experiment):
    sweep = experiment("counting", "one setting, as many workers as CPUs")
    for picture in (sweep.figure(), DRAW["panel"](sweep)):
        assert "serial: 2.0" in picture.alt
        assert "4 threads: " in picture.alt
        assert "4 processes: " in picture.alt
    assert "4 × count of 100 iterations" in sweep.figure().alt


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_runs_alternative_text_says_what_ran(make_run, runner):
    alt = make_run(runner, 4, wall=1.5).figure().alt
    assert runner in alt
    assert "count" in alt
    assert "1.50 s" in alt


def test_an_empty_figure_says_its_text():
    picture = pictures.empty_figure("Nothing yet.")
    assert picture.alt == "Nothing yet."
    assert "Nothing yet." in [text.get_text() for text in picture.texts]


# ── the picture in a notebook ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("draw", DRAW)
@pytest.mark.slow
def test_the_png_is_one_and_is_small(experiment, draw):
    png = DRAW[draw](experiment("counting", "workers 1 to 64")).png()
    assert png.startswith(PNG)
    assert len(png) < 200_000


def test_the_bundle_has_a_picture_and_words(experiment):
    picture = experiment("waiting", "workers 1 to 4").figure()
    data, metadata = picture._repr_mimebundle_()
    assert set(data) == {"image/png", "text/plain"}
    assert base64.b64decode(data["image/png"]).startswith(PNG)
    assert data["text/plain"] == metadata["image/png"]["alt"] == picture.alt
    # Twice as many pixels as the notebook shows: sharp on a projector.
    width, height = (int.from_bytes(base64.b64decode(data["image/png"])[at : at + 4]) for at in (16, 20))
    assert (width, height) == pytest.approx((2 * metadata["image/png"]["width"], 2 * metadata["image/png"]["height"]))


@pytest.mark.slow
def test_drawing_uses_no_pyplot():
    # In a fresh interpreter: another test may have imported it.
    script = (
        "import sys\n"
        "from gilteach.show import pictures\n"
        "pictures.empty_figure('text').png()\n"
        "sys.exit('matplotlib.pyplot' in sys.modules)\n"
    )
    assert subprocess.run([sys.executable, "-P", "-c", script]).returncode == 0


@pytest.mark.slow
def test_drawing_leaves_the_users_style_alone(experiment):
    import matplotlib

    before = dict(matplotlib.rcParams)
    experiment("counting", "workers 1 to 4").figure().png()
    assert dict(matplotlib.rcParams) == before

"""Messages through channels: what is measured, drawn and refused, and what is left when it ends."""

import math
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest

import gilteach as gt
from gilteach.bench.channels import CHANNELS
from gilteach.children import launch
from gilteach.measuring import execution
from gilteach.measuring.traffic import Deliveries, MessagePlan
from gilteach.show.words import in_bytes

COLUMNS = ["channel", "size_bytes", "repeat", "messages", "seconds_per_message", "megabytes_per_s", "startup_s",
           "background"]  # fmt: skip
QUICK = {"seconds": 0.001, "progress": False}
TO_A_PROCESS = [name for name in CHANNELS if name not in ("thread", "pickling")]
each_channel = pytest.mark.parametrize("channel", CHANNELS)
through_processes = pytest.mark.parametrize("channel", TO_A_PROCESS)
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows shared memory as files")


@pytest.fixture(scope="module")
def small():
    """Two sizes through every channel, twice."""
    return gt.messages(sizes=(100, 100_000), repeats=2, **QUICK)


@pytest.fixture
def make_traffic():
    """Make a `Traffic` of seconds per message, by channel and size, a list of repeats each."""

    def make(seconds):
        channels = list(dict.fromkeys(channel for channel, _ in seconds))
        repeats = len(next(iter(seconds.values())))
        measured = []
        for repeat in range(repeats):
            for channel in channels:
                deliveries = [
                    (size, 10, 10 * each[repeat]) for (name, size), each in seconds.items() if name == channel
                ]
                plan = MessagePlan(channel, (100,), 0.1, sys.executable, 60.0)
                measured.append((Deliveries(plan, 0.1, 0.0, gt.machine(), deliveries, ""), repeat))
        return gt.Traffic(tuple(measured))

    return make


# ── measuring ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
def test_a_row_for_every_channel_size_and_repeat(small):
    frame = small.frame
    assert list(frame.columns) == COLUMNS
    rows = frame[["repeat", "channel", "size_bytes"]].to_numpy().tolist()
    assert rows == [[repeat, channel, size] for repeat in (0, 1) for channel in CHANNELS for size in (100, 100_000)]
    assert (frame[["seconds_per_message", "megabytes_per_s", "startup_s"]] > 0).all().all()
    assert (frame["messages"] >= 2).all()
    assert (frame["background"] >= 0).all()


@pytest.mark.slow
def test_a_delivery_lasts_as_long_as_asked_for(small):
    assert (small.frame["messages"] * small.frame["seconds_per_message"] >= QUICK["seconds"]).all()


def test_channels_print_nothing_and_warn_of_nothing(small):
    assert {one.output for one, _ in small.measured} == {""}


@pytest.mark.slow
def test_large_messages_take_longer():
    # The quickest of three: no neighbour makes a small message last as long as one with 100,000 times its bytes.
    traffic = gt.messages(TO_A_PROCESS, sizes=(100, 10_000_000), repeats=3, **QUICK)
    for channel in TO_A_PROCESS:
        quickest = traffic.summary.loc[channel]["seconds_low"]
        assert quickest[10_000_000] > 3 * quickest[100]


@pytest.mark.slow
def test_a_thread_gets_a_reference_whatever_the_size():
    traffic = gt.messages(("thread", "pipe", "queue"), sizes=20_000_000, repeats=3, **QUICK)
    quickest = traffic.summary["seconds_low"].droplevel("size_bytes")
    assert quickest["pipe"] > 5 * quickest["thread"]
    assert quickest["queue"] > 5 * quickest["thread"]


def test_the_receiver_gets_what_was_sent(tmp_path, monkeypatch):
    """Every message arrives whole, in the right number: the receiver notes what it used."""
    from shutil import copytree

    bench = tmp_path / "bench"
    copytree(launch.BENCH, bench)
    monkeypatch.setattr(launch, "BENCH", bench)
    notes = tmp_path / "notes"
    source = (bench / "channels.py").read_text(encoding="utf-8")
    for reading, noting in {
        "receive()[::PAGE]": "note(receive())",
        "pickle.loads(pickle.dumps(message))[::PAGE]": "note(pickle.loads(pickle.dumps(message)))",
        "len(message[::PAGE])": "note(message)",
        "end:PAGE]": "end]",
    }.items():
        assert source.count(reading) == 1
        source = source.replace(reading, noting)
    note = (
        f"\n\ndef note(message):\n    with open({str(notes)!r}, 'a') as file:\n"
        "        file.write(f'{len(message)} {message.count(103)}\\n')\n"
    )
    (bench / "channels.py").write_text(source + note, encoding="utf-8")
    for channel in CHANNELS:
        notes.write_text("")
        traffic = gt.messages(channel, sizes=12_345, repeats=1, **QUICK)
        used = [line.split() for line in notes.read_text().splitlines()]
        whole = [line for line in used if line == ["12345", "12345"]]
        assert len(whole) >= traffic.frame["messages"].iloc[0]
        assert len(used) - len(whole) <= 1, "but for the greeting, all messages are whole"


def test_every_python_measures_every_channel(python):
    traffic = gt.messages(sizes=(1, 50_000), repeats=1, python=python, **QUICK)
    assert traffic.frame["size_bytes"].tolist() == [1, 50_000] * len(CHANNELS)
    assert {one.machine.python.short for one, _ in traffic.measured} == {python}
    assert {one.output for one, _ in traffic.measured} == {""}


def test_what_shared_memory_has_no_room_for_is_left_out(tmp_path, monkeypatch):
    from shutil import copytree

    bench = tmp_path / "bench"
    copytree(launch.BENCH, bench)
    source = (bench / "channels.py").read_text(encoding="utf-8")
    assert "shutil.disk_usage(SHARED_MEMORY).free" in source
    (bench / "channels.py").write_text(
        source.replace("shutil.disk_usage(SHARED_MEMORY).free", "50_000"), encoding="utf-8"
    )
    monkeypatch.setattr(launch, "BENCH", bench)
    traffic = gt.messages(("shared memory", "pipe"), sizes=(100, 100_000), repeats=1, **QUICK)
    sizes = traffic.frame.groupby("channel")["size_bytes"].apply(list)
    assert sizes["pipe"] == [100, 100_000]
    if launch.SHARED_MEMORY.is_dir():
        assert sizes["shared memory"] == [100]
        assert math.isnan(traffic.ratios("pipe", "shared memory", 100_000)[0])
    traffic.figure()


# ── tables and the figure ────────────────────────────────────────────────────────────────────


def test_the_summary_is_the_median_of_the_repeats(make_traffic):
    traffic = make_traffic({("pipe", 1000): [0.001, 0.002, 0.009]})
    row = traffic.summary.loc["pipe", 1000]
    assert row["repeats"] == 3
    assert row[["seconds_per_message", "seconds_low", "seconds_high"]].tolist() == pytest.approx([0.002, 0.001, 0.009])
    assert row["megabytes_per_s"] == pytest.approx(0.5)


def test_ratios_are_within_each_repeat(make_traffic):
    traffic = make_traffic({("queue", 100): [4.0, 9.0], ("pipe", 100): [2.0, 3.0]})
    assert traffic.ratios("queue", "pipe", 100) == pytest.approx([2.0, 3.0])
    assert all(map(math.isnan, traffic.ratios("queue", "pool", 100)))


def test_a_csv_file_gives_the_frame_back(small, tmp_path):
    small.to_csv(tmp_path / "messages.csv")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "messages.csv"), small.frame)


@pytest.mark.slow
def test_the_figure_tells_channels_apart_by_colour_and_marker(small):
    picture = small.figure()
    for axes in picture.axes:
        assert axes.get_xscale() == axes.get_yscale() == "log"
        lines = [line for line in axes.lines if len(line.get_xdata()) == 2]
        assert len(lines) == len(CHANNELS)
        assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == len(CHANNELS)
        written = {text.get_text() for text in axes.texts}
        assert written == {*CHANNELS} - {"pickling"} | {"pickling alone"}
    for channel in CHANNELS:
        assert channel in picture.alt
    assert picture.png().startswith(b"\x89PNG")


@pytest.mark.parametrize("lasted", [2.07e-6, 3.04e-6, 3.4e-6])
def test_a_single_point_has_an_axis_around_it(make_traffic, lasted):
    for axes in make_traffic({("pipe", 1000): [lasted]}).figure().axes:
        low, high = axes.get_ylim()
        assert high >= 10 * low


def test_labels_stay_within_the_figure(make_traffic):
    # All lines end at the very top: their names have to go downwards.
    traffic = make_traffic({(channel, size): [size * 1e-6] for channel in CHANNELS for size in (100, 10_000)})
    for axes in traffic.figure().axes:
        assert max(text.xy[1] for text in axes.texts) <= 1.0


def test_repr_says_what_was_sent(small):
    assert repr(small) == f"<Traffic of messages of 100 B to 100 KB: {', '.join(CHANNELS)}>"


@pytest.mark.parametrize(("size", "words"), [(1, "1 B"), (1000, "1 KB"), (1500, "1.5 KB"), (10**8, "100 MB")])
def test_sizes_in_words(size, words):
    assert in_bytes(size) == words


def test_the_table_of_channels():
    table = gt.channels()
    assert list(table.index) == list(CHANNELS)
    assert table["does"].str.len().min() > 10


# ── what is refused ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"channels": "pip"}, "Did you mean 'pipe'?"),
        ({"channels": ()}, "at least one of 'pipe'"),
        ({"channels": None}, "channel must be one of"),
        ({"sizes": ()}, "at least one number of bytes"),
        ({"sizes": 0}, "size must be a whole number from 1 to 500,000,000 bytes"),
        ({"sizes": (10, 10**12)}, "500,000,000"),
        ({"sizes": "big"}, "not 'big'"),
        ({"repeats": 0}, "repeats must be"),
        ({"seconds": 0}, "seconds must be a number from 0.001 to 10.0"),
        ({"timeout": 0}, "timeout must be"),
        ({"python": "3.99"}, "no Python '3.99'"),
    ],
    ids=str,
)
@pytest.mark.parametrize("make", [gt.messages, gt.MessageExperiment])
def test_bad_arguments_are_refused_before_anything_starts(monkeypatch, make, arguments, words):
    def start(*_):
        raise AssertionError("something was started in spite of the bad argument")

    monkeypatch.setattr("gilteach.measuring.traffic.start_bench", start)
    if make is gt.MessageExperiment and "sizes" in arguments:
        arguments = {"size": arguments["sizes"]}
    with pytest.raises(gt.GilteachError) as caught:
        make(**arguments)
    assert words in str(caught.value)


# ── however it ends, nothing is left ─────────────────────────────────────────────────────────


@each_channel
@pytest.mark.slow
def test_nothing_is_left_after_a_normal_end(assert_nothing_left, channel):
    gt.messages(channel, sizes=100_000, repeats=1, **QUICK)
    assert_nothing_left()


@through_processes
@pytest.mark.parametrize("timeout", [0.12, 0.8], ids=["starting", "sending"])
@pytest.mark.slow
def test_nothing_is_left_after_a_timeout(assert_nothing_left, channel, timeout):
    with pytest.raises(gt.RunTimeout, match=f"sending messages .{channel}. took longer than"):
        gt.messages(channel, sizes=1_000_000, repeats=1, seconds=10, progress=False, timeout=timeout)
    assert_nothing_left()


@pytest.mark.parametrize("seconds", [0.05, 0.12, 0.3])
@pytest.mark.slow
def test_nothing_is_left_of_shared_memory_that_is_killed_in_the_middle(assert_nothing_left, seconds):
    stop = threading.Event()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    from gilteach.measuring.traffic import interleave_messages, make_message_plans

    plans = make_message_plans("shared memory", 1_000_000, 10.0, None, 60.0)
    with pytest.raises(gt.RunStopped):
        list(interleave_messages(plans, 1, stop))
    timer.join()
    assert_nothing_left()


@linux
def test_what_the_resource_tracker_never_knew_of_is_removed():
    # As if the bench had been killed between making it and telling the tracker.
    bench = launch.start_bench(sys.executable)
    left = [Path(f"/dev/shm/{name}") for name in (f"gilteach-{bench.pid}", f"sem.gilteach-{bench.pid}-abc")]
    others = [Path(f"/dev/shm/{name}") for name in (f"gilteach-{bench.pid}0", f"sem.gilteach-{bench.pid}0-abc")]
    try:
        for file in left + others:
            file.write_bytes(b"left")
        bench.end()
        assert [file.exists() for file in left + others] == [False, False, True, True]
    finally:
        for file in left + others:
            file.unlink(missing_ok=True)


@linux
@pytest.mark.slow
def test_a_bench_names_its_shared_memory_after_itself(wait_until, started_processes):
    seen = []
    stop = threading.Event()

    def look():
        for process in started_processes():
            seen.extend(launch.SHARED_MEMORY.glob(f"*gilteach-{process.pid}*"))
        return seen

    def watch():
        wait_until(look, 10)
        stop.set()

    watcher = threading.Thread(target=watch)
    watcher.start()
    from gilteach.measuring.traffic import interleave_messages, make_message_plans

    with pytest.raises(gt.RunStopped):
        list(interleave_messages(make_message_plans("shared memory", 1000, 10.0, None, 60.0), 1, stop))
    watcher.join()
    assert seen


@through_processes
@pytest.mark.slow
def test_the_death_of_a_receiver_is_told(monkeypatch, assert_nothing_left, channel):
    """Kill the newest process of the bench, which is the receiver, while messages are sent."""
    converse = execution.next_event

    def kill_the_receiver(bench, plan, deadline, stop, expected, meter=None):
        event = converse(bench, plan, deadline, stop, expected, meter)
        if expected == "ready":
            threading.Timer(0.3, psutil.Process(event["workers"][-1][0]).kill).start()
        return event

    monkeypatch.setattr(execution, "next_event", kill_the_receiver)
    began = time.monotonic()
    with pytest.raises(gt.GilteachError) as caught:
        gt.messages(channel, sizes=1_000_000, repeats=1, seconds=10, progress=False, timeout=30)
    if channel != "manager":  # whose queue may be the first to notice
        assert isinstance(caught.value, gt.WorkerDied)
        assert "ended by signal SIGKILL" in str(caught.value)
    assert time.monotonic() - began < 20, "nobody waits for the timeout"
    assert_nothing_left()


# ── the panel ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def panel(assert_nothing_left, wait_until):
    made = []

    def make(channels=("pipe", "thread"), **options):
        made.append(gt.MessageExperiment(channels, **{"seconds": 0.001, "size": 1000} | options))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        assert wait_until(lambda one=one: one._stop.disabled, 10)
    assert_nothing_left()


@pytest.mark.slow
def test_the_panel_measures_what_is_chosen(panel):
    experiment = panel()
    assert experiment.results is None
    experiment._chosen["thread"].value = False
    traffic = experiment.run()
    assert traffic.frame[["channel", "size_bytes"]].to_numpy().tolist() == [["pipe", 1000]]
    assert "pipe" in experiment._summary.value
    assert "A message of 1 KB: pipe" in experiment._image.value, "the picture needs its text alternative"


@pytest.mark.slow
def test_releasing_the_slider_measures_and_points_gather(panel, wait_until):
    experiment = panel()
    experiment.run()
    experiment._size.value = 10_000
    assert wait_until(lambda: experiment._stop.disabled and len(experiment.results.frame) == 4, 20)
    assert set(experiment.results.frame["size_bytes"]) == {1000, 10_000}
    assert "10 KB" in experiment._summary.value
    experiment.clear()
    assert experiment.results is None


@pytest.mark.slow
def test_sweep_measures_all_sizes(panel):
    experiment = panel("thread")
    assert experiment.sweep().frame["size_bytes"].tolist() == [10**power for power in range(2, 9)]


@pytest.mark.slow
def test_the_panel_can_be_stopped(panel, wait_until):
    experiment = panel(seconds=10.0)
    experiment._run.click()
    time.sleep(0.5)
    assert not experiment._stop.disabled
    experiment._stop.click()
    assert wait_until(lambda: experiment._stop.disabled, 5)
    assert experiment._status.value == "stopped"


def test_the_sliders_steps_go_from_100_bytes_to_100_megabytes(panel):
    sizes = [size for _, size in panel()._size.options]
    assert sizes == sorted(sizes)
    assert (sizes[0], sizes[-1]) == (100, 10**8)


def test_no_channel_chosen_is_said_in_words(panel):
    experiment = panel("pipe")
    experiment._chosen["pipe"].value = False
    experiment._run.click()
    assert 'role="alert"' in experiment._summary.value
    assert "at least one of" in experiment._summary.value


def test_a_panel_in_a_notebook_has_a_picture_and_words(panel):
    experiment = panel()
    data, _ = experiment._repr_mimebundle_()
    assert set(data) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert repr(experiment) == "<MessageExperiment: pipe, thread>"

"""What a program's curve is made of, on a machine whose one core is given from hand to hand by a list."""

from types import SimpleNamespace

import numpy as np
import psutil
import pytest

from gilteach.programs import census

PROGRAM, TRACKER, FIRST, SECOND, STRANGER = range(100, 105)
INTERVAL = 0.02
# Who has the core, from when to when, in seconds. Nobody has it from 0.3 to 0.4.
TURNS = [
    (PROGRAM, 0.0, 0.033),
    (TRACKER, 0.033, 0.041),
    (FIRST, 0.041, 0.06),
    (TRACKER, 0.06, 0.068),
    (FIRST, 0.068, 0.155),
    (SECOND, 0.155, 0.27),
    (TRACKER, 0.27, 0.28),
    (PROGRAM, 0.28, 0.3),
    (PROGRAM, 0.4, 0.5),
]
END = 0.5
FAMILY = (PROGRAM, TRACKER, FIRST, SECOND)


def notes_of(pid, at, folder, **facts):
    """Return what has a process write its notes just before the look at some moment."""

    def write(now):
        if now == pytest.approx(at):
            (folder / str(pid)).write_text(f"{(None, facts)}\n")

    return write


class OneCore:
    """Processes that come with their first turn and go after their last."""

    def __init__(self, turns):
        self.turns = turns
        self.now = 0.0

    def pids(self):
        return [pid for pid in {pid for pid, _, _ in self.turns} if self._is_there(pid)]

    def clock(self, pid):
        if not self._is_there(pid):
            raise ProcessLookupError(pid)
        return sum(min(end, self.now) - begin for one, begin, end in self.turns if one == pid and begin < self.now)

    def _is_there(self, pid):
        return any(begin <= self.now for one, begin, _ in self.turns if one == pid) and any(
            end > self.now for one, _, end in self.turns if one == pid
        )


@pytest.fixture
def measured(monkeypatch, tmp_path):
    """Return what a census that looks at some moments says of the turns in the end: curve and lanes."""

    def measured(moments, turns=TURNS, family=FAMILY, before_look=lambda now: None):
        core = OneCore(turns)

        def no_name(pid):
            raise psutil.NoSuchProcess(pid)

        system = SimpleNamespace(
            pids=core.pids, Process=no_name, Error=psutil.Error, STATUS_ZOMBIE=psutil.STATUS_ZOMBIE
        )
        monkeypatch.setattr(census, "psutil", system)
        monkeypatch.setattr(census, "time", SimpleNamespace(perf_counter=lambda: core.now))
        monkeypatch.setattr(census, "_last_id", lambda: None)
        monkeypatch.setattr(census, "has_ended", lambda pid: False)
        program = SimpleNamespace(pid=PROGRAM, own=lambda pids: [pid for pid in pids if pid in family])
        looks = [(0.0, 0.0)]
        meter = SimpleNamespace(
            clock=core.clock,
            look_around=lambda: looks.append(
                (core.now, sum(end - begin for _, begin, end in turns if end <= core.now))
            ),
            others=lambda: np.array(looks).T,
        )
        witness = SimpleNamespace(pids=[], watch=lambda pids: None)
        there = census.Census(program, tmp_path, meter, 0.0, witness)
        for core.now in [*moments, END]:
            before_look(core.now)
            there.look()
        used = sum(end - begin for pid, begin, end in turns if pid in FAMILY)
        account = there.account(END, used, INTERVAL, None, [])
        assert account["cpu"] == pytest.approx(used)
        lanes = {pid: (name, start, end) for pid, _, name, start, end, _ in account["raw_lanes"]}
        return *np.array(account["raw_samples"]).T, lanes

    return measured


@pytest.mark.parametrize(
    "moments",
    [
        np.arange(0.02, 0.49, INTERVAL),
        [0.02, 0.05, 0.07, 0.16, 0.29, 0.3, 0.4, 0.42],  # as a busy machine allows
        [0.1, 0.2, 0.3, 0.4],
    ],
    ids=["often", "irregularly", "seldom"],
)
def test_the_curve_of_one_core_that_was_always_busy_but_for_a_pause(measured, moments):
    ends, cores, lanes = measured(moments)
    pause = (ends > 0.31) & (ends < 0.41)
    assert cores[pause] == pytest.approx(0.0)
    assert cores[~pause] == pytest.approx(1.0)
    assert set(lanes) == set(FAMILY)


def test_what_came_and_went_between_two_looks_is_spread_evenly(measured):
    turns = [(PROGRAM, 0.0, 0.1), (FIRST, 0.11, 0.19), (PROGRAM, 0.2, 0.5)]
    _, cores, lanes = measured([0.1, 0.2, 0.4], turns)
    assert set(lanes) == {PROGRAM}
    assert cores == pytest.approx([1.16, 0.16, 1.16, 1.16])


@pytest.mark.parametrize(("noted", "start"), [(0.035, 0.04), (0.042, 0.042), (0.07, 0.06)])
def test_who_is_born_between_two_looks_begins_between_them(measured, tmp_path, noted, start):
    notes = notes_of(FIRST, 0.06, tmp_path, name="first", start=noted, begin="exec")
    _, cores, lanes = measured(np.arange(0.02, 0.49, INTERVAL), before_look=notes)
    assert lanes[FIRST][1] == pytest.approx(start)
    assert max(cores) == pytest.approx(1.0)
    for pid, born, gone in [(TRACKER, 0.033, 0.28), (SECOND, 0.155, 0.27)]:  # without notes
        assert lanes[pid][1:] == (pytest.approx(born, abs=INTERVAL), pytest.approx(gone, abs=INTERVAL))


def test_a_process_in_a_session_of_its_own_is_known_by_its_notes(measured, tmp_path):
    notes = notes_of(SECOND, 0.18, tmp_path, name="daemon", start=0.157, begin="exec")
    family = (PROGRAM, TRACKER, FIRST)
    _, cores, lanes = measured(np.arange(0.02, 0.49, INTERVAL), family=family, before_look=notes)
    assert lanes[SECOND][:2] == ("daemon", pytest.approx(0.157))
    assert max(cores) == pytest.approx(1.0, abs=0.15)


def test_short_lives_without_notes_are_counted_and_have_no_lane(measured):
    turns = [(PROGRAM, 0.0, 0.1), (FIRST, 0.1, 0.15), (SECOND, 0.15, 0.29), (PROGRAM, 0.29, 0.5)]
    _, cores, lanes = measured(np.arange(0.02, 0.49, INTERVAL), turns)
    assert set(lanes) == {PROGRAM, SECOND}
    assert cores == pytest.approx(1.0)


def test_somebody_else_is_not_counted(measured):
    *_, lanes = measured(np.arange(0.02, 0.49, INTERVAL), [*TURNS, (STRANGER, 0.29, 0.41)])
    assert set(lanes) == set(FAMILY)

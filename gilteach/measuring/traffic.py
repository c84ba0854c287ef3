"""Traffic: messages of several sizes through several channels, measured, interleaved and repeated."""

from dataclasses import dataclass, replace
from functools import cached_property

from .. import check
from ..bench.channels import CHANNELS
from ..children.launch import children, start_bench
from ..errors import BadValue
from ..host.interpreters import resolve
from ..host.machines import Machine, machine
from ..show.progress import show_progress
from ..show.words import in_bytes
from . import estimates
from .execution import converse, execute
from .failures import understanding
from .line import straight_line
from .measured import Collection, ranked
from .plan import LONGEST_TIMEOUT
from .sweeps import MOST_REPEATS, is_sequence
from .value import Value

SIZES = tuple(10**power for power in range(2, 9))  # bytes
LARGEST = 500_000_000  # bytes; a channel may hold half a dozen copies of a message
LONGEST_DELIVERY = 10.0  # s


@dataclass(frozen=True)
class MessagePlan:
    """What one bench is to do: send messages of all sizes through one channel.

    Attributes
    ----------
    channel : str
        Its name.
    sizes : tuple of int
        Bytes in a message.
    seconds : float
        How long a delivery lasts at least.
    python : str
        Path of the interpreter.
    timeout : float
        Seconds after which it is ended.
    """

    channel: str
    sizes: tuple
    seconds: float
    python: str
    timeout: float

    module = None  # there is no task of a learner's own in it

    @property
    def title(self):
        """What is measured, in a few words."""
        return f"sending messages ({self.channel})"

    def request(self):
        """Return what a bench has to be told."""
        return {"channel": self.channel, "sizes": self.sizes, "seconds": self.seconds}


@dataclass(frozen=True)
class Deliveries:
    """What one bench has measured.

    Attributes
    ----------
    plan : MessagePlan
        What was asked for.
    startup : float
        Seconds from asking for the channel until its receiver was there.
    background : float
        Cores that everything else on the machine kept busy meanwhile.
    machine : Machine
        Where it ran, with the interpreter that ran it.
    deliveries : list of (int, int, float)
        Bytes in a message, messages, and seconds for all of them.
    output : str
        What was printed: nothing, if all went well.
    """

    plan: MessagePlan
    startup: float
    background: float
    machine: Machine
    deliveries: list
    output: str


@dataclass(frozen=True, repr=False)
class Traffic(Collection):
    """Messages through channels, measured.

    Attributes
    ----------
    measured : tuple of (Deliveries, int)
        What each bench has measured, and the repeat it belongs to, in the order of measuring.
    """

    measured: tuple

    @cached_property
    def frame(self):
        """Every measurement.

        A tidy DataFrame with a row per channel, size and repeat: ``channel``, ``size_bytes``,
        ``repeat`` (0…), ``messages`` (how many were sent), ``seconds_per_message``,
        ``megabytes_per_s`` (a megabyte is 1,000,000 bytes), ``startup_s`` (of the channel with its
        receiver) and ``background`` (cores that other programs kept busy).
        """
        import pandas as pd

        columns = ["channel", "size_bytes", "repeat", "messages", "seconds_per_message", "megabytes_per_s",
                   "startup_s", "background"]  # fmt: skip
        rows = [
            (one.plan.channel, size, repeat, count, seconds / count, size * count / seconds / 1e6,
             one.startup, one.background)
            for one, repeat in self.measured
            for size, count, seconds in one.deliveries
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def summary(self):
        """One row per channel and size: the median of the repeats, with the lowest and the highest.

        A DataFrame indexed by ``channel`` and ``size_bytes``, with ``repeats`` (how many),
        ``seconds_per_message``, ``seconds_low``, ``seconds_high``, ``megabytes_per_s`` and
        ``background`` (cores).
        """
        return self.frame.groupby(["channel", "size_bytes"], sort=False).agg(
            repeats=("repeat", "size"),
            seconds_per_message=("seconds_per_message", "median"),
            seconds_low=("seconds_per_message", "min"),
            seconds_high=("seconds_per_message", "max"),
            megabytes_per_s=("megabytes_per_s", "median"),
            background=("background", "median"),
        )

    def __getitem__(self, which):
        """Return the seconds per message through a channel as a `Value`: ``traffic["pipe", 100_000_000]``."""
        if not isinstance(which, tuple) or len(which) != 2:
            raise BadValue(f'give a channel and bytes in a message, such as traffic["pipe", 100], not {which!r}')
        channel, size = which
        frame = self.frame
        check.choice("channel", channel, frame["channel"].unique())
        rows = frame[(frame["channel"] == channel) & (frame["size_bytes"] == size)]
        if rows.empty:
            there = ", ".join(f"{there:,}" for there in frame["size_bytes"].unique())
            raise BadValue(f"no messages of {size!r} bytes were sent through {channel}, but of {there}")
        return Value(rows["seconds_per_message"], rows["background"])

    def fastest(self, *leave_out):
        """Return which channel is the fastest for each size of a message, of those that aren't left out.

        Parameters
        ----------
        *leave_out : str
            Channels that don't count, such as ``"thread"``.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``size_bytes``: ``channel``, ``seconds_per_message`` and ``next_takes``, how many times as long
            the next one takes.
        """
        table = self.summary["seconds_per_message"].unstack("channel")
        for channel in leave_out:
            check.choice("channel", channel, table.columns)
        return ranked(table.drop(columns=list(leave_out)), "channel", "seconds_per_message")

    def fit(self, channel):
        """Return the straight line through a channel's times: a `Line` over the bytes of a message."""
        check.choice("channel", channel, self.frame["channel"].unique())
        rows = self.frame[self.frame["channel"] == channel]
        return straight_line(rows["size_bytes"], rows["seconds_per_message"])

    def ratios(self, channel, to, size):
        """Return how many times as long a message takes through one channel as through another.

        Parameters
        ----------
        channel, to : str
            The two channels.
        size : int
            Bytes in a message.

        Returns
        -------
        list of float
            One ratio a repeat, for `claim`; NaN where one of the two wasn't measured.
        """
        per_message = self.frame.pivot(index="repeat", columns=["channel", "size_bytes"], values="seconds_per_message")
        missing = per_message.iloc[:, 0] * float("nan")
        return (per_message.get((channel, size), missing) / per_message.get((to, size), missing)).tolist()

    def _figure(self):
        from ..show.traffic_figure import traffic_figure

        return traffic_figure(self)

    def _contents(self):
        channels = dict.fromkeys(one.plan.channel for one, _ in self.measured)
        sizes = self.frame["size_bytes"]
        return f"of messages of {in_bytes(sizes.min())} to {in_bytes(sizes.max())}: {', '.join(channels)}"


def messages(
    channels=tuple(CHANNELS), sizes=SIZES, *, repeats=3, seconds=0.02, progress=True, python=None, timeout=60.0
):
    """Send messages through channels and measure how long one takes.

    Messages of one size are sent one right after the other. The time per message is the time from
    sending the first until the receiver has used the last, divided by how many they were; start-up
    comes before that. Every channel is measured once, then every one again, and so on.

    Parameters
    ----------
    channels : str or sequence of str
        Names from `channels`.
    sizes : int or sequence of int
        Bytes in a message, each from 1 to 500,000,000. A size that shared memory has no room for on
        this machine is left out there.
    repeats : int
        How many times each is measured, from 1 to 1,000.
    seconds : float
        How long sending the messages of one size is to take at least, 0.001 to 10 s; two messages are
        sent in any case.
    progress : bool
        Whether to show a progress bar with the time left.
    python : str or path, optional
        The interpreter, as in `run`.
    timeout : float
        Seconds after which a channel's measuring is ended.

    Returns
    -------
    Traffic

    Raises
    ------
    BadValue, PythonNotFound
        If an argument isn't allowed; the message says what is.
    WorkerDied
        If a receiver or the bench ends in the middle.
    RunTimeout
        If measuring a channel takes longer than `timeout`.
    """
    plans = make_message_plans(channels, sizes, seconds, python, timeout)
    repeats = check.whole_number("repeats", repeats, 1, MOST_REPEATS)
    measured = []
    title = f"messages{estimates.announcement(plans, repeats)}"
    with show_progress(len(plans) * repeats, title, "channel", progress) as bar:
        for item in interleave_messages(plans, repeats):
            measured.append(item)
            bar.update()
    return Traffic(tuple(measured))


def make_message_plans(channels, sizes, seconds, python, timeout):
    """Check the arguments of `messages` and return a plan per channel."""
    channels = channels if is_sequence(channels) else [channels]
    sizes = sizes if is_sequence(sizes) else [sizes]
    if not len(channels):
        raise BadValue(f"channels must name at least one of {', '.join(map(repr, CHANNELS))}")
    if not len(sizes):
        raise BadValue("sizes must hold at least one number of bytes")
    channels = dict.fromkeys(check.choice("channel", channel, CHANNELS) for channel in channels)
    sizes = tuple(dict.fromkeys(check.whole_number("size", size, 1, LARGEST, "bytes") for size in sizes))
    seconds = check.number("seconds", seconds, 0.001, LONGEST_DELIVERY)
    timeout = check.number("timeout", timeout, 0.001, LONGEST_TIMEOUT, "seconds")
    executable = resolve(python).executable
    return [MessagePlan(channel, sizes, seconds, executable, timeout) for channel in channels]


def interleave_messages(plans, repeats, stop=None):
    """Measure all channels once, then all again, …; yield (deliveries, repeat) as they come."""
    for repeat in range(repeats):
        for plan in plans:
            yield execute(plan, stop, measure=_measure), repeat


def _measure(plan, stop):
    with children() as started:
        bench = start_bench(plan.python)
        started.append(bench)
        ready, done, meter = converse(bench, plan, plan.request(), stop)
    here = machine()
    with understanding(ready | done):
        return Deliveries(
            plan=plan,
            startup=float(ready["startup"]),
            background=meter.background(),
            machine=replace(here, python=replace(resolve(plan.python), gil=ready["gil"])),
            deliveries=[(int(size), int(count), float(seconds)) for size, count, seconds in done["deliveries"]],
            output=bench.output,
        )

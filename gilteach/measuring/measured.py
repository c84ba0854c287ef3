"""What every measured execution has: of tasks by a runner, or of a whole program."""

from functools import cached_property


class Measured:
    """Wall time, CPU time and how many cores that kept busy."""

    @property
    def cores_busy(self):
        """CPU time ÷ wall time: the CPU utilisation, in cores."""
        return self.cpu / self.wall

    @cached_property
    def samples(self):
        """The CPU-utilisation curve.

        A DataFrame with a row per interval of about 20 ms: ``time_s``, its end in seconds from the
        start of what was measured, and ``cores_busy`` in it. The area under it is the CPU time.
        """
        import pandas as pd

        return pd.DataFrame(self.raw_samples, columns=["time_s", "cores_busy"], dtype=float)

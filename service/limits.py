"""How much one caller may ask: a bucket that fills with time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FORGET = 10_000  # callers; full buckets are forgotten beyond that


class Buckets:
    """A bucket a caller.

    Args:
        per_second: how fast it fills.
        size: how much it holds.
        clock: seconds.
    """

    def __init__(self, per_second: float, size: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second, self.size, self.clock = per_second, size, clock
        self.levels: dict[str, tuple[float, float]] = {}
        self.lock = threading.Lock()

    def wait(self, caller: str) -> float:
        """Take one; return 0, or in how many seconds there will be one."""
        with self.lock:
            now = self.clock()
            level, since = self.levels.get(caller, (self.size, now))
            level = min(self.size, level + (now - since) * self.per_second)
            if level < 1:
                self.levels[caller] = (level, now)
                return (1 - level) / self.per_second
            self.levels[caller] = (level - 1, now)
            if len(self.levels) > FORGET:
                self._forget(now)
            return 0.0

    def _forget(self, now: float) -> None:
        full = [name for name, (level, since) in self.levels.items()
                if level + (now - since) * self.per_second >= self.size]  # fmt: skip
        for name in full:
            del self.levels[name]

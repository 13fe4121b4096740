"""Rate limits: a token bucket for each caller."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FORGET = 10_000  # callers; full buckets are forgotten beyond that


class RateLimiter:
    """A token bucket for each caller.

    Args:
        per_second: how fast it fills.
        size: how much it holds.
        clock: seconds.
    """

    def __init__(self, per_second: float, size: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.size = size
        self.clock = clock
        self.levels: dict[str, tuple[float, float]] = {}
        self.lock = threading.Lock()
        self.forgotten_at = float("-inf")

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
        """Forget full buckets, at most once a second; and who came first where there are far too many all the same."""
        if len(self.levels) > 2 * FORGET:
            del self.levels[next(iter(self.levels))]
        if now - self.forgotten_at < 1:
            return
        self.forgotten_at = now
        self.levels = {
            caller: (level, since)
            for caller, (level, since) in self.levels.items()
            if level + (now - since) * self.per_second < self.size
        }

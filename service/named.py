"""Who sees names on their list today: for one reason that they stated, until midnight in Lima."""

from __future__ import annotations

import threading
from datetime import date

from warehouse import clock


class NamedToday:
    """The reasons for which callers see names today; a restart forgets them, and they are asked again."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.day: date | None = None
        self.reasons: dict[str, str] = {}

    def state(self, caller: str, reason: str) -> None:
        """Note why a caller sees names today."""
        with self.lock:
            self._begin_day()
            self.reasons[caller] = reason

    def reason(self, caller: str) -> str | None:
        """Return why a caller sees names today; None where no reason was stated."""
        with self.lock:
            self._begin_day()
            return self.reasons.get(caller)

    def end(self, caller: str) -> None:
        """Hide names from a caller again."""
        with self.lock:
            self.reasons.pop(caller, None)

    def _begin_day(self) -> None:
        if self.day != clock.today():
            self.day = clock.today()
            self.reasons = {}

"""The event that deliveries have come: what is in the inbox and has settled starts a refresh, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent


class Deliveries(BaseEventTrigger):
    """Fires when the inbox holds deliveries that have settled and that it has not told of yet.

    Args:
        inbox: the folder.
        seconds: how often to look.
    """

    def __init__(self, inbox: str, seconds: float = 30.0) -> None:
        super().__init__()
        self.inbox = inbox
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes it again in the triggerer."""
        return "dags.arrivals.Deliveries", {"inbox": self.inbox, "seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Tell of deliveries as they come; how many, no names."""
        announced: frozenset[tuple[str, int]] = frozenset()
        while True:
            waiting = await asyncio.to_thread(settled, Path(self.inbox))
            if waiting - announced:
                yield TriggerEvent({"deliveries": len(waiting)})
            announced = waiting
            await asyncio.sleep(self.seconds)


def settled(inbox: Path) -> frozenset[tuple[str, int]]:
    """Return the names and times of the deliveries that landing would take; none while one is still being written."""
    from warehouse.landing import intake

    waiting = intake.waiting(inbox) if inbox.is_dir() else []
    if not all(map(intake.is_settled, waiting)):
        return frozenset()
    return frozenset((path.name, path.lstat().st_mtime_ns) for path in waiting)

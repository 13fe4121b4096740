"""The deletion of what has been kept long enough, everywhere, and its proof by a search."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from warehouse import clock, contracts, database, keys
from warehouse.errors import HomeError, QhawaqError
from warehouse.files import write_whole
from warehouse.keys import Keys
from warehouse.pipeline import build, publish, score, tables
from warehouse.progress import Progress
from warehouse.publish import releases
from warehouse.rights import canary, compacting, deletion, extracts, retention
from warehouse.rights.deletion import Deletion
from warehouse.settings import DBT_PROJECT, Home


def due(home: Home, progress: Progress, today: date) -> tuple[int, int]:
    """Show what is due; return the number of deliveries and of as-of dates."""
    known = list(contracts.read(DBT_PROJECT).values())
    can_write = database.can_write(home)
    with database.warehouse(home, read_only=not can_write) as db:
        if can_write:
            tables.prepare(db)
        expired = retention.expired(db, known, today)
        dates = retention.retired_dates(home, known, today)
    retention.say(progress, expired, dates)
    return len(expired), len(dates)


def end_extracts(home: Home, today: date, delete: bool) -> list[str]:
    """Say which analysts' extracts are past their day; with delete, delete their files and say what was moved away."""
    with database.warehouse(home, read_only=not (delete or database.can_write(home))) as db:
        due = extracts.expired(db, today)
        moved = extracts.end(db, due, "its day has come", today) if delete else []
    said = [f"analysts' extract {number}: {'ended' if delete else 'past its day'}" for number in due]
    return [*said, *(f"{one} is not there any more: ask for it" for one in moved)]


def believe(home: Home, today: date) -> None:
    """Believe the clock only where the home's own days are near: what a wrong one deletes never comes back.

    Raises:
        HomeError: nothing has landed for more than a year by it.
    """
    with database.warehouse(home) as db:
        newest = database.value(db, f"select max({clock.day_sql('landed_at')}) from raw.deliveries")
    if newest and today > clock.years_later(newest, 1):
        raise HomeError(
            f"the clock says {today}, the newest delivery landed on {newest}: if the clock is right, name the day, "
            f"--today {today}; nothing was deleted"
        )


def carry_out(home: Home, progress: Progress, today: date) -> dict[str, Any]:
    """Delete everything that is due; return the proof.

    Raises:
        QhawaqError: something that was deleted is still found.
    """
    secret = keys.load(home.secrets)
    return _end(home, progress, secret, deletion.begin(home, secret, today))


def finish(home: Home, progress: Progress) -> dict[str, Any] | None:
    """End a deletion that was begun and is not proved; return the proof, None where there is none to end.

    Raises:
        QhawaqError: something that was deleted is still found.
    """
    if not home.retaining.exists():
        return None
    secret = keys.load(home.secrets)
    return _end(home, progress, secret, deletion.noted(home, secret))


def _end(home: Home, progress: Progress, secret: Keys, noted: Deletion) -> dict[str, Any]:
    """Delete what is noted, build and publish again, compact, search; return and keep the proof."""
    with progress.step("delete"):
        deletion.carry_out(home, secret, noted)
    with progress.step("build"):
        build.build(home, progress)
    with progress.step("score"):
        score.score(home, progress)
    with progress.step("publish"):
        publish.publish(home, progress, f"retain-{noted.today:%Y%m%d}")
        releases.forget_all_but_current(home)
    with progress.step("compact"):
        compacting.compact(home, secret)
    with progress.step("search"):
        return _proved(home, secret, noted)


def _proved(home: Home, secret: Keys, noted: Deletion) -> dict[str, Any]:
    """Search for what was deleted, keep what was found as the proof, and remove the note."""
    hits, unread = canary.search(home, secret, noted.canaries)
    proof = asdict(noted.counts) | {"on": str(noted.today)}
    proof |= {"canaries": len(noted.canaries.keys), "values": len(noted.canaries.values), "hits": hits}
    proof |= {"unread": unread}
    write_whole(home.retention, json.dumps([*deletion.proofs(home)[: noted.n_proofs], proof], indent=1))
    if any(hits.values()):
        raise QhawaqError(f"what was deleted is still found: {hits}; clear that up before anything else")
    home.retaining.unlink()
    return proof

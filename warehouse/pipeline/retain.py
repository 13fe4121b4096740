"""The deletion of what has been kept long enough, everywhere, and its proof by a search."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from warehouse import contracts, database, keys
from warehouse.errors import QhawaqError
from warehouse.files import read_json, write_whole
from warehouse.pipeline import build, publish, score, tables
from warehouse.progress import Progress
from warehouse.publish import releases
from warehouse.rights import canary, retention
from warehouse.settings import DBT_PROJECT, Home


def due(home: Home, progress: Progress, today: date) -> tuple[int, int]:
    """Show what is due; return the number of deliveries and of as-of dates."""
    known = list(contracts.read(DBT_PROJECT).values())
    with database.warehouse(home) as db:
        tables.prepare(db)
        expired = retention.expired(db, known, today)
        dates = retention.retired_dates(home, known, today)
    retention.say(progress, expired, dates)
    return len(expired), len(dates)


def carry_out(home: Home, progress: Progress, today: date) -> dict[str, Any]:
    """Delete, build and publish again, compact, search; return and keep the proof.

    Raises:
        QhawaqError: something that was deleted is still found.
    """
    secret = keys.load(home.secrets)
    with progress.step("delete"):
        deletion = retention.delete(home, secret, today)
    with progress.step("build"):
        build.build(home, progress)
    with progress.step("score"):
        score.score(home, progress)
    with progress.step("publish"):
        publish.publish(home, progress, f"retain-{today:%Y%m%d}")
        releases.forget_all_but_current(home)
    with progress.step("compact"):
        retention.compact(home, secret)
    with progress.step("search"):
        hits = canary.search(home, secret, deletion.canaries)
    proof = asdict(deletion.counts) | {"on": str(today)}
    proof |= {"canaries": len(deletion.canaries.keys), "values": len(deletion.canaries.values), "hits": hits}
    advice = "restore it from a backup: it proves what was deleted"
    kept = read_json(home.retention, list, advice) if home.retention.exists() else []
    write_whole(home.retention, json.dumps([*kept, proof], indent=1))
    if any(hits.values()):
        raise QhawaqError(f"what was deleted is still found: {hits}; clear that up before anything else")
    home.retaining.unlink()
    return proof

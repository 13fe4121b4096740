"""`qhawaq retain`."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import click

from warehouse.errors import QhawaqError
from warehouse.progress import Progress
from warehouse.settings import Home, write_whole


@click.command()
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="As of which day (default: today).")
@click.option("--delete", is_flag=True, help="Delete what is listed; without it nothing is changed.")
@click.pass_obj
def retain(context: tuple[Home, Progress], today: datetime | None, delete: bool) -> None:
    """List what has been kept long enough; with --delete, delete it everywhere and prove it by a search.

    Periods stand in the contracts (retention_years). Afterwards scores and marts are built anew and published, and
    earlier releases removed. Interrupted, it is finished by calling it again.
    """
    home, progress = context
    home.existing()
    day = (today or datetime.now(UTC)).date()
    found, dates = due(home, progress, day)
    if not delete:
        click.echo(f"{found} deliveries and {dates} as-of dates are due: call it with --delete")
        return
    if not (found or dates or home.retaining.exists()):
        click.echo("nothing is due")
        return
    proof = carry_out(home, progress, day)
    click.echo(
        f"deleted: {proof['deliveries']} deliveries with {proof['rows']:,} rows, {proof['files']} archived files, "
        f"{proof['persons']:,} persons, {proof['dates']} as-of dates; searched for {proof['canaries']} deleted persons "
        f"in {len(proof['hits'])} kinds of places: no hit"
    )


def due(home: Home, progress: Progress, today: date) -> tuple[int, int]:
    """Say what is due; return the number of deliveries and of as-of dates."""
    from warehouse import contracts, database
    from warehouse.landing import ledger
    from warehouse.rights import retention
    from warehouse.settings import DBT_PROJECT

    known = list(contracts.read(DBT_PROJECT).values())
    db = database.warehouse(home)
    try:
        ledger.prepare(db, known)
        found, dates = retention.expired(db, known, today), retention.retired_dates(home, known, today)
    finally:
        db.close()
    retention.say(progress, found, dates)
    return len(found), len(dates)


def carry_out(home: Home, progress: Progress, today: date) -> dict:
    """Delete, build and publish again, compact, search; return and keep the proof.

    Raises:
        QhawaqError: something that was deleted is still found.
    """
    from warehouse import keys
    from warehouse.pipeline import steps
    from warehouse.publish import publishing
    from warehouse.rights import canary, retention

    secret = keys.load(home.secrets)
    with progress.step("delete"):
        proof, canaries = retention.delete(home, secret, today)
    with progress.step("build"):
        steps.build(home, progress)
    with progress.step("score"):
        steps.score(home, progress)
    with progress.step("publish"):
        steps.publish(home, progress, f"retain-{today:%Y%m%d}")
        publishing.forget_all_but_current(home)
    with progress.step("compact"):
        retention.compact(home, secret)
    with progress.step("search"):
        hits = canary.search(home, secret, canaries)
    proof = {"deliveries": 0, "rows": 0, "files": 0, "persons": 0, "dates": 0} | proof
    proof |= {"canaries": len(canaries.keys), "values": len(canaries.values), "hits": hits}
    kept = json.loads(home.retention.read_text()) if home.retention.exists() else []
    write_whole(home.retention, json.dumps([*kept, proof], indent=1))
    if any(hits.values()):
        raise QhawaqError(f"what was deleted is still found: {hits}; clear that up before anything else")
    home.retaining.unlink()
    return proof

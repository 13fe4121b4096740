"""`qhawaq retain`."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from warehouse import clock
from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.pipeline import retain as step


@click.command()
@click.option("--today", type=DAY, help="As of which day (default: today).")
@click.option("--delete", is_flag=True, help="Delete what is listed; without it nothing is changed.")
@click.pass_obj
def retain(context: Context, today: date | None, delete: bool) -> None:
    """List what has been kept long enough; with --delete, delete it everywhere and prove it by a search.

    Periods stand in the contracts (retention_years). Afterwards scores and marts are built anew and published, and
    earlier releases removed. Interrupted, it is finished by calling it again, or by 'qhawaq run'.
    """
    home, progress = context
    home.existing()
    finished = step.finish(home, progress) if delete else None
    if finished:
        _show(finished)
    day = today or clock.today()
    if delete and not today:
        step.believe(home, day)
    deliveries, dates = step.due(home, progress, day)
    if not delete:
        click.echo(f"{deliveries} deliveries and {dates} as-of dates are due: call it with --delete")
    elif deliveries or dates:
        _show(step.carry_out(home, progress, day))
    elif not finished:
        click.echo("nothing is due")


def _show(proof: dict[str, Any]) -> None:
    unread = f"; do not open and were not searched: {', '.join(proof['unread'])}" if proof["unread"] else ""
    click.echo(
        f"deleted: {proof['deliveries']} deliveries with {proof['rows']:,} rows, {proof['files']} archived files, "
        f"{proof['persons']:,} persons, {proof['dates']} as-of dates; searched for {proof['canaries']} deleted persons "
        f"in {len(proof['hits'])} kinds of places: no hit{unread}"
    )

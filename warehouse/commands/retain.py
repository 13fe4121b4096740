"""`qhawaq retain`."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from warehouse import clock
from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.pipeline import retain as step
from warehouse.progress import Progress
from warehouse.settings import Home


@click.command()
@click.option("--today", type=DAY, help="As of which day (default: today).")
@click.option("--delete", is_flag=True, help="Delete what is listed; without it nothing is changed.")
@click.pass_obj
def retain(context: Context, today: date | None, delete: bool) -> None:
    """List what has been kept long enough; with --delete, delete it everywhere and prove it by a search.

    Periods stand in the contracts (retention_years). Afterwards scores and marts are built anew and published, and
    earlier releases removed. Interrupted, it is finished by calling it again, or by 'qhawaq run'.
    """
    context.home.existing()
    if delete:
        _delete(context.home, context.progress, today)
    else:
        _list(context.home, context.progress, today or clock.today())


def _list(home: Home, progress: Progress, today: date) -> None:
    deliveries, dates = step.due(home, progress, today)
    for sentence in step.end_extracts(home, today, delete=False):
        click.echo(sentence)
    click.echo(f"{deliveries} deliveries and {dates} as-of dates are due: call it with --delete")


def _believed(home: Home) -> date:
    """Return today by the clock, where the home's own days are near."""
    today = clock.today()
    step.believe(home, today)
    return today


def _delete(home: Home, progress: Progress, stated: date | None) -> None:
    """Finish what was begun, and delete what is due today; a day that was stated is believed as it is."""
    finished = step.finish(home, progress)
    if finished:
        _show(finished)
    today = stated or _believed(home)
    due = step.due(home, progress, today)
    for sentence in step.end_extracts(home, today, delete=True):
        click.echo(sentence)
    if any(due):
        _show(step.carry_out(home, progress, today))
    elif not finished:
        click.echo("nothing is due")


def _show(proof: dict[str, Any]) -> None:
    unread = f"; do not open and were not searched: {', '.join(proof['unread'])}" if proof["unread"] else ""
    click.echo(
        f"deleted: {proof['deliveries']} deliveries with {proof['rows']:,} rows, {proof['files']} archived files, "
        f"{proof['persons']:,} persons, {proof['dates']} as-of dates; searched for {proof['canaries']} deleted persons "
        f"in {len(proof['hits'])} kinds of places: no hit{unread}"
    )

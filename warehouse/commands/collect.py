"""`qhawaq collect`."""

from __future__ import annotations

from datetime import date

import click

from warehouse import clock
from warehouse.commands.context import Context
from warehouse.commands.day import DAY


@click.command()
@click.argument("apis", nargs=-1, type=click.Choice(["escale", "juntos", "demuna"]))
@click.option("--today", type=DAY, help="The date that a register's delivery states (default: today).")
@click.pass_obj
def collect(context: Context, apis: tuple[str, ...], today: date | None) -> None:
    """Collect from the APIs (default: all that are configured) into the inbox, as deliveries.

    Addresses and secrets come from the environment: QHAWAQ_ESCALE_URL, QHAWAQ_JUNTOS_URL, QHAWAQ_DEMUNA_URL, and
    QHAWAQ_JUNTOS_TOKEN or QHAWAQ_JUNTOS_TOKEN_FILE (the same for DEMUNA). Cut off, it resumes where it stopped.
    """
    from warehouse.collect import run

    home, progress = context
    written = run.collect(home, progress, today or clock.today(), apis)
    if run.selected(apis):
        click.echo(f"{len(written)} deliveries collected into {home.inbox}")
    else:
        click.echo("no API is configured: set QHAWAQ_ESCALE_URL, QHAWAQ_JUNTOS_URL or QHAWAQ_DEMUNA_URL (see --help)")

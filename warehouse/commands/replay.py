"""`qhawaq replay`."""

from __future__ import annotations

from datetime import datetime

import click

from warehouse.commands.context import Context


@click.command()
@click.argument("as_of", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--ugel", help="One UGEL: then every child of its list, pseudonymous.")
@click.option("--outcome", default="interruption", show_default=True, help="Which list.")
@click.pass_obj
def replay(context: Context, as_of: datetime, ugel: str | None, outcome: str) -> None:
    """Show the list of AS_OF as it was published, beside what was known, what was done since, and what happened."""
    from warehouse.audit.replay import replay as run

    replayed = run(context.home.existing(), as_of.date(), outcome, ugel)
    click.echo("\n".join([*(replayed.table() if ugel else []), *replayed.summary()]))

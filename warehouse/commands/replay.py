"""`qhawaq replay`."""

from __future__ import annotations

from datetime import date

import click

from warehouse.commands.context import Context
from warehouse.commands.day import DAY


@click.command()
@click.argument("as_of", type=DAY)
@click.option("--ugel", help="One UGEL: then every child of its list, pseudonymous.")
@click.option("--outcome", default="interruption", show_default=True, help="Which list.")
@click.pass_obj
def replay(context: Context, as_of: date, ugel: str | None, outcome: str) -> None:
    """Show the list of AS_OF as it was published, beside what was known, what was done since, and what happened."""
    from warehouse.audit import access_log
    from warehouse.audit.replay import replay as run

    replayed = run(context.home.existing(), as_of, outcome, ugel)
    if ugel:
        seen = [str(listed.child) for listed in replayed.children]
        access_log.note(context.home, "replay", seen, f"list of {as_of}, UGEL {ugel}")
    click.echo("\n".join([*(replayed.table() if ugel else []), *replayed.summary()]))

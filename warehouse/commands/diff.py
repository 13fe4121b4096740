"""`qhawaq diff BASE`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from warehouse.commands.context import Context


@click.command()
@click.argument("base", required=False)
@click.option("--closed", is_flag=True, help="Show what building the closed as-of dates again would change.")
@click.pass_obj
def diff(context: Context, base: str | None, closed: bool) -> None:
    """Show which rows, marts and lists the SQL of today changes against git revision BASE, or closed dates (--closed).

    Both versions of what differs are built on copies of the home's warehouse; the home itself stays as it is. Use it on
    a small home: 'qhawaq --home small simulate --children 2000', then 'qhawaq --home small run'.
    """
    from warehouse.build import diff as comparing
    from warehouse.build import rebuild

    home, progress = context
    if closed and not base:
        click.echo(str(rebuild.rebuilt(home.existing(), progress)))
        return
    if closed or not base:
        raise click.UsageError("name a git revision to compare with, or give --closed")
    with tempfile.TemporaryDirectory() as folder:
        click.echo(str(comparing.compare(home.existing(), comparing.project_at(base, Path(folder)), progress)))

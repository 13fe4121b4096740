"""`qhawaq check FILE`."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.commands.context import Context


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def check(context: Context, file: Path) -> None:
    """Validate one delivery exactly as landing would, and change nothing: run it before you send a file."""
    from warehouse.landing.check import check as run

    outcome = run(file, context.progress)
    click.echo(
        f"{outcome.file}: would land as {outcome.source}: {outcome.accepted_rows} of {outcome.delivered_rows} rows"
        + (f", {outcome.quarantined_rows} quarantined" if outcome.quarantined_rows else "")
    )

"""`qhawaq score`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context
from warehouse.pipeline import score as step


@click.command()
@click.pass_obj
def score(context: Context) -> None:
    """Score the current dates by the live model or rule, give reasons, and build the marts."""
    progress = context.progress
    result = step.score(context.to_write(), progress)
    click.echo(f"{result.models} models built, {result.tests} tests passed")

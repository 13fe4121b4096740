"""`qhawaq train`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context
from warehouse.pipeline import train as step
from warehouse.pipeline.learning import OUTCOME, OUTCOMES


@click.command()
@click.option(
    "--outcome",
    type=click.Choice(list(OUTCOMES)),
    default=OUTCOME,
    show_default=True,
    help="What to predict; the lists of visits go by interruption.",
)
@click.pass_obj
def train(context: Context, outcome: str) -> None:
    """Train on matured labels, if there are new ones; judge on years not seen and register the model."""
    progress = context.progress
    result = step.train(context.to_write(), progress, outcome)
    click.echo(f"{result.trained}: gate {result.gate}" if result.trained else f"not trained: {result.reason}")

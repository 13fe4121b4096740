"""`qhawaq train`."""

from __future__ import annotations

import click

from warehouse.pipeline import steps
from warehouse.progress import Progress
from warehouse.settings import Home


@click.command()
@click.option(
    "--outcome", type=click.Choice(["interruption", "repetition"]), default=steps.OUTCOME, show_default=True,
    help="What to predict; lists go by interruption.",
)  # fmt: skip
@click.pass_obj
def train(context: tuple[Home, Progress], outcome: str) -> None:
    """Train on matured labels, if there are new ones; judge on years not seen and register the model."""
    home, progress = context
    found = steps.train(home.existing(), progress, outcome)
    click.echo(f"{found['trained']}: gate {found['gate']}" if found["trained"] else f"not trained: {found['reason']}")

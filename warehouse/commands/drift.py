"""`qhawaq drift`."""

from __future__ import annotations

import click

from warehouse.pipeline import drift as step
from warehouse.progress import Progress
from warehouse.settings import Home

SHOWN = 5


@click.command()
@click.pass_obj
def drift(context: tuple[Home, Progress]) -> None:
    """Compare what the live model meets with the year before, and what it announced with what came; say what to do.

    Figures go to ml.drift.
    """
    home, progress = context
    found, advice = step.check(home.existing(), progress)
    for one in sorted(found, key=lambda one: -one.metric.value)[:SHOWN]:
        beyond = "  beyond its limit" if one.is_exceeded else ""
        click.echo(f"  {one.name:<36} {one.of:<32} {one.metric.value:.3f}{beyond}")
    click.echo(f"{len(found)} figures in ml.drift; {advice}")

"""`qhawaq deploy`."""

from __future__ import annotations

import click

from warehouse.commands import steps
from warehouse.progress import Progress
from warehouse.settings import Home


@click.command()
@click.argument("version", required=False)
@click.pass_obj
def deploy(context: tuple[Home, Progress], version: str | None) -> None:
    """Make VERSION (default: the newest model) live if its gate passed; else the best rule, named as a rule.

    The gate: precision at each UGEL's capacity above the best rule's, the interval of the ratio above 1.
    """
    found = steps.deploy(context[0].existing(), version)
    click.echo(f"live: {found['live']} ({found['gate']})")

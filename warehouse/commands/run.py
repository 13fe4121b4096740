"""`qhawaq run`: the main job."""

from __future__ import annotations

from datetime import datetime

import click

from warehouse.commands.context import Context


@click.command()
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to build for (default: the newest delivery's)."
)
@click.option("--backfill", is_flag=True, help="A first historical load: facts keep their own dates.")
@click.pass_obj
def run(context: Context, today: datetime | None, backfill: bool) -> None:
    """Do the main job: land, build, train and deploy if due, score, publish.

    Interrupted, it resumes where it stopped; with nothing new it does nothing.
    """
    from warehouse.pipeline import run as job

    home, progress = context
    click.echo(job.run(home, progress, today.date() if today else None, backfill))

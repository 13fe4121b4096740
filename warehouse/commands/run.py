"""`qhawaq run`: the main job."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from warehouse.commands.context import Context
from warehouse.commands.day import DAY


@click.command()
@click.option("--today", type=DAY, help="The day to build for (default: the newest delivery's).")
@click.option("--backfill", is_flag=True, help="A first historical load: facts keep their own dates.")
@click.option(
    "--public",
    "folder",
    is_flag=False,
    flag_value=".",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="[DIR]",
    help="A home without children: first copy the public files of DIR (default: this folder) into the inbox.",
)
@click.pass_obj
def run(context: Context, today: date | None, backfill: bool, folder: Path | None) -> None:
    """Do the main job: land, build, train and deploy if due, score, publish.

    Interrupted, it resumes where it stopped, and a deletion that was cut off is ended and proved; with nothing new it
    does nothing. With --public it needs nothing but files that anyone can download: docs/public-data.md says which, and
    how to name them.
    """
    from warehouse.pipeline import public, retain
    from warehouse.pipeline import run as job

    home, progress = context
    if home.kind:
        context.narrowed()
    if folder:
        public.bring(home, progress, folder)
    click.echo(job.run(home, progress, today, backfill))
    retain.finish(home, progress)

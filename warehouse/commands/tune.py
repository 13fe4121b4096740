"""`qhawaq tune`."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from warehouse.commands.context import Context
from warehouse.files import write_whole
from warehouse.pipeline import tune as step


@click.command()
@click.option("--outcome", default="interruption", show_default=True, help="Which outcome.")
@click.option("--only", multiple=True, metavar="ALGORITHM", help="Only this candidate (can be given again).")
@click.option("--to", type=click.Path(path_type=Path), help="Where to write (default: models/recipes.yml of the home).")
@click.pass_obj
def tune(context: Context, outcome: str, only: tuple[str, ...], to: Path | None) -> None:
    """Search hyperparameters of every candidate on the years before the test year, and propose recipes.

    Where to look stands in ml/search.yml. What is found is a proposal: it is used once somebody has compared it (qhawaq
    backtest) and put it into ml/models/recipes.yml.
    """
    home, progress = context
    recipes = step.search(context.to_write(), progress, outcome, only)
    path = to or home.models / "recipes.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, yaml.safe_dump(recipes, sort_keys=False))
    click.echo(path.read_text(encoding="utf-8") + f"proposed in {path}")

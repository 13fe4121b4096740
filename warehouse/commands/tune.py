"""`qhawaq tune`."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from warehouse.errors import QhawaqError
from warehouse.progress import Progress
from warehouse.settings import Home, write_whole


@click.command()
@click.option("--outcome", default="interruption", show_default=True, help="Which outcome.")
@click.option("--only", multiple=True, metavar="ALGORITHM", help="Only this candidate (can be given again).")
@click.option("--to", type=click.Path(path_type=Path), help="Where to write (default: models/recipes.yml of the home).")
@click.pass_obj
def tune(context: tuple[Home, Progress], outcome: str, only: tuple[str, ...], to: Path | None) -> None:
    """Search hyperparameters of every candidate on the years before the test year, and propose recipes.

    Where to look stands in ml/search.yml. What is found is a proposal: it is used once somebody has compared it (qhawaq
    backtest) and put it into ml/models/recipes.yml.
    """
    home, progress = context
    found = search(home.existing(), progress, outcome, only)
    path = to or home.models / "recipes.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, yaml.safe_dump(found, sort_keys=False))
    click.echo(path.read_text(encoding="utf-8") + f"proposed in {path}")


def search(home: Home, progress: Progress, outcome: str, only: tuple[str, ...]) -> dict[str, object]:
    """Return the recipes with the best hyperparameters found.

    Raises:
        QhawaqError: there is no such candidate, or too few years have matured.
    """
    from ml import tune as tuning
    from ml.data import splits
    from ml.models import candidates
    from warehouse import database
    from warehouse.pipeline import learning, steps

    if unknown := set(only) - candidates.CANDIDATES.keys():
        raise QhawaqError(f"no candidate {', '.join(sorted(unknown))}: {', '.join(candidates.CANDIDATES)}")
    db = database.warehouse(home)
    try:
        rows = learning.rows(db, home, outcome, spec := learning.spec(), steps.calendar(home))
    finally:
        db.close()
    policy = learning.policy()
    chosen, where = splits.origins(rows, policy.pandemic_years), tuning.search_space()
    if chosen is None:
        raise QhawaqError("too few years have matured to judge anything by later ones")
    judged_by, recipes = tuning.folds(rows, chosen, where["sample"], policy), candidates.recipes()
    for name in only or candidates.CANDIDATES:
        best = next(tuning.search(spec, judged_by, tuning.trials(name, where[name], where["trials"]), progress.say))
        recipes[name] = dict(best.parameters)
    return recipes

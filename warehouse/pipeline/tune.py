"""The search for hyperparameters on the years before the test year; what is found is a proposal."""

from __future__ import annotations

from typing import Any

from warehouse import database
from warehouse.build import calendar
from warehouse.errors import QhawaqError
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.settings import Home


def search(home: Home, progress: Progress, outcome: str, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the recipes with the best hyperparameters found: candidate → its parameters.

    Args:
        home: the home.
        progress: where progress is shown.
        outcome: interruption or repetition.
        only: these candidates; all where none are named.

    Raises:
        QhawaqError: there is no such candidate, or too few years have matured.
    """
    from ml import tune as tuning
    from ml.data import apart, splits
    from ml.models import candidates

    if unknown := set(only) - candidates.CANDIDATES.keys():
        raise QhawaqError(f"no candidate {', '.join(sorted(unknown))}: {', '.join(candidates.CANDIDATES)}")
    spec = learning.spec(outcome=outcome)
    today = calendar.read(home)
    with database.warehouse(home) as db:
        rows = learning.rows(db, home, outcome, spec, today)
    policy = apart.of(rows, learning.policy(outcome))
    chosen = splits.origins(rows, policy.pandemic_years)
    where = tuning.search_space()
    if chosen is None:
        raise QhawaqError("too few years have matured to judge anything by later ones")
    judged_by = tuning.folds(rows, chosen, where["sample"], policy)
    recipes = candidates.recipes()
    for name in only or candidates.CANDIDATES:
        best = next(tuning.search(spec, judged_by, tuning.trials(name, where[name], where["trials"]), progress.say))
        recipes[name] = dict(best.parameters)
    return recipes

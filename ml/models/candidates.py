"""Candidate models, from the simplest to the most flexible: pipelines, calibrated on folds that they have not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ml import parallel
from ml.data.dataset import Rows, Spec, columns_of, rows_of
from ml.models import calibrate, levels, terms, trees
from ml.models.binning import QuantileBinner, SeenColumns
from ml.models.boosting import BinnedBoosting
from ml.models.calibrate import Calibration
from ml.models.encoding import CategoryRates
from ml.models.trees import Points

FILE = Path(__file__).with_name("recipes.yml")
FOLDS = 5  # with three, models fitted on two thirds are noisier than the one in use: its slope came out 0.03 too low
WAY_OF_FITTING = 2  # 2: years share one base rate, parts of the year are calibrated; another one trains anew
EDGE = 1e-6  # a tree's probabilities are kept so far from 0 and 1
Parameters = Mapping[str, Any]


def recipes() -> dict[str, Any]:
    """Read the fixed recipes: the champion's name, and each candidate's hyperparameters."""
    fixed: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return fixed


@cache
def champion() -> str:
    """Return the name of the candidate that is trained for use."""
    return str(recipes()["champion"])


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline, its calibration, and which columns of the rows it sees (all where none are named).

    `level_range` is how far the level of an unseen year may stray to each side, in log-odds (`ml.models.levels`).
    """

    model: Pipeline
    calibration: Calibration
    columns: tuple[int, ...] = ()
    level_range: float = 0.0

    def log_odds(self, rows: Rows) -> NDArray[np.float64]:
        """Return calibrated log-odds."""
        if not len(rows.key):
            return np.empty(0)  # no pipeline takes nothing: a year may have no rows left
        slope, shift = self.calibration.of_rows(calibrate.segment_names(rows))
        values = columns_of(rows.values, self.columns) if self.columns else rows.values
        return shift + slope * raw_log_odds(self.model, values)


def raw_log_odds(model: Pipeline, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a model's log-odds before calibration; shape (rows,)."""
    if hasattr(model, "decision_function"):
        return model.decision_function(values)
    chance = np.clip(model.predict_proba(values)[:, 1], EDGE, 1 - EDGE)
    return np.log(chance / (1 - chance))


def _additive(spec: Spec, parameters: Parameters) -> Pipeline:
    """Return boosting without interactions, monotone where the domain knows the direction."""
    booster = BinnedBoosting(
        interaction_cst="no_interactions",
        monotonic_cst=list(spec.directions),
        early_stopping=False,
        random_state=0,
        **parameters,
    )
    return make_pipeline(QuantileBinner(), booster)


def _logistic(spec: Spec, parameters: Parameters) -> Pipeline:
    """Return penalized logistic regression: columns standardized, missing values marked."""
    filled = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    return make_pipeline(filled, StandardScaler(), LogisticRegression(max_iter=300, **parameters))


def _boosting(spec: Spec, parameters: Parameters) -> Pipeline:
    """Return boosting with interactions."""
    booster = HistGradientBoostingClassifier(early_stopping=False, random_state=0, **parameters)
    return make_pipeline(SeenColumns(), booster)


def _forest(spec: Spec, parameters: Parameters) -> Pipeline:
    return make_pipeline(SeenColumns(), RandomForestClassifier(random_state=0, n_jobs=-1, **parameters))


def _tree(spec: Spec, parameters: Parameters) -> Pipeline:
    return make_pipeline(SeenColumns(), DecisionTreeClassifier(random_state=0, **parameters))


# From the simplest to the most flexible.
CANDIDATES: dict[str, Callable[[Spec, Parameters], Pipeline]] = {
    "tree": _tree,
    "logistic": _logistic,
    "additive": _additive,
    "boosting": _boosting,
    "forest": _forest,
}
# The promotable candidates: only models that can be read off as points give scores and reasons.
READ_OFF: dict[str, Callable[[Fitted, Spec, Rows], Points]] = {
    "additive": lambda fitted, spec, rows: terms.read_off(fitted.model, spec.features, rows.values, fitted.calibration),
    "boosting": lambda fitted, spec, _: trees.read_off(fitted.model, spec.features, fitted.calibration),
}


def pipeline(algorithm: str, spec: Spec, parameters: Parameters | None = None) -> Pipeline:
    """Return an unfitted pipeline, with the fixed recipe's hyperparameters where none are given.

    Where there are categories, it begins with their rates (`ml.models.encoding`), whatever the algorithm.
    """
    model = CANDIDATES[algorithm](spec, recipes()[algorithm] if parameters is None else parameters)
    return Pipeline([("categories", CategoryRates(spec.coded)), *model.steps]) if spec.coded else model


def fit(algorithm: str, spec: Spec, rows: Rows, parameters: Parameters | None = None) -> Fitted:
    """Fit a recipe on the rows that have a label, and calibrate it by segment on folds of schools not seen.

    Years weigh so that they share one base rate (`ml.models.levels`): no feature can stand for its year.
    """
    known = rows.labeled
    weight = levels.weights(known.year, known.label)
    fold = np.random.default_rng(0).permutation(len(known.cluster.names))[known.cluster.codes] % FOLDS

    def fitted(held_out: NDArray[np.bool_] | None) -> tuple[Pipeline, NDArray[np.float64]]:
        """Return a model of all rows but those held out, and its log-odds of these."""
        model = pipeline(algorithm, spec, parameters)
        weighted = f"{model.steps[-1][0]}__sample_weight"
        if held_out is None:
            return model.fit(known.values, known.label, **{weighted: weight}), np.empty(0)
        seen = ~held_out
        model.fit(rows_of(known.values, seen), known.label[seen], **{weighted: weight[seen]})
        return model, raw_log_odds(model, rows_of(known.values, held_out))

    folds = [fold == number for number in np.unique(fold)]
    (model, _), *cross_fitted = parallel.each(fitted, [None, *folds])
    log_odds = np.zeros(len(known.label))
    for held_out, (_, of_fold) in zip(folds, cross_fitted, strict=True):
        log_odds[held_out] = of_fold
    names = calibrate.segment_names(known)
    calibration = calibrate.fit(log_odds, known.label, names, weight)
    slope, shift = calibration.of_rows(names)
    strayed = levels.offsets(shift + slope * log_odds, known.label, known.year)
    return Fitted(model, calibration, level_range=levels.range_of(list(strayed.values())))

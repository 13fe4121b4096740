"""Models of who is served and of what becomes of the others, chosen by what they say of unseen schools.

Three are tried, from the simplest: a constant, a linear one with a ridge, boosting. That of the least cross-fitted loss
is taken (van der Laan, Polley and Hubbard, 2007), so that one which knows schools by heart loses to a constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ml import parallel
from ml.effects.finding import Floats, Mask

FOLDS = 3
STOPS = 5  # one school in so many tells boosting when to stop
BOOSTING = {
    "max_bins": 63,
    "max_iter": 80,
    "learning_rate": 0.08,
    "max_leaf_nodes": 12,
    "min_samples_leaf": 40,
    "early_stopping": True,
    "random_state": 0,
}
RIDGE = 1.0  # school's worth of children stands for a standardized column having no weight
CERTAIN = 1e-6  # nobody is surer than this

Schools = NDArray[np.int64]
Target = NDArray[np.float64] | NDArray[np.bool_]
Predictor = Callable[[Floats], Floats]
Boosting = HistGradientBoostingClassifier | HistGradientBoostingRegressor
Learner = Callable[[Floats, Target, Schools], Predictor]


@dataclass(frozen=True)
class Table:
    """What nuisance models learn from: features, schools and their folds; whole schools lie in one fold."""

    values: Floats  # shape (children, features), NaN where missing
    school: Schools
    fold: NDArray[np.int64]

    def of(self, kept: Mask) -> Table:
        """Return the table of some of the children."""
        return Table(self.values[kept], self.school[kept], self.fold[kept])


class Chosen(NamedTuple):
    """Predictions for every child by a model that has not seen its school, and how each candidate did."""

    predicted: Floats
    name: str
    losses: Mapping[str, float]  # mean over the children that the target is known of, by candidate


def folds(school: Schools) -> NDArray[np.int64]:
    """Return the fold of each child, whole schools together."""
    groups = np.unique(school, return_inverse=True)[1]
    return np.random.default_rng(0).permutation(groups.max() + 1)[groups] % FOLDS


def propensity(table: Table, served: Mask) -> Chosen:
    """Return each child's chance to be served, calibrated, by the candidate of the least log loss (nats a child)."""
    everybody = np.ones(len(served), dtype=bool)
    learners = {"constant": _constant, "logistic": _logistic, "boosting": _boosted_chance}
    return _chosen(
        {
            name: _calibrated(_cross_fitted(learner, table, served, everybody), served, table.fold)
            for name, learner in learners.items()
        },
        lambda chance: log_losses(chance, served),
    )


def prognosis(table: Table, outcome: Floats, others: Mask) -> Chosen:
    """Return each child's outcome had it not been served, by the candidate of the least squared error among others."""
    learners = {"constant": _constant, "ridge": _ridge, "boosting": _boosted_mean}
    return _chosen(
        {name: _cross_fitted(learner, table, outcome, others) for name, learner in learners.items()},
        lambda expected: (outcome - expected)[others] ** 2,
    )


def log_losses(chance: Floats, served: Mask) -> Floats:
    """Return the log loss of each child, nats."""
    return -np.log(np.where(served, chance, 1 - chance))


def _chosen(predictions: Mapping[str, Floats], loss: Callable[[Floats], Floats]) -> Chosen:
    losses = {name: float(loss(predicted).mean()) for name, predicted in predictions.items()}
    name = min(losses, key=lambda name: losses[name])  # of equal ones the simplest
    return Chosen(predictions[name], name, losses)


def _cross_fitted(learner: Learner, table: Table, target: Target, trains: Mask) -> Floats:
    """Return predictions for each fold of schools by a model of the other folds."""

    def predictions(number: int) -> Floats:
        """Return those of one fold."""
        seen = trains & (table.fold != number)
        held_out = table.fold == number
        present = (~np.isnan(table.values[seen])).any(axis=0)  # a column without values cannot be learned from
        learned = learner if _varies(target[seen]) else _constant
        predictor = learned(table.values[seen][:, present], target[seen], table.school[seen])
        return predictor(table.values[held_out][:, present])

    predicted = np.zeros(len(target))
    for number, of_fold in enumerate(parallel.each(predictions, range(FOLDS))):
        predicted[table.fold == number] = of_fold
    return predicted


def _calibrated(chance: Floats, served: Mask, fold: NDArray[np.int64]) -> Floats:
    """Return chances whose log-odds are stretched as the other folds ask for (Platt, 1999); never turned around."""
    log_odds = logit(np.clip(chance, CERTAIN, 1 - CERTAIN))
    result = np.empty(len(chance))
    for number in range(FOLDS):
        of_fold = fold == number
        others = fold != number
        slope, intercept = _line(log_odds[others], served[others])
        result[of_fold] = expit(intercept + slope * log_odds[of_fold]) if slope > 0 else served[others].mean()
    return np.clip(result, CERTAIN, 1 - CERTAIN)


def _line(log_odds: Floats, served: Mask) -> tuple[float, float]:
    """Return the slope and intercept of chances by log-odds."""
    if not _varies(served):
        return 0.0, 0.0
    model = LogisticRegression(C=np.inf).fit(log_odds[:, None], served)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def _varies(target: Target) -> bool:
    return bool(len(target) and (target != target[0]).any())


def _constant(values: Floats, target: Target, school: Schools) -> Predictor:
    mean = float(target.mean()) if len(target) else np.nan
    return lambda other: np.full(len(other), mean)


def _linear(model: LogisticRegression | Ridge) -> Pipeline:
    return make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), model)


def _logistic(values: Floats, served: Target, school: Schools) -> Predictor:
    model = _linear(LogisticRegression(C=1 / _ridge_of(school), max_iter=300)).fit(values, served)
    return lambda other: model.predict_proba(other)[:, 1]


def _ridge(values: Floats, outcome: Target, school: Schools) -> Predictor:
    return _linear(Ridge(_ridge_of(school))).fit(values, outcome).predict


def _ridge_of(school: Schools) -> float:
    """Return the penalty, as a sum over children: what few schools say of their own figures is believed little."""
    return RIDGE * len(school) / len(np.unique(school))


def _boosted_chance(values: Floats, served: Target, school: Schools) -> Predictor:
    model, n_trees = _boosted(HistGradientBoostingClassifier(**BOOSTING), values, served, school)
    if not n_trees:
        return _constant(values, served, school)
    return lambda other: next(islice(model.staged_predict_proba(other), n_trees - 1, None))[:, 1]


def _boosted_mean(values: Floats, outcome: Target, school: Schools) -> Predictor:
    model, n_trees = _boosted(HistGradientBoostingRegressor(**BOOSTING), values, outcome, school)
    if not n_trees:
        return _constant(values, outcome, school)
    return lambda other: next(islice(model.staged_predict(other), n_trees - 1, None))


def _boosted(
    model: HistGradientBoostingClassifier | HistGradientBoostingRegressor,
    values: Floats,
    target: Target,
    school: Schools,
) -> tuple[HistGradientBoostingClassifier | HistGradientBoostingRegressor, int]:
    """Fit boosting on most schools; return it with how many trees say most about the rest of them (0: none helps)."""
    groups = np.unique(school, return_inverse=True)[1]
    stops = np.random.default_rng(1).permutation(groups.max() + 1)[groups] % STOPS == 0
    grows = ~stops
    if not (_varies(target[grows]) and _varies(target[stops])):
        return model, 0
    is_known = (~np.isnan(values[grows])).any(
        axis=0
    )  # scikit-learn bins no column without values; of a constant none splits
    seen = np.where(is_known, values, 0.0)
    model.fit(seen[grows], target[grows], X_val=seen[stops], y_val=target[stops])
    return model, int(np.argmax(model.validation_score_))

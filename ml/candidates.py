"""The recipes: a logistic baseline and an additive booster, each calibrated on folds it has not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from ml.binning import QuantileBinner
from ml.dataset import Rows, Spec

FOLDS = 3


@dataclass(frozen=True)
class Fitted:
    """A fitted pipeline and its calibration: log-odds = shift + slope * decision function."""

    model: Pipeline
    slope: float
    shift: float

    def log_odds(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return calibrated log-odds."""
        return self.shift + self.slope * self.model.decision_function(values)


def additive(spec: Spec) -> Pipeline:
    """Return boosting without interactions, monotone where the domain knows the direction."""
    booster = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.1, max_leaf_nodes=6, min_samples_leaf=60, l2_regularization=2.0,
        interaction_cst="no_interactions", monotonic_cst=list(spec.directions), early_stopping=False, random_state=0,
    )  # fmt: skip
    return make_pipeline(QuantileBinner(), booster)


def logistic(spec: Spec) -> Pipeline:
    """Return penalized logistic regression on standardized features, missing values marked."""
    return make_pipeline(
        SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
        StandardScaler(),
        LogisticRegression(C=0.1, max_iter=300),
    )


RECIPES = {"additive": additive, "logistic": logistic}


def fit(algorithm: str, spec: Spec, rows: Rows) -> Fitted:
    """Fit a recipe on the rows that have a label; boosting is calibrated, logistic regression is as it comes."""
    known = rows.of(~np.isnan(rows.label))
    model = RECIPES[algorithm](spec).fit(known.values, known.label)
    slope, shift = (1.0, 0.0) if algorithm == "logistic" else _calibration(algorithm, spec, known)
    return Fitted(model, slope, shift)


def _calibration(algorithm: str, spec: Spec, rows: Rows) -> tuple[float, float]:
    """Return slope and shift in log-odds, from folds of schools that each part has not seen."""
    school = np.unique(rows.school, return_inverse=True)[1]
    fold = np.random.default_rng(0).permutation(school.max() + 1)[school] % FOLDS
    unseen = np.empty(len(rows.label))
    for number in range(FOLDS):
        apart = fold == number
        part = RECIPES[algorithm](spec).fit(rows.values[~apart], rows.label[~apart])
        unseen[apart] = part.decision_function(rows.values[apart])
    found = LogisticRegression(C=np.inf).fit(unseen[:, None], rows.label)
    return float(found.coef_[0, 0]), float(found.intercept_[0])

"""Exact contributions of boosted trees with interactions: Shapley values of each tree's conditional expectations.

Every leaf is a product game over the features on its path: who takes part answers its conditions or not, who does not
lets through the share of training rows that went that way (path-dependent TreeSHAP; Lundberg et al., 2020). The Shapley
value of a product game is the integral of a polynomial, so that few nodes of Gauss and Legendre's quadrature give it
exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Path:
    """The way to a node: for each feature asked, which rows answer all its questions, and what share would."""

    answers: dict[int, Floats] = field(default_factory=dict)  # 1 or 0 for each row
    share: dict[int, float] = field(default_factory=dict)

    def then(self, feature: int, answers: Floats, share: float) -> _Path:
        """Return the way on after one more question."""
        return _Path(
            self.answers | {feature: self.answers.get(feature, 1.0) * answers},
            self.share | {feature: self.share.get(feature, 1.0) * share},
        )


def contributions(model: Pipeline, values: Floats) -> tuple[float, Floats]:
    """Return the base and each feature's contribution to what a boosting pipeline says, before calibration.

    Args:
        model: a fitted pipeline that ends in gradient boosting, every step before it column by column.
        values: shape (rows, features); of listed children only: thousands of rows a second, not millions.

    Returns:
        The log-odds of nobody in particular, and contributions of shape (rows, features) that add up with it to the
        decision function.

    Raises:
        ValueError: the trees ask for categories.
    """
    booster: HistGradientBoostingClassifier = model[-1]
    if booster.is_categorical_ is not None:
        raise ValueError("contributions of trees that ask for categories are not known")
    asked = np.asarray(model[:-1].transform(values) if len(model) > 1 else values)
    base, found = float(booster._baseline_prediction.ravel()[0]), np.zeros(values.shape)
    for (tree,) in booster._predictors:
        for leaf, path in _leaves(tree.nodes, asked):
            base += leaf * float(np.prod(list(path.share.values())))
            for feature, part in _of_leaf(path):
                found[:, feature] += leaf * part
    return base, found


def _leaves(nodes: np.ndarray, values: Floats, at: int = 0, path: _Path | None = None) -> Iterator[tuple[float, _Path]]:
    """Yield the value of each leaf below a node, and the way to it."""
    node, path = nodes[at], path or _Path()
    if node["is_leaf"]:
        yield float(node["value"]), path
        return
    feature = int(node["feature_idx"])
    column = values[:, feature]
    left = np.where(np.isnan(column), node["missing_go_to_left"], column <= node["num_threshold"]).astype(float)
    for child, answers in ((int(node["left"]), left), (int(node["right"]), 1 - left)):
        share = float(nodes[child]["count"]) / float(node["count"])
        yield from _leaves(nodes, values, child, path.then(feature, answers, share))


def _of_leaf(path: _Path) -> Iterator[tuple[int, Floats]]:
    """Yield the Shapley value of each feature on the way to a leaf of value 1.

    With a share t of the others taking part, a feature adds (answer - share) times the product over the others of
    t * answer + (1 - t) * share; averaged over t from 0 to 1.
    """
    features = list(path.share)
    points, weights = np.polynomial.legendre.leggauss(len(features) // 2 + 1)
    others = {f: [(1 + t) / 2 * path.answers[f] + (1 - t) / 2 * path.share[f] for t in points] for f in features}
    for feature in features:
        rest = [others[f] for f in features if f != feature]
        mean = sum(weight / 2 * np.prod([part[i] for part in rest], axis=0) for i, weight in enumerate(weights))
        yield feature, (path.answers[feature] - path.share[feature]) * mean

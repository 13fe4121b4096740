"""Exact contributions of boosted trees with interactions: Shapley values of each tree's conditional expectations.

Every leaf is a product game over the features on its path: who takes part answers its conditions or not, who does not
lets through the share of training rows that went that way (path-dependent TreeSHAP; Lundberg et al., 2020). The Shapley
value of a product game is the integral of a polynomial, so that few nodes of Gauss and Legendre's quadrature give it
exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml import nodes

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


def contributions(trees: Sequence[nodes.Tree], base: float, values: Floats) -> tuple[float, Floats]:
    """Return the base and each feature's contribution to the sum of the trees' points, before calibration.

    Args:
        trees: the trees.
        base: what stands beside them.
        values: shape (rows, features); of listed children only: thousands of rows a second, not millions.

    Returns:
        The log-odds of nobody in particular, and contributions of shape (rows, features) that add up with it to what
        the trees say.
    """
    found = np.zeros(values.shape)
    for tree in trees:
        for points, path in _leaves(tree, values):
            base += points * float(np.prod(list(path.share.values())))
            for feature, part in _of_leaf(path):
                found[:, feature] += points * part
    return base, found


def _leaves(tree: nodes.Tree, values: Floats, at: int = 0, path: _Path | None = None) -> Iterator[tuple[float, _Path]]:
    """Yield the points of each leaf below a node, and the way to it."""
    node, path = tree[at], path or _Path()
    feature = int(node["feature"])
    if feature == nodes.LEAF:
        yield float(node["points"]), path
        return
    left = nodes.goes_left(node, values[:, feature]).astype(float)
    for child, answers in ((int(node["left"]), left), (int(node["right"]), 1 - left)):
        share = float(tree[child]["n_rows"]) / float(node["n_rows"])
        yield from _leaves(tree, values, child, path.then(feature, answers, share))


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

"""Exact contributions of trees with interactions: Shapley values of each tree's conditional expectations.

Every leaf is a product game over the features on its path: a feature that takes part answers its question or not, one
that does not lets through the share of training rows that went that way (path-dependent TreeSHAP; Lundberg et al.,
2020). The Shapley value of a product game is the integral of a polynomial, so few nodes of Gauss and Legendre's
quadrature give it exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.models import nodes

Floats = NDArray[np.float64]
AT_ONCE = 200_000  # answers computed together: as many as caches hold


class PathCondition(NamedTuple):
    """The joint condition on one feature along a path."""

    above: float  # values above it (not a number: any) ...
    up_to: float  # ... and up to it answer
    missing: bool  # whether a missing value answers
    share: float  # of the training rows that reached the questions, those that answered


EVERYBODY = PathCondition(np.nan, np.inf, True, 1.0)


class Path(NamedTuple):
    """The points of a leaf, and the questions on the way to it by feature."""

    points: float
    questions: dict[int, PathCondition]


@dataclass(frozen=True)
class Leaves:
    """Leaves of some trees with the questions on their paths (see `Question`), one for each feature.

    All but `points` have the shape (leaves, questions): these leaves have equally many questions.
    """

    feature: NDArray[np.int64]
    above: Floats
    up_to: Floats
    missing: NDArray[np.bool_]
    share: Floats
    points: Floats


def leaves(trees: Sequence[nodes.Tree]) -> list[Leaves]:
    """Return the leaves of trees, by the number of questions on their paths."""
    paths: dict[int, list[Path]] = defaultdict(list)
    for tree in trees:
        for path in _paths(tree, 0, {}):
            paths[len(path.questions)].append(path)
    return [_of_length(length, of_length) for length, of_length in sorted(paths.items())]


def _of_length(length: int, paths: Sequence[Path]) -> Leaves:
    shape = (len(paths), length, len(EVERYBODY))
    questions = np.array([list(path.questions.values()) for path in paths], dtype=float).reshape(shape)
    feature = np.array([list(path.questions) for path in paths], dtype=int).reshape(shape[:2])
    above, up_to, missing, share = np.moveaxis(questions, -1, 0)
    points = np.array([path.points for path in paths])
    return Leaves(feature, above, up_to, missing.astype(bool), share, points)


def _paths(tree: nodes.Tree, at: int, questions: dict[int, PathCondition]) -> Iterator[Path]:
    """Yield the path of each leaf below a node, which was reached by some questions."""
    node = tree[at]
    feature = int(node["feature"])
    threshold = float(node["threshold"])
    if feature == nodes.LEAF:
        yield Path(float(node["points"]), questions)
        return
    above, up_to, missing, share = questions.get(feature, EVERYBODY)
    left = int(node["left"])
    right = int(node["right"])
    to_left, to_right = (share * float(tree[child]["n_rows"]) / float(node["n_rows"]) for child in (left, right))
    missing_left = bool(node["missing_left"])
    low = PathCondition(above, min(up_to, threshold), missing and missing_left, to_left)
    high = PathCondition(float(np.fmax(above, threshold)), up_to, missing and not missing_left, to_right)
    yield from _paths(tree, left, questions | {feature: low})
    yield from _paths(tree, right, questions | {feature: high})


def contributions(groups: Sequence[Leaves], base: float, values: Floats) -> tuple[float, Floats]:
    """Return the base and each feature's contribution to the sum of the leaves' points, before calibration.

    Args:
        groups: the leaves.
        base: the constant beside them.
        values: shape (rows, features); of listed children only: about two thousand rows a second, not millions.

    Returns:
        The expected log-odds, and contributions of shape (rows, features) that add up with it to the trees' log-odds.
    """
    parts = np.zeros(values.shape)
    for leaves in groups:
        base += float(leaves.points @ leaves.share.prod(axis=1))
        if size := leaves.feature.size:
            to_feature = csr_array(
                (np.ones(size), (leaves.feature.ravel(), np.arange(size))), shape=(values.shape[1], size)
            )
            step = max(1, AT_ONCE // size)
            for start in range(0, len(values), step):
                rows = slice(start, start + step)
                parts[rows] += (to_feature @ _of_questions(leaves, values[rows]).reshape(-1, size).T).T
    return base, parts


def _of_questions(leaves: Leaves, values: Floats) -> Floats:
    """Return the Shapley value of each question of each leaf, shape (rows, leaves, questions).

    With a share t of the others taking part, a feature adds (answer - share) times the product over the others of
    t * answer + (1 - t) * share; averaged over t from 0 to 1.
    """
    questioned = values[:, leaves.feature]
    within = ~(questioned <= leaves.above) & (questioned <= leaves.up_to)
    answers = np.where(np.isnan(questioned), leaves.missing, within).astype(float)
    mean = np.zeros_like(answers)
    for at, weight in zip(*np.polynomial.legendre.leggauss(answers.shape[2] // 2 + 1), strict=True):
        t = (1 + at) / 2
        mean += weight / 2 * _of_others(t * answers + (1 - t) * leaves.share)
    return leaves.points[:, None] * (answers - leaves.share) * mean


def _of_others(parts: Floats) -> Floats:
    """Return the product of all other parts along the last axis; dividing by one that is 0 would not do."""
    ones = np.ones((*parts.shape[:-1], 1))
    before = np.concatenate([ones, parts[..., :-1].cumprod(axis=-1)], axis=-1)
    after = np.concatenate([ones, parts[..., :0:-1].cumprod(axis=-1)], axis=-1)[..., ::-1]
    return before * after

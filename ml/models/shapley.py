"""Exact contributions of trees with interactions: Shapley values of each tree's conditional expectations.

Every leaf is a product game over the features on its way: who takes part answers its questions or not, who does not
lets through the share of training rows that went that way (path-dependent TreeSHAP; Lundberg et al., 2020). The Shapley
value of a product game is the integral of a polynomial, so that few nodes of Gauss and Legendre's quadrature give it
exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from ml.models import nodes

Floats = NDArray[np.float64]
Question = tuple[float, float, bool, float]  # see Leaves
EVERYBODY: Question = (np.nan, np.inf, True, 1.0)
AT_ONCE = 200_000  # answers looked at together: as many as caches hold


@dataclass(frozen=True)
class Leaves:
    """Leaves of some trees with the questions on their ways, one for each feature that is asked for.

    All but `points` have the shape (leaves, questions): these leaves are asked for equally many features.
    """

    feature: NDArray[np.int64]
    above: Floats  # values above it (not a number: any) ...
    up_to: Floats  # ... and up to it answer
    missing: NDArray[np.bool_]  # whether a missing value answers
    share: Floats  # of the training rows that were asked, who answered
    points: Floats


def leaves(trees: Sequence[nodes.Tree]) -> list[Leaves]:
    """Return the leaves of trees, by how many features are asked for on the way."""
    ways: dict[int, list[tuple[float, dict[int, Question]]]] = defaultdict(list)
    for tree in trees:
        for points, asked in _ways(tree, 0, {}):
            ways[len(asked)].append((points, asked))
    return [_of_length(length, some) for length, some in sorted(ways.items())]


def _of_length(length: int, ways: Sequence[tuple[float, dict[int, Question]]]) -> Leaves:
    shape = (len(ways), length, len(EVERYBODY))
    questions = np.array([list(asked.values()) for _, asked in ways], dtype=float).reshape(shape)
    feature = np.array([list(asked) for _, asked in ways], dtype=int).reshape(shape[:2])
    above, up_to, missing, share = np.moveaxis(questions, -1, 0)
    return Leaves(feature, above, up_to, missing.astype(bool), share, np.array([points for points, _ in ways]))


def _ways(tree: nodes.Tree, at: int, asked: dict[int, Question]) -> Iterator[tuple[float, dict[int, Question]]]:
    """Yield the points of each leaf below a node, and what was asked on the way to it."""
    node = tree[at]
    feature, threshold = int(node["feature"]), float(node["threshold"])
    if feature == nodes.LEAF:
        yield float(node["points"]), asked
        return
    above, up_to, missing, share = asked.get(feature, EVERYBODY)
    left, right = int(node["left"]), int(node["right"])
    went = [share * float(tree[child]["n_rows"]) / float(node["n_rows"]) for child in (left, right)]
    missing_left = bool(node["missing_left"])
    yield from _ways(tree, left, asked | {feature: (above, min(up_to, threshold), missing and missing_left, went[0])})
    more = (float(np.fmax(above, threshold)), up_to, missing and not missing_left, went[1])
    yield from _ways(tree, right, asked | {feature: more})


def contributions(found: Sequence[Leaves], base: float, values: Floats) -> tuple[float, Floats]:
    """Return the base and each feature's contribution to the sum of the leaves' points, before calibration.

    Args:
        found: the leaves.
        base: what stands beside them.
        values: shape (rows, features); of listed children only: about two thousand rows a second, not millions.

    Returns:
        The log-odds of nobody in particular, and contributions of shape (rows, features) that add up with it to what
        the trees say.
    """
    parts = np.zeros(values.shape)
    for some in found:
        base += float(some.points @ some.share.prod(axis=1))
        if size := some.feature.size:
            to_feature = csr_array(
                (np.ones(size), (some.feature.ravel(), np.arange(size))), shape=(values.shape[1], size)
            )
            step = max(1, AT_ONCE // size)
            for start in range(0, len(values), step):
                rows = slice(start, start + step)
                parts[rows] += (to_feature @ _of_questions(some, values[rows]).reshape(-1, size).T).T
    return base, parts


def _of_questions(found: Leaves, values: Floats) -> Floats:
    """Return the Shapley value of each question of each leaf, shape (rows, leaves, questions).

    With a share t of the others taking part, a feature adds (answer - share) times the product over the others of
    t * answer + (1 - t) * share; averaged over t from 0 to 1.
    """
    asked = values[:, found.feature]
    within = ~(asked <= found.above) & (asked <= found.up_to)
    answers = np.where(np.isnan(asked), found.missing, within).astype(float)
    mean = np.zeros_like(answers)
    for at, weight in zip(*np.polynomial.legendre.leggauss(answers.shape[2] // 2 + 1), strict=True):
        t = (1 + at) / 2
        mean += weight / 2 * _of_others(t * answers + (1 - t) * found.share)
    return found.points[:, None] * (answers - found.share) * mean


def _of_others(parts: Floats) -> Floats:
    """Return the product of all other parts along the last axis; dividing by one that is 0 would not do."""
    one = np.ones((*parts.shape[:-1], 1))
    before = np.concatenate([one, parts[..., :-1].cumprod(axis=-1)], axis=-1)
    after = np.concatenate([one, parts[..., :0:-1].cumprod(axis=-1)], axis=-1)[..., ::-1]
    return before * after

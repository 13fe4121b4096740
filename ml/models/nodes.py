"""One tree as an array of nodes, its root first: questions, branches, and points of the leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAF = -1  # the feature of a node without a question
NODE = np.dtype(
    [
        ("feature", np.int32),
        ("threshold", np.float64),
        ("missing_left", np.bool_),
        ("left", np.int32),
        ("right", np.int32),
        ("n_rows", np.float64),
        ("points", np.float64),
    ]
)
# Ours → scikit-learn's, of gradient boosting by histograms.
SKLEARN_FIELDS = {
    "threshold": "num_threshold",
    "missing_left": "missing_go_to_left",
    "left": "left",
    "right": "right",
    "n_rows": "count",
    "points": "value",
}
Tree = NDArray[np.void]


def from_scikit_learn(theirs: NDArray[np.void]) -> Tree:
    """Return scikit-learn's nodes as ours."""
    nodes = np.zeros(len(theirs), dtype=NODE)
    nodes["feature"] = np.where(theirs["is_leaf"], LEAF, theirs["feature_idx"])
    for own_name, name in SKLEARN_FIELDS.items():
        nodes[own_name] = theirs[name]
    return nodes


def goes_left(questions: Tree, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Say which values go to the left: one question for all, or one for each."""
    return np.where(np.isnan(values), questions["missing_left"], values <= questions["threshold"])


def points(nodes: Tree, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the points of the leaf that each row comes to.

    Args:
        nodes: the tree.
        values: shape (rows, features).
    """
    at = np.zeros(len(values), dtype=np.int32)
    moving = np.arange(len(values))
    while len(moving := moving[nodes["feature"][at[moving]] != LEAF]):
        questions = nodes[at[moving]]
        left = goes_left(questions, values[moving, questions["feature"]])
        at[moving] = np.where(left, questions["left"], questions["right"])
    return nodes["points"][at]

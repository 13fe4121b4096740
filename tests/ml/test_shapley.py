"""Contributions of boosted trees: equal to those counted out over all orders, and adding up to what the model says."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline

from ml.data.dataset import Spec
from ml.models import candidates, trees
from ml.models.calibrate import Calibration


def fitted(n_features: int, seed: int = 0, missing: float = 0.1, **given: int):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(2_000, n_features))
    chance = 1 / (1 + np.exp(-(values[:, 0] * values[:, 1] + values[:, 2])))
    label = rng.random(2_000) < chance
    values[rng.random(values.shape) < missing] = np.nan
    booster = HistGradientBoostingClassifier(max_leaf_nodes=8, random_state=0, early_stopping=False, **given)
    return make_pipeline(booster).fit(values, label), values[:40]


def contributions(model, values: np.ndarray) -> tuple[float, np.ndarray]:
    found = trees.read_off(model, tuple(f"x{i}" for i in range(values.shape[1])), Calibration())
    base, parts = found.contributions(values, np.full(len(values), "all"))
    return base[0], parts


def expectation(nodes: np.ndarray, row: np.ndarray, known: set[int], at: int = 0) -> float:
    """Return what a tree says if only some features are known: elsewhere both ways, by how many rows went there."""
    node = nodes[at]
    if node["is_leaf"]:
        return node["value"]
    left, right = int(node["left"]), int(node["right"])
    if (feature := int(node["feature_idx"])) in known:
        goes_left = node["missing_go_to_left"] if np.isnan(row[feature]) else row[feature] <= node["num_threshold"]
        return expectation(nodes, row, known, left if goes_left else right)
    share = nodes[left]["count"] / node["count"]
    return share * expectation(nodes, row, known, left) + (1 - share) * expectation(nodes, row, known, right)


def counted_out(nodes: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Return the mean over all orders of what each feature changes when it becomes known."""
    found, orders = np.zeros(len(row)), list(permutations(range(len(row))))
    for order in orders:
        for i, feature in enumerate(order):
            before = expectation(nodes, row, set(order[:i]))
            found[feature] += expectation(nodes, row, set(order[: i + 1])) - before
    return found / len(orders)


@pytest.mark.parametrize("seed", range(3))
def test_they_are_the_mean_over_all_orders(seed: int) -> None:
    model, values = fitted(4, seed, max_iter=3)
    _, found = contributions(model, values[:8])
    expected = np.array([
        sum(counted_out(tree.nodes, row) for (tree,) in model[-1]._predictors) for row in values[:8]
    ])  # fmt: skip
    assert np.abs(found - expected).max() < 1e-12


def test_they_add_up_to_what_the_model_says() -> None:
    model, values = fitted(12, max_iter=60)
    base, found = contributions(model, values)
    assert np.abs(base + found.sum(axis=1) - model.decision_function(values)).max() < 1e-9


def test_a_feature_that_no_tree_asks_for_adds_nothing() -> None:
    model, values = fitted(12, max_iter=5)
    asked = {
        int(node["feature_idx"]) for (tree,) in model[-1]._predictors for node in tree.nodes if not node["is_leaf"]
    }
    silent = [i for i in range(12) if i not in asked]
    assert silent
    assert (contributions(model, values)[1][:, silent] == 0).all()


def test_the_candidate_with_interactions_with_a_column_that_training_never_saw() -> None:
    rng = np.random.default_rng(1)
    values = np.column_stack([rng.normal(size=(3_000, 3)), np.full(3_000, np.nan)])
    label = rng.random(3_000) < 1 / (1 + np.exp(-values[:, 0] * values[:, 1]))
    spec = Spec(("a", "b", "c", "empty"), (0, 0, 0, 0))
    model = candidates.pipeline("boosting", spec).fit(values, label)
    base, found = contributions(model, values[:50])
    assert np.abs(base + found.sum(axis=1) - model.decision_function(values[:50])).max() < 1e-9
    assert (found[:, 3] == 0).all()


def test_trees_that_ask_for_categories_are_refused() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(0, 4, size=(500, 2)).astype(float)
    booster = HistGradientBoostingClassifier(categorical_features=[0], max_iter=3).fit(values, values[:, 0] > 1)
    with pytest.raises(ValueError, match="categories"):
        contributions(make_pipeline(booster), values)

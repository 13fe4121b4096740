"""A model with interactions as a table of nodes, from which scores and reasons are looked up as in `terms`."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml.models import nodes, shapley, terms
from ml.models.calibrate import Calibration

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

TABLE = pa.schema(
    [
        ("model_version", pa.string()),
        ("tree", pa.int32()),
        ("node", pa.int32()),
        ("feature", pa.string()),
        ("threshold", pa.float64()),
        ("missing_left", pa.bool_()),
        ("left_node", pa.int32()),
        ("right_node", pa.int32()),
        ("n_rows", pa.float64()),
        ("points", pa.float64()),
    ]
)
# Column of the table → field of a node, of inner nodes and of all.
INNER = {"threshold": "threshold", "missing_left": "missing_left", "left_node": "left", "right_node": "right"}
COLUMNS = INNER | {"n_rows": "n_rows", "points": "points"}


@dataclass(frozen=True)
class Trees:
    """Trees whose leaves' points add up before calibration."""

    features: tuple[str, ...]
    trees: tuple[nodes.Tree, ...]
    base: float
    calibration: Calibration = field(default_factory=Calibration)

    def log_odds(self, values: NDArray[np.float64], segments: NDArray[np.str_]) -> NDArray[np.float64]:
        """Return the log-odds of each row, calibration included.

        Args:
            values: shape (rows, features).
            segments: the name of each row's segment (`ml.models.calibrate`).
        """
        log_odds = np.full(len(values), self.base)
        for tree in self.trees:
            log_odds += nodes.points(tree, values)
        slope, shift = self.calibration.of_rows(segments)
        return shift + slope * log_odds

    def contributions(
        self, values: NDArray[np.float64], segments: NDArray[np.str_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the base of each row and each feature's contribution, which add up to `log_odds` (`shapley`)."""
        base, parts = shapley.contributions(self._leaves, self.base, values)
        slope, shift = self.calibration.of_rows(segments)
        return shift + slope * base, slope[:, None] * parts

    @cached_property
    def _leaves(self) -> list[shapley.Leaves]:
        return shapley.leaves(self.trees)

    def tables(self, version: str) -> dict[str, pa.Table]:
        """Return the rows of each table of schema `ml` that holds the model: of the terms, only the calibration."""
        calibration = terms.as_table(terms.of_calibration(version, self.calibration))
        return {"model_terms": calibration, "model_trees": self._nodes(version)}

    def _nodes(self, version: str) -> pa.Table:
        every = np.concatenate(self.trees)
        sizes = [len(tree) for tree in self.trees]
        is_leaf = every["feature"] == nodes.LEAF
        columns = {name: pa.array(every[field_name], mask=is_leaf) for name, field_name in INNER.items()} | {
            "model_version": pa.repeat(version, len(every)),
            "tree": pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)),
            "node": pa.array(np.concatenate([np.arange(size, dtype=np.int32) for size in sizes])),
            "feature": pa.array(self.features).take(pa.array(every["feature"], mask=is_leaf)),
            "n_rows": pa.array(every["n_rows"]),
            "points": pa.array(every["points"], mask=~is_leaf),
        }
        return pa.table([columns[name] for name in TABLE.names], schema=TABLE)


def read_off(model: Pipeline, features: tuple[str, ...], calibration: Calibration) -> Trees:
    """Read the trees off a fitted pipeline of `SeenColumns` and gradient boosting.

    Args:
        model: the pipeline.
        features: names, in the columns' order.
        calibration: of the model's log-odds, kept beside the points.

    Raises:
        ValueError: a node splits by categories, which no table of thresholds holds.
    """
    booster = model[-1]
    if booster.is_categorical_ is not None:
        raise ValueError("trees that split by categories are no table of thresholds")
    trees = tuple(nodes.from_scikit_learn(tree.nodes) for (tree,) in booster._predictors)
    return Trees(features, trees, float(booster._baseline_prediction.ravel()[0]), calibration)


Points = terms.Terms | Trees


def from_tables(version: str, base: float, of_terms: pa.Table, of_trees: pa.Table) -> Points:
    """Read a model back from `ml.model_terms` and `ml.model_trees`: from its nodes where it has some."""
    if version in of_trees["model_version"].unique().to_pylist():
        return from_table(of_trees, version, base, terms.calibration_of(of_terms, version))
    return terms.from_table(of_terms, version, base)


def from_table(table: pa.Table, version: str, base: float, calibration: Calibration) -> Trees:
    """Read the trees of a version back from `ml.model_trees`; its features are those of the nodes."""
    of_version = table.filter(pc.equal(table["model_version"], version)).sort_by(
        [("tree", "ascending"), ("node", "ascending")]
    )
    features = tuple(sorted(set(of_version["feature"].drop_null().to_pylist())))
    every = np.zeros(of_version.num_rows, dtype=nodes.NODE)
    feature = pc.index_in(of_version["feature"], pa.array(features, pa.string()), skip_nulls=True)
    every["feature"] = pc.fill_null(feature, nodes.LEAF).to_numpy()
    for name, field_name in COLUMNS.items():
        known = ~of_version[name].is_null().to_numpy()
        every[field_name][known] = of_version[name].drop_null().to_numpy()
    starts = np.flatnonzero(of_version["node"].to_numpy() == 0)[1:]
    return Trees(features, tuple(np.split(every, starts)), base, calibration)

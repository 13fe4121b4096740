"""An additive model as a table of points: exact scores and reasons by looking up, for machines and auditors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ml.binning import bin_of


@dataclass(frozen=True)
class Terms:
    """Points in log-odds per feature and bin; `points[f][0]` is for a missing value."""

    features: tuple[str, ...]
    edges: tuple[NDArray[np.float64], ...]
    points: tuple[NDArray[np.float64], ...]
    base: float

    def contributions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return each feature's contribution to the log-odds, shape (rows, features)."""
        columns = [
            points[bin_of(column, edges)]
            for column, edges, points in zip(values.T, self.edges, self.points, strict=True)
        ]
        return np.column_stack(columns)

    def log_odds(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of each row: the base and all contributions."""
        return self.base + self.contributions(values).sum(axis=1)

    def table(self, version: str) -> pa.Table:
        """Return rows for `ml.model_terms`."""
        rows = []
        for name, edges, points in zip(self.features, self.edges, self.points, strict=True):
            rows.append((version, name, 0, None, None, float(points[0])))
            bounds = [None, *edges.tolist(), None]
            rows += [
                (version, name, i + 1, bounds[i], bounds[i + 1], float(points[i + 1])) for i in range(len(bounds) - 1)
            ]
        names = ("model_version", "feature", "bin", "lower_edge", "upper_edge", "points")
        types = (pa.string(), pa.string(), pa.int32(), pa.float64(), pa.float64(), pa.float64())
        return pa.table(
            {n: pa.array([r[i] for r in rows], t) for i, (n, t) in enumerate(zip(names, types, strict=True))}
        )


def read_off(
    model: Pipeline, features: tuple[str, ...], values: NDArray[np.float64], slope: float, shift: float
) -> Terms:
    """Read the terms off a fitted additive model by its public interface.

    Each feature is varied over its bins against a reference row; the differences are its points. They are
    centered on the rows given (the mean contribution is 0, the base is the mean log-odds) and carry the
    calibration `shift + slope * log-odds`.

    Args:
        model: pipeline of `QuantileBinner` and an additive booster.
        features: names, in the columns' order.
        values: shape (rows, features), to center on.
        slope: of the calibration.
        shift: of the calibration.
    """
    binner, booster = model[0], model[-1]
    counts = [len(edges) + 1 for edges in binner.edges_]
    reference = np.ones((1, len(features)))
    start = booster.decision_function(reference)[0]
    base, points = start, []
    for position, count in enumerate(counts):
        varied = np.repeat(reference, count + 1, axis=0)
        varied[:, position] = [np.nan, *range(1, count + 1)]
        moved = booster.decision_function(varied) - start
        center = moved[bin_of(values[:, position], binner.edges_[position])].mean()
        base += center
        points.append(slope * (moved - center))
    return Terms(features, tuple(binner.edges_), tuple(points), float(shift + slope * base))


def from_table(table: pa.Table, version: str, base: float) -> Terms:
    """Read the terms of a version back from `ml.model_terms`."""
    mine = table.filter(pc.equal(table["model_version"], version)).sort_by(
        [("feature", "ascending"), ("bin", "ascending")]
    )
    bins = mine.group_by("feature", use_threads=False).aggregate([("upper_edge", "list"), ("points", "list")])
    edges = tuple(np.array(upper[1:-1], dtype=float) for upper in bins["upper_edge_list"].to_pylist())
    points = tuple(np.array(each) for each in bins["points_list"].to_pylist())
    return Terms(tuple(bins["feature"].to_pylist()), edges, points, base)

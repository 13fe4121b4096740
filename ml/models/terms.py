"""An additive model as a table of points per feature and bin, from which scores and reasons are looked up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from ml.models import calibrate
from ml.models.calibrate import Calibration

if TYPE_CHECKING:  # scoring needs the table only: importing scikit-learn takes longer than scoring a month
    from sklearn.pipeline import Pipeline

FEW = 20  # rows
MOST_COMPARED = 64  # edges
Row = tuple[str, str, int, float | None, float | None, float]
TABLE = pa.schema(
    [
        ("model_version", pa.string()),
        ("feature", pa.string()),
        ("bin", pa.int32()),
        ("lower_edge", pa.float64()),
        ("upper_edge", pa.float64()),
        ("points", pa.float64()),
    ]
)
OF_CALIBRATION = pc.starts_with(pc.field("feature"), calibrate.SLOPE) | pc.starts_with(
    pc.field("feature"), calibrate.INTERCEPT
)


def bin_of(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the bin of each value: 0 where it is missing, else i where edge i-1 < value <= edge i, from 1."""
    column = np.ascontiguousarray(values)
    if len(edges) > MOST_COMPARED:
        bins = edges.searchsorted(column, side="left") + 1
    else:  # a few comparisons of the whole column are several times as fast as searching for each value
        above = np.ones(len(column), dtype=np.uint8)
        for edge in edges:
            above += column > edge
        bins = above.astype(np.intp)
    bins[np.isnan(column)] = 0
    return bins


@dataclass(frozen=True)
class Terms:
    """Points per feature and bin before calibration; `points[f][0]` is for a missing value."""

    features: tuple[str, ...]
    edges: tuple[NDArray[np.float64], ...]
    points: tuple[NDArray[np.float64], ...]
    base: float
    calibration: Calibration = field(default_factory=Calibration)

    def contributions(
        self, values: NDArray[np.float64], segments: NDArray[np.str_]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the base of each row and each feature's contribution to its log-odds, calibration included.

        Args:
            values: shape (rows, features).
            segments: the name of each row's segment (`ml.models.calibrate`).
        """
        points = self._of_few(values) if len(values) <= FEW else self._of_many(values)
        slope, shift = self.calibration.of_rows(segments)
        return shift + slope * self.base, slope[:, None] * points

    def _of_many(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        bins = zip(values.T, self.edges, self.points, strict=True)
        return np.column_stack([points[bin_of(column, edges)] for column, edges, points in bins])

    def _of_few(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the same points, looked up one by one: starting numpy for every feature takes longer than that."""
        return np.array(
            [
                [
                    points[0 if value != value else bisect_left(edges, value) + 1]  # only NaN differs from itself
                    for value, (edges, points) in zip(row, self._lists, strict=True)
                ]
                for row in values.tolist()
            ]
        ).reshape(values.shape)

    @cached_property
    def _lists(self) -> list[tuple[list[float], list[float]]]:
        return [(edges.tolist(), points.tolist()) for edges, points in zip(self.edges, self.points, strict=True)]

    def log_odds(self, values: NDArray[np.float64], segments: NDArray[np.str_]) -> NDArray[np.float64]:
        """Return the log-odds of each row: its base and all contributions."""
        base, parts = self.contributions(values, segments)
        return base + parts.sum(axis=1)

    def table(self, version: str) -> pa.Table:
        """Return rows for `ml.model_terms`: slope and intercept of each segment, then points per feature and bin."""
        rows = of_calibration(version, self.calibration)
        for name, edges, points in zip(self.features, self.edges, self.points, strict=True):
            lower = [None, None, *edges.tolist()]  # bin 0 is for missing values
            upper = [None, *edges.tolist(), None]
            bins = zip(range(len(points)), lower, upper, points.tolist(), strict=True)
            rows += [(version, name, *each) for each in bins]
        return as_table(rows)

    def tables(self, version: str) -> dict[str, pa.Table]:
        """Return the rows of each table of schema `ml` that holds the model."""
        return {"model_terms": self.table(version)}


def of_calibration(version: str, calibration: Calibration) -> list[Row]:
    """Return slope and intercept of each segment as rows of `ml.model_terms`."""
    return [(version, name, 0, None, None, points) for name, points in calibration.terms().items()]


def as_table(rows: Sequence[Row]) -> pa.Table:
    """Return rows as a table."""
    return pa.table(
        [pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), TABLE.types, strict=True)],
        schema=TABLE,
    )


def read_off(
    model: Pipeline, features: tuple[str, ...], values: NDArray[np.float64], calibration: Calibration
) -> Terms:
    """Read the terms off a fitted additive model by its public interface.

    Each feature is varied over its bins against a reference row; the differences are its points. They are
    centered on the rows given (the mean contribution is 0, the base is the model's mean log-odds).

    Args:
        model: pipeline of `QuantileBinner` and an additive booster.
        features: names, in the columns' order.
        values: shape (rows, features), to center on.
        calibration: of the model's log-odds, kept beside the points.
    """
    binner = model[0]
    booster = model[-1]
    counts = [len(edges) + 1 for edges in binner.edges_]
    reference = np.ones((1, len(features)))
    start = booster.decision_function(reference)[0]
    base = start
    points = []
    for position, count in enumerate(counts):
        varied = np.repeat(reference, count + 1, axis=0)
        varied[:, position] = [np.nan, *range(1, count + 1)]
        moved = booster.decision_function(varied) - start
        center = moved[bin_of(values[:, position], binner.edges_[position])].mean()
        base += center
        points.append(moved - center)
    return Terms(features, tuple(binner.edges_), tuple(points), float(base), calibration)


def calibration_of(table: pa.Table, version: str) -> Calibration:
    """Read the calibration of a version back from `ml.model_terms`."""
    terms = _of(table, version).filter(OF_CALIBRATION)
    return calibrate.from_terms(dict(zip(terms["feature"].to_pylist(), terms["points"].to_pylist(), strict=True)))


def from_table(table: pa.Table, version: str, base: float) -> Terms:
    """Read the terms of a version back from `ml.model_terms`."""
    bins = (
        _of(table, version)
        .filter(~OF_CALIBRATION)
        .sort_by([("feature", "ascending"), ("bin", "ascending")])
        .group_by("feature", use_threads=False)
        .aggregate([("upper_edge", "list"), ("points", "list")])
    )
    edges = tuple(np.array(upper[1:-1], dtype=float) for upper in bins["upper_edge_list"].to_pylist())
    points = tuple(np.array(each) for each in bins["points_list"].to_pylist())
    return Terms(tuple(bins["feature"].to_pylist()), edges, points, base, calibration_of(table, version))


def _of(table: pa.Table, version: str) -> pa.Table:
    return table.filter(pc.field("model_version") == version)

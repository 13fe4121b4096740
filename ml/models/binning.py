"""Quantile bins: they make an additive model a table of points per feature and bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from ml.models.terms import bin_of


class QuantileBinner(TransformerMixin, BaseEstimator):
    """Replace each value by its bin's number (from 1), missing values by NaN.

    Args:
        bins: largest number of bins a feature.
    """

    def __init__(self, bins: int = 32) -> None:
        self.bins = bins

    def fit(self, X: NDArray[np.float64], y: object = None) -> QuantileBinner:  # noqa: N803  scikit-learn's name
        """Take each column's edges from its quantiles; equal values share a bin."""
        columns = [_known(column) for column in X.T]
        self.edges_ = [_edges(known, self.bins) for known in columns]
        self.seen_ = [bool(len(known)) for known in columns]
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803  scikit-learn's name
        """Return the bins, shape as given."""
        binned = np.empty(X.shape, order="F")  # it is read column by column
        for i, (edges, seen) in enumerate(zip(self.edges_, self.seen_, strict=True)):
            bins = bin_of(X[:, i], edges)
            binned[:, i] = bins
            binned[bins == 0, i] = np.nan if seen else 1  # a column without training values contributes nothing
        return binned


def _known(column: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the values that are not missing, in order."""
    ordered = np.sort(column)  # missing values come last
    return ordered[: ordered.searchsorted(np.nan)]


def _edges(known: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """Return the distinct quantiles (of numpy's method `inverted_cdf`) of ordered values, without the largest value."""
    if not len(known):
        return np.empty(0)
    share = np.linspace(0, 1, bins + 1)[1:-1]
    quantiles = np.unique(known[np.maximum(np.ceil(len(known) * share - 1), 0).astype(np.intp)])
    return quantiles[quantiles < known[-1]]


class SeenColumns(TransformerMixin, BaseEstimator):
    """Set columns of which training had no value to 0: they contribute nothing, and boosting cannot bin them."""

    def fit(self, X: NDArray[np.float64], y: object = None) -> SeenColumns:  # noqa: N803  scikit-learn's name
        """Note which columns have a value."""
        self.seen_ = (~np.isnan(X)).any(axis=0)
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803  scikit-learn's name
        """Return the columns, shape as given."""
        return np.where(self.seen_, X, 0.0)

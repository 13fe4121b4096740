"""Quantile bins: what makes an additive model a table of points per feature and bin."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from ml.terms import bin_of


class QuantileBinner(TransformerMixin, BaseEstimator):
    """Replace each value by its bin's number (from 1), missing values by NaN.

    Args:
        bins: largest number of bins a feature.
    """

    def __init__(self, bins: int = 32) -> None:
        self.bins = bins

    def fit(self, X: NDArray[np.float64], y: object = None) -> QuantileBinner:  # noqa: N803  scikit-learn's name
        """Take each column's edges from its quantiles; equal values share a bin."""
        share = np.linspace(0, 1, self.bins + 1)[1:-1]
        self.edges_ = []
        for column in X.T:
            known = column[~np.isnan(column)]
            edges = np.unique(np.quantile(known, share, method="inverted_cdf")) if len(known) else np.empty(0)
            self.edges_.append(edges[edges < known.max()] if len(known) else edges)
        self.seen_ = [bool((~np.isnan(column)).any()) for column in X.T]
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803  scikit-learn's name
        """Return the bins, shape as given."""
        columns = [bin_of(column, edges) for column, edges in zip(X.T, self.edges_, strict=True)]
        found = np.column_stack(columns).astype(float)
        for column, seen in zip(found.T, self.seen_, strict=True):
            column[column == 0] = np.nan if seen else 1  # what training never saw says nothing
        return found


class SeenColumns(TransformerMixin, BaseEstimator):
    """Set columns of which training had no value to 0: they say nothing, and boosting cannot bin what is not there."""

    def fit(self, X: NDArray[np.float64], y: object = None) -> SeenColumns:  # noqa: N803  scikit-learn's name
        """Note which columns have a value."""
        self.seen_ = (~np.isnan(X)).any(axis=0)
        return self

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803  scikit-learn's name
        """Return the columns, shape as given."""
        return np.where(self.seen_, X, 0.0)

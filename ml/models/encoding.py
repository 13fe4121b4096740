"""Categories as numbers that mean something: how often the outcome came in each, and no order of names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

PRIOR_ROWS = 50  # assumption: a category counts as if it had so many more rows of the usual rate


class CategoryRates(TransformerMixin, BaseEstimator):
    """Replace the number of each category by the log-odds of its rate of cases, shrunk to that of all.

    A rare category lies near the usual rate, and one that training has not seen has just that: it is a rare one with no
    rows. What is missing stays missing. It is fitted with the model, so on the rows of a training fold alone
    (Micci-Barreca, 2001).

    Args:
        coded: positions of the columns that hold categories' numbers, from 0.
    """

    def __init__(self, coded: Sequence[int] = ()) -> None:
        self.coded = coded

    def fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> CategoryRates:  # noqa: N803  scikit-learn's name
        """Count rows and cases of each category."""
        self.usual_ = float((y.sum() + 1) / (len(y) + 2))
        self.points_ = [self._points(X[:, position], y) for position in self.coded]
        return self

    def _points(self, column: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the log-odds of each category by its number, last those of one that no row has."""
        known = ~np.isnan(column)
        codes = column[known].astype(np.int64)
        rows = np.append(np.bincount(codes), 0)
        cases = np.append(np.bincount(codes, weights=y[known]), 0.0)
        rate = self.usual_ + (cases - rows * self.usual_) / (rows + PRIOR_ROWS)
        return np.log(rate / (1 - rate))

    def transform(self, X: NDArray[np.float64]) -> NDArray[np.float64]:  # noqa: N803  scikit-learn's name
        """Return the columns, shape as given."""
        encoded = np.array(X, order="F")
        for position, points in zip(self.coded, self.points_, strict=True):
            known = ~np.isnan(X[:, position])
            codes = X[known, position].astype(np.int64)
            encoded[known, position] = points[np.minimum(codes, len(points) - 1)]
        return encoded

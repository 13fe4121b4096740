"""How far a distribution has moved, and years that are a regime of their own because many of them have moved far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Rows

BINS = 10
LEAST_SHARE = 1e-4  # an empty bin counts as if it held this share: the index stays finite
FAR = 1.0  # assumption: beyond this index what is known of a feature means another thing
MOST_FAR = 0.05  # assumption: of the features, in a year that is like others
FEWEST_YEARS = 3  # of two years nobody can say which is the odd one


def index(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Return the population stability index over tenths of the reference; missing values are a bin of their own.

    0 for the same distribution; 0.25 is customarily called a shift (Siddiqi, 2006).
    """
    known = reference[~np.isnan(reference)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
    before, now = (np.maximum(_shares(values, edges), LEAST_SHARE) for values in (reference, current))
    return float(((now - before) * np.log(now / before)).sum())


def _shares(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    return np.bincount(bins, minlength=len(edges) + 2) / max(len(values), 1)


def far_share(reference: Rows, current: Rows) -> float:
    """Return the share of features whose known values moved far; what is missing is another matter."""
    pairs = zip(reference.values.T, current.values.T, strict=True)
    known = [(before[~np.isnan(before)], now[~np.isnan(now)]) for before, now in pairs]
    return float(np.mean([float(len(a) and len(b) and index(a, b) > FAR) for a, b in known] or [0.0]))


def odd_years(rows: Rows, stated: Sequence[int]) -> tuple[int, ...]:
    """Return the years that are unlike the others, the stated ones aside: schools closed again, say.

    A year is odd where many features mean another thing than in the other years on the same dates. The oddest is
    taken out first, then the rest are looked at again: one odd year makes the others look odd too.

    Args:
        rows: everything whose labels are known.
        stated: years known to be a regime apart.
    """
    years = [int(year) for year in np.unique(rows.labeled.year) if year not in stated]
    found: list[int] = []
    while len(years) >= FEWEST_YEARS:
        shares = {year: _far_from(rows, year, years) for year in years}
        oddest = max(years, key=lambda year: shares[year])
        if shares[oddest] <= MOST_FAR:
            break
        found.append(oddest)
        years.remove(oddest)
    return tuple(sorted(found))


def _far_from(rows: Rows, year: int, years: Sequence[int]) -> float:
    """Return the mean share of features that are far from other years, over the months of the year's dates."""
    others = np.isin(rows.year, list({*years} - {year}))
    shares = []
    for month in np.unique(rows.month[rows.year == year]):
        before, now = (rows.of(where & (rows.month == month)) for where in (others, rows.year == year))
        if len(before.key):
            shares.append(far_share(before, now))
    return float(np.mean(shares)) if shares else 0.0

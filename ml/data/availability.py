"""Features that tell the year: what is missing in one training year and present in another labels the years.

A model learns from such a feature which years had more outcomes, and announces that again wherever the feature is
present. Nothing of the child explains the gap: no year before is known, or it was one of closed schools.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ml.data.dataset import Rows, Spec, columns_of

LARGEST_GAP = 0.75  # assumption: between the shares of rows without a value of two training years
MOST_BARE = 0.05  # assumption: of the features, in a year with a past


def gaps(rows: Rows, spec: Spec) -> dict[str, float]:
    """Return each feature's largest difference between years in the share of rows without a value."""
    missing = np.isnan(rows.values)
    shares = np.array([missing[rows.year == year].mean(axis=0) for year in np.unique(rows.year)])
    largest = shares.max(axis=0) - shares.min(axis=0) if len(shares) else np.zeros(len(spec.features))
    return dict(zip(spec.features, largest.tolist(), strict=True))


def steady(rows: Rows, spec: Spec) -> Spec:
    """Return the spec of the features whose availability does not go by year; of the rows that are to train."""
    return spec.only([name for name, gap in gaps(rows, spec).items() if gap <= LARGEST_GAP])


def lost(before: Rows, ranked: Rows, spec: Spec) -> frozenset[str]:
    """Return the steady features that the rows to be ranked lack, or have, where those that train do not.

    What is missing means another thing then: «new at school» in a year with a past, nothing in a year without.
    """
    if not len(before.key) or not len(ranked.key):
        return frozenset()
    apart = np.abs(np.isnan(before.values).mean(axis=0) - np.isnan(ranked.values).mean(axis=0))
    far = {name for name, gap in zip(spec.features, apart.tolist(), strict=True) if gap > LARGEST_GAP}
    return frozenset(far & set(steady(before.labeled, spec).features))


def bare_years(rows: Rows, stated: Sequence[int]) -> tuple[int, ...]:
    """Return the years in which many features are missing that other years have on the same dates.

    The first year known is such a one: nothing is known of what was before it.

    Args:
        rows: everything whose labels are known.
        stated: years known to be a regime apart.
    """
    years = [int(year) for year in np.unique(rows.labeled.year) if year not in stated]
    return tuple(year for year in years if _bare_share(rows, year, years) > MOST_BARE)


def _bare_share(rows: Rows, year: int, years: Sequence[int]) -> float:
    """Return the mean share of features that a year lacks and others have, over the months of its dates."""
    missing = np.isnan(rows.values)
    others = np.isin(rows.year, list({*years} - {year}))
    shares = []
    for month in np.unique(rows.month[rows.year == year]):
        here, there = ((rows.month == month) & where for where in (rows.year == year, others))
        if there.any():
            shares.append((missing[here].mean(axis=0) - missing[there].mean(axis=0) > LARGEST_GAP).mean())
    return float(np.mean(shares)) if shares else 0.0


def seen_by(rows: Rows, spec: Spec, chosen: Spec) -> Rows:
    """Return the rows with the columns of a chosen spec only."""
    return replace(rows, values=columns_of(rows.values, positions(spec, chosen)))


def positions(spec: Spec, chosen: Spec) -> tuple[int, ...]:
    """Return where the features of a chosen spec stand in another."""
    return tuple(spec.features.index(name) for name in chosen.features)

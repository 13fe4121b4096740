"""Time splits: which years may train, which one validates, which one is held out; decided by what was known when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from ml import dataset

PANDEMIC = (2020, 2021)  # closed schools, guided promotion: a regime of its own, never pooled
FIRST_AS_OF_DATE = (4, 30)


@dataclass(frozen=True)
class Origins:
    """Which years train, validate and test; decided by what was known at each year's first as-of date."""

    validation: tuple[int, ...]  # decide; each is judged by what was known at its first date
    test: int  # reported, decides nothing
    refit: tuple[int, ...]


def origins(labels: pa.Table, outcome: str, today: date) -> Origins | None:
    """Choose the years; None while there are too few (each judged year needs years matured before it began)."""
    mature = dataset.matured_years(labels, outcome, today, PANDEMIC)
    judged = [year for year in mature if known_before(labels, outcome, year)]
    return Origins(tuple(judged[:-1]), judged[-1], tuple(mature)) if len(judged) > 1 else None


def known_before(labels: pa.Table, outcome: str, year: int) -> list[int]:
    """Return the years whose labels were final by the first as-of date of a year."""
    return dataset.matured_years(labels, outcome, date(year, *FIRST_AS_OF_DATE), PANDEMIC)

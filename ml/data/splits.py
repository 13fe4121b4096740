"""Time splits: years that train, decide and are held out, by the dates when labels became known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Rows


class NotTrained(StrEnum):
    """The reason why no model is trained."""

    TOO_FEW_YEARS = "too few years have matured"
    NO_NEW_LABELS = "no new matured labels"


@dataclass(frozen=True)
class Origins:
    """The judged years and those of the last training; models of a year know labels up to its first date."""

    validation: tuple[int, ...]  # decide
    test: int  # the last mature year: reported, decides nothing
    refit: tuple[int, ...]
    regime: tuple[int, ...] = ()  # years apart: reported, decide nothing, train nothing


def mature_years(rows: Rows, known_by: str, leave_out: Sequence[int]) -> list[int]:
    """Return the school years of which labels were final by a date (ISO), those of a regime apart left out."""
    final = ~np.isnan(rows.label) & (rows.known_at <= np.datetime64(known_by))
    return [int(year) for year in np.unique(rows.year[final]) if year not in leave_out]


def origins(rows: Rows, leave_out: Sequence[int]) -> Origins | None:
    """Choose the years; None while there are too few (each judged year needs years matured before it began)."""
    if not len(rows.key):
        return None
    mature = mature_years(rows, str(rows.known_at.max()), leave_out)
    judged, regime = (_foreseeable(rows, years, leave_out) for years in (mature, leave_out))
    return Origins(judged[:-1], judged[-1], tuple(mature), regime) if len(judged) > 1 else None


def _foreseeable(rows: Rows, years: Sequence[int], leave_out: Sequence[int]) -> tuple[int, ...]:
    """Return the years of the rows that earlier years could train for."""
    occurring = np.unique(rows.year)
    return tuple(year for year in years if year in occurring and before(rows, year, leave_out).any())


def before(rows: Rows, year: int, leave_out: Sequence[int]) -> NDArray[np.bool_]:
    """Say which rows may train a model that ranks a year: their labels were final by its first as-of date."""
    first = min(day for day, of in zip(rows.date.names, rows.year_of_date, strict=True) if of == year)
    final = (rows.known_at <= np.datetime64(first)) & ~np.isnan(rows.label)
    return final & ~np.isin(rows.year, leave_out) & (rows.year < year)

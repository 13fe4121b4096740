"""Periods: what takes turns in training and being judged, where a calendar year does not.

A period is a whole number that orders it and stands in figures' names: a year is 2024, a month 202410, a date or a
term (of which the first date counts) 20241031.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

CALENDAR = {"year": 4, "month": 7, "date": 10}  # how many characters of an ISO date tell the period


class BadPeriod(ValueError):
    """The terms that a table names take no turns."""


class Term(NamedTuple):
    """A named term with its first and last date (ISO)."""

    name: str
    first: str
    last: str


def by_calendar(days: Iterable[str], unit: str) -> dict[str, int]:
    """Return the period of each date (ISO), by year, month or date."""
    return {day: _number(day[: CALENDAR[unit]]) for day in days}


def by_term(days: Iterable[str], terms: Sequence[Term]) -> dict[str, int]:
    """Return the period of each date, that of its term.

    Args:
        days: dates (ISO), each within a term.
        terms: in the order of their first dates.

    Raises:
        BadPeriod: a term begins before the one before it has ended.
    """
    for earlier, later in pairwise(terms):
        if later.first <= earlier.last:
            raise BadPeriod(f"term {later.name} begins on {later.first}, when {earlier.name} has not ended")
    return {day: _number(next(t.first for t in reversed(terms) if t.first <= day)[:10]) for day in days}


def of_years(periods: Mapping[str, int], years: Iterable[int]) -> tuple[int, ...]:
    """Return the periods of the dates (ISO) that lie in some calendar years."""
    return tuple(sorted({number for day, number in periods.items() if int(day[:4]) in years}))


def _number(iso: str) -> int:
    return int(iso.replace("-", ""))

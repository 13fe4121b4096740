"""Rules of services: who needs what on a day, and who does not get it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from fractions import Fraction

from tests.second.places import seed
from tests.second.rows import Row

LOW = Fraction(9, 10)


def _least(name: str, least: int) -> Callable[[Row], bool]:
    return lambda row: row[name] is not None and row[name] >= least


def _absences_rise(row: Row) -> bool:
    share, change = row["last_month_attendance_share"], row["attendance_change"]
    return share is not None and change is not None and share <= LOW and change < 0


RULES: dict[str, Callable[[Row], bool]] = {
    "absences_rising": _absences_rise,
    "long_absence": _least("absence_days", 31),
    "failed_areas": _least("n_failed_areas", 2),
    "over_age": _least("over_age_years", 2),
    "disability": lambda row: row["has_disability"],
    "own_language": lambda row: row["speaks_indigenous_language"],
    "no_document": lambda row: not row["has_validated_dni"],
    "poverty": _least("poverty_class", 1),
    "school_meals": lambda row: row["level"] == "B0" and row["is_public_school"] is True,
}
RECEIVED = {"EIB": "is_bilingual_school", "JUNTOS": "receives_transfer", "ALIMENTACION": "has_school_feeding"}


def needs(row: Row, this_year: set[str]) -> dict[str, bool]:
    """Return the services that a pupil needs on its date, each with whether it is not received."""
    found = {}
    for one in services(row["as_of_date"]):
        if RULES[one["need"]](row):
            code = one["support_code"]
            found[code] = not (row[RECEIVED[code]] if code in RECEIVED else code in this_year)
    return found


def services(date: dt.date) -> list[Row]:
    """Return the services of the catalog on a day, protection left out."""
    return [
        row
        for row in _CATALOG
        if row["domain"] != "protection" and row["valid_from"] <= date.isoformat() < row["valid_until"]
    ]


_CATALOG = seed("services")

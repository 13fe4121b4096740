"""Attendance: the months that are known, and what they come to."""

from __future__ import annotations

import calendar
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from tests.second.arithmetic import SHARE, less, ratio, rounded
from tests.second.days import Day
from tests.second.rows import Row, service

CLOSED_YEARS = (2020, 2021)  # schools were closed: attendance meant another thing
LOW = Fraction(9, 10)


@dataclass(frozen=True)
class Month:
    """A month of one child of which attendance is known."""

    month: int
    days_open: int
    justified: int
    unjustified: int
    late: int | None

    @property
    def absent(self) -> int:
        return self.justified + self.unjustified

    @property
    def share(self) -> Fraction:
        return Fraction(self.days_open - self.absent, self.days_open)

    @property
    def is_low(self) -> bool:
        return self.share <= LOW


Months = list[Month]


def known(day: Day, year: int) -> dict[int, Months]:
    """Return the months of a year that are known of each child, in order; none of the years of closed schools."""
    if year in CLOSED_YEARS:
        return {}
    rows = (row for row in day.of_years("siagie_attendance", year, year) if row["child_key"] is not None)
    newest = day.newest(rows, lambda row: (row["child_key"], row["mes"], service(row)))
    told: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for (key, month, _), row in newest.items():
        if row["dias_abiertos"] and row["faltas_justificadas"] is not None and row["faltas_injustificadas"] is not None:
            told[day.child(key), month].append(row)
    children: dict[int, Months] = defaultdict(list)
    for (child, month), of_schools in sorted(told.items()):
        children[child].append(_together(year, month, of_schools))
    return children


def _together(year: int, month: int, told: list[Row]) -> Month:
    """Add up what schools, or keys of the child, tell of one month, unless they tell of the same days."""
    if sum(row["dias_abiertos"] for row in told) > _weekdays(year, month):
        told = [max(told, key=_open_most)]
    late = [row["tardanzas"] for row in told if row["tardanzas"] is not None]
    days = (
        sum(row[name] for row in told) for name in ("dias_abiertos", "faltas_justificadas", "faltas_injustificadas")
    )
    return Month(month, *days, sum(late) if late else None)


def _open_most(row: Row) -> tuple[int, int, int, int]:
    """Order schools that tell of the same days: the one open on more of them counts, of equals the one with more absences."""
    unjustified = row["faltas_injustificadas"]
    return row["dias_abiertos"], row["faltas_justificadas"] + unjustified, unjustified, row["tardanzas"] or 0


@cache
def _weekdays(year: int, month: int) -> int:
    return sum(calendar.weekday(year, month, day) < 5 for day in range(1, calendar.monthrange(year, month)[1] + 1))


def sums(months: Months) -> tuple[int, int]:
    """Return days open and days absent."""
    return sum(month.days_open for month in months), sum(month.absent for month in months)


def share(months: Months) -> Fraction | None:
    days_open, absent = sums(months)
    return ratio(days_open - absent, days_open)


def features(months: Months, last_year: Months, classmates: tuple[int, int]) -> Row:
    """Return what this year's months and last year's say; `classmates` are their days open and days absent."""
    own, before = rounded(share(months), SHARE), rounded(share(last_year), SHARE)
    of_class = rounded(ratio(classmates[0] - classmates[1], classmates[0]), SHARE)
    late = [month.late for month in months if month.late is not None]
    last = rounded(months[-1].share, SHARE) if months else None
    return {
        "attendance_share": own,
        "last_month_attendance_share": last,
        "attendance_change": less(last, rounded(share(months[:-1]), SHARE)),
        "absence_days": sums(months)[1] if months else None,
        "unjustified_absence_days": sum(month.unjustified for month in months) if months else None,
        "late_days": sum(late) if late else None,
        "n_low_attendance_months": sum(month.is_low for month in months) if months else None,
        "longest_low_run_months": _longest_run(months) if months else None,
        "worst_month_attendance_share": rounded(min((month.share for month in months), default=None), SHARE),
        "absence_days_slope": rounded(_slope(months), SHARE),
        "class_attendance_gap": less(own, of_class),
        "last_year_attendance_share": before,
        "own_past_attendance_gap": less(own, before),
        "lacks_attendance": own is None,
        "n_attendance_months": len(months),
    }


def _longest_run(months: Months) -> int:
    longest = run = 0
    for month in months:
        run = run + 1 if month.is_low else 0
        longest = max(longest, run)
    return longest


def _slope(months: Months) -> Fraction | None:
    if len(months) < 2:
        return None
    mean_month = Fraction(sum(month.month for month in months), len(months))
    mean_absent = Fraction(sum(month.absent for month in months), len(months))
    above = sum((month.month - mean_month) * (month.absent - mean_absent) for month in months)
    return Fraction(above) / sum((month.month - mean_month) ** 2 for month in months)

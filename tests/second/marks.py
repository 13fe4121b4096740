"""Marks: the last period known, and the one before."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from tests.second.arithmetic import SHARE, less, ratio, rounded
from tests.second.days import Day
from tests.second.rows import Row, service, text

FIRST_GRADE = 4  # of primary
POINTS = {"C": 1, "B": 2, "A": 3, "AD": 4, "AA": 3}
Areas = dict[str, list[int]]


@dataclass(frozen=True)
class Period:
    """A period of one child of which marks are known: the points of each area."""

    year: int
    half: str
    areas: Areas

    @property
    def marks(self) -> list[int]:
        return [points for area in self.areas.values() for points in area]

    @property
    def mean(self) -> Fraction | None:
        return rounded(ratio(sum(self.marks), len(self.marks)), SHARE)

    @property
    def failed(self) -> list[str]:
        return [name for name, area in self.areas.items() if 2 * area.count(1) > len(area)]


@cache
def points(mark: str | None) -> int | None:
    """Return the points of a mark: a letter, however carelessly written, or a number from 0 to 20."""
    written = (text(mark) or "").replace(" ", "")
    if re.fullmatch(r"\d+(\.\d+)?", written):
        number = Fraction(written)
        return 1 + sum(number >= least for least in (11, 14, 18)) if number <= 20 else None
    return POINTS.get(written)


def known(day: Day) -> dict[int, list[Period]]:
    """Return the periods of this year and the last that are known of each child, the newest first."""
    rows = (row for row in day.of_years("siagie_grades", day.year - 1, day.year) if row["child_key"] is not None)
    newest = day.newest(
        rows,
        lambda row: (
            row["child_key"],
            row["id_anio"],
            text(row["periodo"]),
            text(row["area"]),
            service(row),
        ),
    )
    told: dict[tuple[int, int, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for (key, year, half, area, _), row in newest.items():
        if _points(row):
            told[day.child(key), year, half][area].append(row)
    children: dict[int, list[Period]] = defaultdict(list)
    for (child, year, half), areas in sorted(told.items(), reverse=True):
        last = {area: _points(max(schools, key=lambda row: row["told"])) for area, schools in areas.items()}
        children[child].append(Period(year, half, last))
    return children


def _points(row: Row) -> list[int]:
    found = (points(row[name]) for name in ("nl_c1", "nl_c2", "nl_c3"))
    return [one for one in found if one is not None]


def features(day: Day, periods: list[Period], classmates: tuple[int, int]) -> Row:
    """Return what the last period says; `classmates` are the sum of their points and their competences with a mark."""
    last = periods[0] if periods else None
    before = periods[1] if len(periods) > 1 else None
    return (
        _of_last(day, last)
        | _changes(last, before)
        | {
            "class_mark_points_gap": less(last.mean if last else None, rounded(ratio(*classmates), SHARE)),
            "lacks_marks": last is None,
        }
    )


def _of_last(day: Day, last: Period | None) -> Row:
    names = (
        "n_areas n_failed_areas mean_mark_points lowest_mark_share are_marks_of_this_year has_failed_mathematics "
        "has_failed_communication worst_area_points area_points_range"
    ).split()
    if last is None:
        return dict.fromkeys(names)
    means = [rounded(Fraction(sum(area), len(area)), SHARE) for area in last.areas.values()]
    return dict(zip(names, [
        len(last.areas),
        len(last.failed),
        last.mean,
        rounded(ratio(last.marks.count(1), len(last.marks)), SHARE),
        last.year == day.year,
        "MATEMATICA" in last.failed,
        "COMUNICACION" in last.failed,
        min(means),
        max(means) - min(means),
    ], strict=True))  # fmt: skip


def promotion(day: Day, grade: int | None, periods: list[Period]) -> Row:
    """Return what the norm says of promotion: 1st of primary promotes everybody, and every grade in 2020 and 2021."""
    is_guided = day.year in (2020, 2021) and (day.date.month, day.date.day) >= (10, 31)
    is_automatic = grade == FIRST_GRADE or is_guided
    this_year = periods[0] if periods and periods[0].year == day.year else None
    counting = 0 if is_automatic else None if this_year is None else len(this_year.failed)
    return {"is_promotion_automatic": is_automatic, "n_counting_failed_areas": counting}


def _changes(last: Period | None, before: Period | None) -> Row:
    if last is None or before is None:
        return dict.fromkeys(["mean_mark_points_change", "n_failed_areas_change", "earlier_failed_areas"])
    return {
        "mean_mark_points_change": less(last.mean, before.mean),
        "n_failed_areas_change": len(last.failed) - len(before.failed),
        "earlier_failed_areas": len(before.failed),
    }

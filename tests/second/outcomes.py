"""Outcomes: when labels are final, and what they say."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tests.second import enrollments
from tests.second.days import Day
from tests.second.enrollments import LAST_GRADE, MOVED_ON, TO_RECOVER, Enrollment
from tests.second.rows import Raw, Row, service, text

EBR_LEVELS = ("A", "B", "F")


@dataclass(frozen=True)
class Label:
    """What is said of one outcome of a child and date."""

    label: bool | None
    status: str
    is_in_rate: bool


PROVISIONAL = Label(None, "provisional", False)


class LabelDays:
    """The days from which the labels of each year are final; none where that is not yet so."""

    def __init__(self, raw: Raw) -> None:
        self.raw = raw
        self.deliveries: dict[int, dict[dt.date, dt.date]] = defaultdict(dict)
        for row in raw.tables["siagie_enrollments"]:
            self.deliveries[row["id_anio"]][_counts_from(row)] = row["_delivered_at"]

    def left_school(self, year: int) -> dt.date | None:
        """Return the first day from the first delivery of the next year of 30 November or later on which nearly all have told."""
        rows = self.raw.by_year["siagie_enrollments", year + 1]
        return self._first(
            year + 1, dt.date(year + 1, 11, 30), _schools(self.raw.by_year["siagie_enrollments", year]), rows
        )

    def failed(self, year: int) -> dt.date | None:
        """Return the same of recovery results; the day of the other labels where none came."""
        from_march = dt.date(year + 1, 3, 1)
        rows = self.raw.by_year["siagie_enrollments", year]
        awaiting = [
            row for row in rows if row["_delivered_at"] < from_march and text(row["situacion_final"]) == TO_RECOVER
        ]
        after = [row for row in rows if row["_delivered_at"] >= from_march]
        return self._first(year, from_march, _schools(awaiting), after) or self.left_school(year)

    def _first(self, year: int, needed_from: dt.date, expected: list[set[str]], rows: list[Row]) -> dt.date | None:
        days = sorted(day for day in self.deliveries[year] if day <= self.raw.today)
        needed = [day for day in days if self.deliveries[year][day] >= needed_from]
        for day in days:
            told = {service(row) for row in rows if _counts_from(row) <= day}
            if needed and day >= needed[0] and all(_nearly_all(schools & told, schools) for schools in expected):
                return day
        return None


def _schools(rows: Iterable[Row]) -> list[set[str]]:
    """Return the schools of which rows tell, those of each region together; those of none only where all are of none."""
    regions: dict[str, str] = {}
    for row in rows:
        regions[service(row)] = max(regions.get(service(row), ""), row["_region"] or "")
    named = set(regions.values()) - {""} or set(regions.values())
    return [{name for name, of in regions.items() if of == region} for region in named]


def _nearly_all(told: set[str], schools: set[str]) -> bool:
    """Tell whether 80% have told or, of few schools, all but two and at least half."""
    few = len(told) >= len(schools) - 2 and 2 * len(told) >= len(schools)
    return 10 * len(told) >= 8 * len(schools) or few


def _counts_from(row: Row) -> dt.date:
    """Return the day from which a row's file counts, be it replaced later."""
    starts = [start for start, end in row["spans"] if start < end]
    return max([row["_delivered_at"], *starts[:1]])


class Labels:
    """The outcomes of one school year's pupils, of whatever date in it."""

    def __init__(self, raw: Raw, days: LabelDays, year: int) -> None:
        self.year = year
        self.left = _Told(raw, days.left_school(year), year)
        self.failed = _Told(raw, days.failed(year), year)

    def of(self, child: int, unmet_need: bool) -> dict[str, Label]:
        return {
            "interruption": self._interruption(child),
            "ebr_exit": self._ebr_exit(child),
            "repetition": self._repetition(child),
            "unmet_need": Label(unmet_need, "final", True),
        }

    def _interruption(self, child: int) -> Label:
        told = self.left
        if told.date is None:
            return PROVISIONAL
        if not told.of_year(child, self.year):
            return Label(None, "censored", False)
        goes_on, is_in_rate = told.goes_on(child), not told.died(child) and not told.finished(child)
        if (told.died(child) or told.moved_abroad(child)) and not goes_on:
            return Label(None, "censored", is_in_rate)
        return Label(not goes_on and not told.finished(child), "final", is_in_rate)

    def _ebr_exit(self, child: int) -> Label:
        told = self.left
        if told.date is None:
            return PROVISIONAL
        if not told.of_year(child, self.year) or told.died(child) or told.finished(child):
            return Label(None, "censored", False)
        return Label(not any(level.startswith(EBR_LEVELS) for level in told.levels_after(child)), "final", True)

    def _repetition(self, child: int) -> Label:
        if self.failed.date is None:
            return PROVISIONAL
        last = enrollments.last_of_year(self.failed.of_year(child, self.year))
        if last is None or not (last.passed or last.failed):
            return Label(None, "censored", False)
        return Label(last.failed, "final", True)


class _Told:
    """What was known of a year and the one after on the day on which its labels became final."""

    def __init__(self, raw: Raw, date: dt.date | None, year: int) -> None:
        self.date, self.year = date, year
        self.day = Day(raw, date or dt.date.min)
        self.enrollments = enrollments.known(self.day, year, year + 1)
        self.alternative = enrollments.alternative(self.day)

    def of_year(self, child: int, year: int) -> list[Enrollment]:
        return enrollments.of_year(self.enrollments.get(self.day.child(child), []), year)

    def died(self, child: int) -> bool:
        """Tell whether the child died; who is enrolled in the year after did not, whatever was written."""
        return any(one.died for one in self.of_year(child, self.year)) and not self.goes_on(child)

    def moved_abroad(self, child: int) -> bool:
        return any(one.moved_abroad for one in self.of_year(child, self.year))

    def finished(self, child: int) -> bool:
        """Tell whether the child passed the last grade of secondary, at one school of the year or more."""
        stayed = [one for one in self.of_year(child, self.year) if one.state != MOVED_ON]
        return any(one.grade == LAST_GRADE and one.passed for one in stayed)

    def levels_after(self, child: int) -> list[str]:
        return [one.level or "" for one in self.of_year(child, self.year + 1)]

    def goes_on(self, child: int) -> bool:
        """Tell whether the child is enrolled anywhere in the year after."""
        in_alternative = self.year + 1 in self.alternative.get(self.day.child(child), set())
        return in_alternative or bool(self.of_year(child, self.year + 1))

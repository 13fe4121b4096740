"""Every feature of every pupil on a day."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from fractions import Fraction

from tests.second import attendance, enrollments, household, marks
from tests.second.arithmetic import MEAN, SHARE, ratio, rounded
from tests.second.attendance import Months
from tests.second.days import Day
from tests.second.enrollments import Enrollment
from tests.second.places import Schools
from tests.second.rows import Raw, Row
from tests.second.support import Supports, Work

ATTENDANCE = "siagie_progress.siagie_attendance"


class Pupils:
    """The pupils of one day: `features` has a row of each, by child."""

    def __init__(self, raw: Raw, date: dt.date) -> None:
        self.day = Day(raw, date)
        self.enrollments = enrollments.known(self.day, last=date.year)
        self.pupils = enrollments.pupils(self.day, self.enrollments)
        self.alternative = enrollments.alternative(self.day)
        self.schools, self.households = Schools(self.day), household.Households(self.day)
        self.supports, self.work = Supports(self.day), Work(self.day)
        self.months = attendance.known(self.day, date.year)
        self.last_year = attendance.known(self.day, date.year - 1)
        self.periods = marks.known(self.day)
        self.features = {child: self._own(one) for child, one in self.pupils.items()}
        self._add_peers()

    def _own(self, one: Enrollment) -> Row:
        """Return what concerns the child alone."""
        child, years = one.child, self.alternative.get(one.child, set())
        who = enrollments.identity(self.day, one)
        ugel = self.schools.ugel(one.service)
        found = {
            "child_key": child, "as_of_date": self.day.date, "school_year": self.day.year, "service_code": one.service,
            "level": one.level, "ugel_code": ugel, "department_code": ugel[:2] if ugel else None,
            "n_withheld_months": self._withheld_months(ugel),
        }  # fmt: skip
        home = self.households.home_district(child)
        return (
            found
            | who
            | enrollments.progression(self.day, one, self.enrollments[child], years, self.schools.buildings)
            | self.schools.features(one.service, one.level or "", who["speaks_indigenous_language"], home)
            | self.households.features(child)
            | self.supports.features(child)
            | self.work.features(one)
        )

    def is_in_alternative(self, child: int, year: int) -> bool:
        return year in self.alternative.get(child, set())

    def _withheld_months(self, ugel: str | None) -> int:
        """Count the monthly files of this year from which the region of the school is withheld."""
        region = ugel[:2] if ugel else None
        periods = {
            row["period"]
            for row in self.day.table("withheld")
            if row["source"] == ATTENDANCE and row["region"] == region and row["period"].startswith(str(self.day.year))
            and row["known_at"] <= self.day.date and (row["resolved_at"] is None or self.day.date < row["resolved_at"])
        }  # fmt: skip
        return len(periods)

    def _add_peers(self) -> None:
        """Add what needs other pupils: classmates first, for schoolmates and siblings are told by the results."""
        of_class = self._grouped(lambda one: (one.service, one.grade, one.section))
        for child, one in self.pupils.items():
            others = [
                other for other in of_class[one.service, one.grade, one.section] if other != child and one.section
            ]
            self.features[child] |= self._attendance(child, others) | self._marks(child, others)
            self.features[child] |= marks.promotion(self.day, one.grade, self.periods.get(child, []))
        of_school = self._grouped(lambda one: one.service)
        of_guardian = self._grouped(lambda one: one.row["guardian_key"])
        withdrawn = household.withdrawn(self.day, self.enrollments)
        most = self._most_months()
        for child, one in self.pupils.items():
            row, guardian = self.features[child], one.row["guardian_key"]
            row |= _schoolmates([self.features[other] for other in of_school[one.service] if other != child])
            siblings = [
                self.features[other] for other in of_guardian[guardian] if other != child and guardian is not None
            ]
            row |= {
                "n_siblings": len(siblings),
                "siblings_absence_days": _mean(sibling["absence_days"] for sibling in siblings),
                "n_siblings_withdrawn": len(withdrawn.get(guardian, set()) - {child}),
                "n_missing_months": max(most[row["ugel_code"]] - row["n_attendance_months"], 0)
                if row["ugel_code"]
                else 0,
            }

    def _grouped(self, key: Callable[[Enrollment], Hashable]) -> dict[Hashable, list[int]]:
        groups: dict[Hashable, list[int]] = defaultdict(list)
        for child, one in self.pupils.items():
            groups[key(one)].append(child)
        return groups

    def _months_of(self, child: int) -> Months:
        return self.months.get(child, [])

    def _attendance(self, child: int, others: list[int]) -> Row:
        of_others = [month for other in others for month in self._months_of(other)]
        return attendance.features(self._months_of(child), self.last_year.get(child, []), attendance.sums(of_others))

    def _marks(self, child: int, others: list[int]) -> Row:
        of_others = [mark for other in others if other in self.periods for mark in self.periods[other][0].marks]
        return marks.features(self.day, self.periods.get(child, []), (sum(of_others), len(of_others)))

    def _most_months(self) -> dict[str | None, int]:
        most: dict[str | None, int] = defaultdict(int)
        for row in self.features.values():
            most[row["ugel_code"]] = max(most[row["ugel_code"]], row["n_attendance_months"])
        return most


def _mean(values: Iterable[int | None]) -> Fraction | None:
    known = [value for value in values if value is not None]
    return rounded(ratio(sum(known), len(known)), MEAN)


def _schoolmates(others: list[Row]) -> Row:
    def share(holds: Callable[[Row], bool]) -> Fraction | None:
        return rounded(ratio(sum(map(holds, others)), len(others)), SHARE)

    return {
        "schoolmates_absence_days": _mean(other["absence_days"] for other in others),
        "schoolmates_failed_areas": _mean(other["n_failed_areas"] for other in others),
        "schoolmates_over_age_share": share(
            lambda other: other["over_age_years"] is not None and other["over_age_years"] >= 2
        ),
        "schoolmates_moved_share": share(lambda other: other["n_moves_this_year"] > 0 or other["is_in_transit"]),
        "schoolmates_indigenous_share": share(lambda other: other["speaks_indigenous_language"]),
    }

"""Indicators: every cell before disclosure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterator

from tests.second.features import Pupils
from tests.second.needs import LOW, needs
from tests.second.outcomes import Labels
from tests.second.rows import Row

NATION = "00"
Cell = tuple[int, str, str | None, str, str]
Counts = dict[Cell, tuple[int, int]]


TRAITS: dict[str, Callable[[Row], str]] = {
    "sex": lambda row: "mujer" if row["is_female"] else "varón",
    "language": lambda row: "originaria" if row["speaks_indigenous_language"] else "castellano",
    "area": lambda row: {None: "unknown", True: "rural", False: "urban"}[row["is_rural"]],
    "disability": lambda row: "con" if row["has_disability"] else "sin",
    "nationality": lambda row: "extranjera" if row["is_foreign"] else "peruana",
    "management": lambda row: {None: "unknown", True: "pública", False: "privada"}[row["is_public_school"]],
    "grade": lambda row: f"{row['grade']:02}",
}
OF_PLACES = ("sex", "language", "area")  # of the others a department's groups would be too small
NOT_BY_GROUP = "unmet_need"


class Cells:
    """Pupils and cases by school year, department, UGEL, level and indicator."""

    def __init__(self) -> None:
        self.found: dict[Cell, list[int]] = defaultdict(lambda: [0, 0])

    def add(self, row: Row, indicator: str, is_case: bool) -> None:
        self._add(row, indicator, is_case, True)

    def _add(self, row: Row, indicator: str, is_case: bool, in_places: bool) -> None:
        """Count a pupil in the nation, its department and its UGEL; nowhere where no register names its school."""
        department, ugel = row["department_code"], row["ugel_code"]
        if department is None:
            return
        for place in [(NATION, None), (department, None), (department, ugel)][: 3 if in_places else 1]:
            cell = self.found[row["school_year"], *place, row["level"], indicator]
            cell[0] += 1
            cell[1] += is_case

    def add_groups(self, row: Row, indicator: str, is_case: bool) -> None:
        """Add a pupil to each of its groups: by some traits everywhere, by the others in the nation only."""
        for trait, value_of in TRAITS.items():
            if indicator != NOT_BY_GROUP:
                self._add(row, f"{indicator} of {trait}={value_of(row)}", is_case, trait in OF_PLACES)

    @property
    def counts(self) -> Counts:
        return {key: (pupils, cases) for key, (pupils, cases) in self.found.items()}


def of_april(pupils: Pupils, labels: Labels) -> Iterator[tuple[Row, str, bool]]:
    """Tell of each pupil known on 30 April in which indicators it counts, and whether as a case."""
    for child, row in pupils.features.items():
        outcomes = labels.of(child, any(needs(row, pupils.supports.this_year(child)).values()))
        for name, one in outcomes.items():
            if one.is_in_rate:
                yield row, name, one.label is True
        if row["over_age_years"] is not None:
            yield row, "over_age", row["over_age_years"] >= 2


def of_october(pupils: Pupils) -> Iterator[tuple[Row, str, bool]]:
    """Tell the same of each pupil known on 31 October: low attendance, and each service that is needed."""
    for child, row in pupils.features.items():
        if row["attendance_share"] is not None:
            yield row, "low_attendance", row["attendance_share"] <= LOW
        for code, is_unmet in needs(row, pupils.supports.this_year(child)).items():
            yield row, code, is_unmet


def is_april(date: dt.date) -> bool:
    return (date.month, date.day) == (4, 30)


def is_october(date: dt.date) -> bool:
    return (date.month, date.day) == (10, 31)

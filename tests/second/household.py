"""The household: its class, its transfer, and who shares a guardian."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from tests.second.days import Day
from tests.second.enrollments import LEFT, Enrollment
from tests.second.rows import Row, text

CLASSES = {"NO POBRE": 0, "POBRE": 1, "POBRE EXTREMO": 2}


class Households:
    """Classifications and rolls as known on a day."""

    def __init__(self, day: Day) -> None:
        self.day = day
        rows = (row for row in day.table("midis_sisfoh") if row["child_key"] is not None)
        newest = day.newest(rows, lambda row: (day.child(row["child_key"]), row["fecha_clasificacion"]))
        self.classes: dict[int, list[Row]] = defaultdict(list)
        for child, date in sorted(newest, reverse=True):
            self.classes[child].append(newest[child, date])
        rolls = [row for row in day.table("midis_juntos") if row["child_key"] is not None]
        self.newest_roll = max((row["anio"] for row in day.known(rolls)), default=0)
        self.active: dict[int, set[int]] = defaultdict(set)
        for (key, year), row in day.newest(rolls, lambda row: (row["child_key"], row["anio"])).items():
            if text(row["estado"]) == "ACTIVO":  # under one key of the child or more
                self.active[day.child(key)].add(year)

    def home_district(self, child: int) -> str | None:
        found = self.classes.get(child)
        return text(found[0]["ubigeo"]) if found else None

    def features(self, child: int) -> Row:
        values = [CLASSES[text(row["clase"]) or ""] for row in self.classes.get(child, [])]
        poor = bool(values) and values[0] > 0
        years = _whole_years(self.classes[child][0]["fecha_clasificacion"], self.day.date) if values else None
        active = self.active.get(child, set())
        on_newest = self.newest_roll in active
        return {
            "poverty_class": values[0] if values else None,
            "poverty_class_change": values[0] - values[1] if len(values) > 1 else None,
            "class_age_years": years,
            "is_class_expired": years is not None and years >= 3,
            "lacks_household_class": not values,
            "receives_transfer": on_newest,
            "has_lost_transfer": self.newest_roll - 1 in active and not on_newest,
            "n_transfer_years": len(active),
            "is_poor_without_transfer": poor and not on_newest,
        }


def _whole_years(start: dt.date, end: dt.date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def withdrawn(day: Day, children: dict[int, list[Enrollment]]) -> dict[int, set[int]]:
    """Return the children of each guardian with an enrollment known as RETIRADO in this year or the two before."""
    found: dict[int, set[int]] = defaultdict(set)
    for child, all_years in children.items():
        for one in all_years:
            if one.state == LEFT and day.year - 2 <= one.year <= day.year and one.row["guardian_key"] is not None:
                found[one.row["guardian_key"]].add(child)
    return found

"""Work and support: what the child does, and what it received."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

from tests.second.days import Day
from tests.second.enrollments import Enrollment
from tests.second.rows import Row, text


class Supports:
    """Services received by each child, as known on a day: of a kind and day one counts."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.received: dict[int, set[tuple[dt.date, str]]] = defaultdict(set)
        rows = (row for row in day.table("minedu_services") if row["child_key"] is not None)
        for row in day.newest(rows, lambda row: (row["child_key"], text(row["servicio"]), row["fecha"])).values():
            if text(row["resultado"]) == "REALIZADO":
                self._receive(row["child_key"], row["fecha"], row["servicio"])
        told = list(day.known(day.table("feedback_case_events")))
        replaced = {(row["nino"], row["reemplaza"]) for row in told if row["reemplaza"]}
        for row in told:
            is_replaced = (row["nino"], row["numero_visita"]) in replaced
            if text(row["estado"]) == "ATENDIDO" and not is_replaced:
                self._receive(row["nino"], row["fecha"], row["servicio"])

    def _receive(self, key: int, date: dt.date, name: str | None) -> None:
        if text(name) and date <= self.day.date:
            self.received[self.day.child(key)].add((date, text(name) or ""))

    def this_year(self, child: int) -> set[str]:
        return {name for date, name in self.received.get(child, set()) if date.year == self.day.year}

    def features(self, child: int) -> Row:
        received, this_year = self.received.get(child, set()), self.this_year(child)
        dates = [date for date, _ in received]
        return {
            "n_supports_this_year": sum(date.year == self.day.year for date in dates),
            "n_supports_last_year": sum(date.year == self.day.year - 1 for date in dates),
            "n_supports_ever": len(dates),
            "n_support_kinds": len({name for _, name in received}),
            "has_tutor_contact": "TUTOR" in this_year,
            "has_home_visit": "VISITA" in this_year,
            "has_remedial_lessons": "REFUERZO" in this_year,
            "days_since_support": (self.day.date - max(dates)).days if dates else None,
        }


class Work:
    """Hours of work that the surveys found, as known on a day."""

    def __init__(self, day: Day) -> None:
        self.day = day
        self.surveys: dict[int, dict[int, int]] = defaultdict(dict)
        rows = (row for row in day.table("mtpe_child_work") if row["child_key"] is not None)
        for (key, year), row in day.newest(rows, lambda row: (row["child_key"], row["anio"])).items():
            surveys = self.surveys[day.child(key)]  # surveyed under two keys in one year, the more hours count
            surveys[year] = max(surveys.get(year, 0), row["horas_semanales"] or 0)

    def features(self, one: Enrollment) -> Row:
        surveys = self.surveys.get(one.child, {})
        recent = [year for year in surveys if year in (self.day.year, self.day.year - 1)]
        declared = one.row["horas_semanales_trabajo"] or 0
        hours = max(declared, surveys[max(recent)] if recent else 0)
        return {
            "weekly_work_hours": hours,
            "is_working": hours > 0,
            "has_risky_work_hours": hours >= 15,
            "is_work_surveyed": bool(recent),
            "declares_work": declared > 0,
            "work_hours_change": hours
            - max((found for year, found in surveys.items() if year < self.day.year), default=0),
            "n_surveyed_work_years": len(surveys),
        }

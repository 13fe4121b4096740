"""Enrollments: which one counts, who is a pupil, and the way through the grades."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from tests.second.days import Day
from tests.second.rows import YES, Row, service, text

PRIMARY, SECONDARY = "B0", "F0"
DIED, LEFT, MOVED_ON = "FALLECIDO", "RETIRADO", "TRASLADADO"
EXITS = (DIED, LEFT)
RETURNS = ("REENTRANTE", "REINGRESANTE")
PASSED, FAILED, TO_RECOVER, POSTPONED = (
    ("APROBADO", "PROMOCION GUIADA"),
    "DESAPROBADO",
    "REQUIERE RECUPERACION",
    "POSTERGACION",
)
LAST_GRADE = 14
NO_INDIGENOUS_LANGUAGE = {
    "CASTELLANO", "ESPAÑOL", "INGLES", "INGLÉS", "PORTUGUES", "PORTUGUÉS", "FRANCES", "FRANCÉS", "ITALIANO", "ALEMAN",
    "ALEMÁN", "CHINO", "JAPONES", "JAPONÉS", "COREANO", "RUSO", "LENGUA EXTRANJERA", "OTRA LENGUA EXTRANJERA",
    "LENGUA DE SEÑAS", "LENGUA DE SEÑAS PERUANA", "LENGUAJE DE SEÑAS",
}  # fmt: skip

SAYS_NONE = {
    "NINGUNA", "NINGUNO", "NO", "NO TIENE", "NO PRESENTA", "NO REGISTRA", "NO APLICA", "NO ESPECIFICA", "NO ESPECIFICADO",
    "SIN DISCAPACIDAD", "NINGUNA DISCAPACIDAD", "NO TIENE DISCAPACIDAD", "SIN DATO", "SIN DATOS", "SIN INFORMACION",
    "SIN INFORMACIÓN", "-", "N/A", "S/D",
}  # fmt: skip


@dataclass(frozen=True)
class Enrollment:
    """One enrollment as it was known."""

    child: int
    year: int
    service: str
    level: str | None
    grade: int
    section: str | None
    state: str | None
    entry: str | None
    result: str | None
    recovery: str | None
    enrolled: dt.date
    row: Row

    @property
    def order(self) -> tuple[Any, ...]:
        """Return when it was enrolled and registered, the greatest being the last; of equals the lesser code comes first."""
        reversed_code = tuple(-ord(sign) for sign in self.service)
        return self.enrolled, self.row["fecha_registro"], reversed_code, -self.row["child_key"]

    @property
    def moved_abroad(self) -> bool:
        return text(self.row["justificacion_retiro"]) == "VIAJE AL EXTRANJERO"

    @property
    def failed(self) -> bool:
        return self.result == FAILED or (self.result == TO_RECOVER and self.recovery == FAILED)

    @property
    def passed(self) -> bool:
        return self.result in PASSED or (self.result == TO_RECOVER and self.recovery == PASSED[0])

    @property
    def died(self) -> bool:
        return DIED in (self.state, self.result)

    @property
    def withdrew(self) -> bool:
        """Tell whether it ended in a withdrawal: by state or result, with no other result and no move abroad."""
        has_other = self.passed or self.failed or self.died or self.result in (TO_RECOVER, POSTPONED)
        return LEFT in (self.state, self.result) and not has_other and not self.moved_abroad

    @property
    def result_rank(self) -> int:
        """Order the results of one day's enrollments: who was passed at one of two schools has passed."""
        is_so = [
            self.died,
            self.moved_abroad,
            self.withdrew,
            self.result == POSTPONED,
            self.result == TO_RECOVER,
            self.failed,
            self.passed,
        ]
        return max((rank for rank, holds in enumerate(is_so, 1) if holds), default=0)


def enrollment(row: Row, child: int) -> Enrollment:
    words = [
        text(row[name])
        for name in ("id_seccion", "estado_matricula", "situacion_matricula", "situacion_final", "sf_recuperacion")
    ]
    return Enrollment(
        child, row["id_anio"], service(row), text(row["id_nivel"]), row["id_grado"], *words, row["fecha_matricula"], row
    )


def known(day: Day, first: int = 0, last: int = 9999) -> dict[int, list[Enrollment]]:
    """Return each child's enrollments as they were known, those of all years unless years are named."""
    rows = (
        row
        for row in day.table("siagie_enrollments")
        if first <= row["id_anio"] <= last and row["child_key"] is not None
    )
    found = day.newest(rows, lambda row: (row["id_anio"], service(row), row["child_key"]))
    children: dict[int, list[Enrollment]] = defaultdict(list)
    for (_, _, key), row in found.items():
        child = day.child(key)
        children[child].append(enrollment(row, child))
    return children


def alternative(day: Day) -> dict[int, set[int]]:
    """Return the years in which each child was enrolled in alternative education."""
    years: dict[int, set[int]] = defaultdict(set)
    rows = (row for row in day.table("eba_enrollments") if row["child_key"] is not None)
    for year, child in day.newest(rows, lambda row: (row["id_anio"], day.child(row["child_key"]))):
        years[child].add(year)
    return years


def counting(found: list[Enrollment]) -> Enrollment:
    """Return the enrollment of the child's school, of those of one year."""
    ranks = {DIED: 3, LEFT: 1, MOVED_ON: 0}
    return max(found, key=lambda one: (ranks.get(one.state or "", 2), one.order))


def last_of_year(found: list[Enrollment]) -> Enrollment | None:
    """Return the enrollment at the school enrolled at last, not left by transfer, of those of one year."""
    stayed = [one for one in found if one.state != MOVED_ON]
    return max(stayed, key=lambda one: (one.enrolled, one.result_rank, one.order)) if stayed else None


def of_year(found: list[Enrollment], year: int) -> list[Enrollment]:
    return [one for one in found if one.year == year]


def pupils(day: Day, children: dict[int, list[Enrollment]]) -> dict[int, Enrollment]:
    """Return the pupils of the day, each with the enrollment of its school."""
    found = {}
    for child, all_years in children.items():
        this_year = of_year(all_years, day.year)
        if this_year:
            one = counting(this_year)
            if one.state not in EXITS and one.level in (PRIMARY, SECONDARY):
                found[child] = one
    return found


def identity(day: Day, one: Enrollment) -> Row:
    row, born = one.row, one.row["fecha_nacimiento"]
    age = _age(born, dt.date(day.year, 3, 31))
    tongue, country, disability = (_word(row[f"dsc_{name}"]) for name in ("lengua", "pais", "discapacidad"))
    return {
        "grade": one.grade,
        "school_month": day.date.month,
        "age_years": age,
        "cohort_month": None if born is None else (born.month - 4) % 12,
        "is_female": text(row["sexo"]) == "M",
        "speaks_indigenous_language": tongue is not None and tongue not in NO_INDIGENOUS_LANGUAGE,
        "is_foreign": country is not None and country not in ("PERU", "PERÚ"),
        "has_disability": disability is not None,
        "has_validated_dni": text(row["validado_reniec"]) in YES,
        "was_registered_twice": one.child in day.registered_twice,
        "over_age_years": None if age is None else age - (one.grade + 2),
        "lacks_birth_date": born is None,
        "lacks_mother_tongue": tongue is None,
        "lacks_guardian": row["guardian_key"] is None,
        "is_guardian_unschooled": text(row["apoderado_escolaridad"]) == "SIN NIVEL",
    }


def _word(said: str | None) -> str | None:
    """Return what an open column tells; None where its word says that there is nothing to tell."""
    found = text(said)
    return None if found in SAYS_NONE else found


def _age(born: dt.date | None, on: dt.date) -> int | None:
    return None if born is None else on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def progression(
    day: Day, one: Enrollment, all_years: list[Enrollment], alternative_years: set[int], building: dict[str, str]
) -> Row:
    """Return the way through the grades; `building` names the building of each service that a register named."""
    this_year, last_year = of_year(all_years, day.year), last_of_year(of_year(all_years, day.year - 1))
    years = {found.year for found in all_years} | {year for year in alternative_years if year <= day.year}
    levels = {(found.level, building.get(found.service, found.service)) for found in all_years}
    delay = (min(found.enrolled for found in this_year) - dt.date(day.year, 3, 31)).days
    return {
        "is_first_of_secondary": one.grade == 10,
        "is_repeating": one.entry == "REPITE",
        "is_reentering": one.entry in RETURNS,
        "is_in_transit": all(found.state == MOVED_ON for found in this_year if found.state not in EXITS),
        "n_repetitions": len({found.year for found in all_years if found.entry == "REPITE"}),
        "n_reentries": len({found.year for found in all_years if found.entry in RETURNS}),
        "n_withdrawals": sum(_withdrew(of_year(all_years, year)) for year in {found.year for found in all_years}),
        "has_failed_last_year": last_year is not None and last_year.failed,
        "n_transfers": len(levels) - len({level for level, _ in levels}),
        "n_moves_this_year": len({building.get(found.service, found.service) for found in this_year}) - 1,
        "n_gap_years": day.year - min(years) + 1 - len(years),
        "enrollment_delay_days": max(delay, 0),
        "lacks_history": min(years) == day.year,
    }


def _withdrew(found: list[Enrollment]) -> bool:
    last = last_of_year(found)
    return last is not None and last.withdrew

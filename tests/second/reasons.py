"""Reasons: what a text says of a child, written again from what the raw rows say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from fractions import Fraction

from tests.second import enrollments
from tests.second.arithmetic import rounded
from tests.second.features import Pupils
from tests.second.needs import needs, services
from tests.second.places import seed
from tests.second.rows import Row

LONG_ABSENCE = "acumula {absent} días de falta este año, {unjustified} de ellos sin justificar"
UNREGISTERED = "estuvo matriculado el año pasado y este año no figura"
ONES = {
    "meses": "mes", "veces": "vez", "años": "año", "apoyos": "apoyo", "áreas": "área", "días": "día", "escuelas": "escuela",
    "estudiantes": "estudiante", "faltas": "falta", "hermanos": "hermano", "horas": "hora", "puntos": "punto",
}  # fmt: skip
TEXTS = {row["feature"]: row for row in seed("reason_texts")}
WORDS = seed("value_words")
NOT_SHOWN = ("base", "rest")  # terms of the score that are no observation


def contradiction(term: str, value: float | None, row: Row) -> str | None:
    """Say what contradicts a term's value, if anything does; `row` has the features that the raw rows tell."""
    if term in NOT_SHOWN:
        return None
    own = row[term]
    if (value is None) != (own is None):
        return f"{term} is {value}, and by the raw rows {own}"
    if value is not None and abs(float(own) - value) > 1e-9:
        return f"{term} is {value}, and by the raw rows {float(own)}"
    return None


def sentences(row: Row) -> set[str]:
    """Return everything that may be said of a child: a flag only where it is true."""
    return {text for feature in TEXTS if (text := _sentence(feature, row[feature])) is not None}


def _sentence(feature: str, value: bool | int | Fraction | None) -> str | None:
    unit, text = TEXTS[feature]["value_unit"], TEXTS[feature]["reason_text"]
    if value is None or (unit == "flag" and not value) or unit == "unsaid":
        return None
    return _singular(text.replace("{value}", _written(unit, Fraction(value))))


def _written(unit: str, value: Fraction) -> str:
    for span in WORDS:
        if span["value_unit"] == unit and Fraction(span["from_value"]) <= value < Fraction(span["until_value"]):
            return span["words"]
    if unit in ("percent", "points"):
        value *= 100
    found = rounded(value, 1 if unit == "decimal" else 0)
    assert found is not None
    return f"{float(found):.1f}" if unit == "decimal" else str(int(found))


def _singular(text: str) -> str:
    return re.sub(r"(?<![\d,])1 (\w+)", lambda found: f"1 {ONES.get(found[1], found[1])}", text)


def unfounded(said: str, row: Row) -> list[str]:
    """Return the parts of a reason's text that the raw rows do not bear out."""
    return sorted(set(said.split("; ")) - sentences(row))


def unfounded_service(code: str, need_text: str, pupils: Pupils, child: int) -> str | None:
    """Say why a suggested service should not be suggested, if so: it is not needed, or received."""
    row = pupils.features[child]
    if not needs(row, pupils.supports.this_year(child)).get(code):
        return f"{code} is not needed, or received"
    texts = {one["need_text"] for one in services(row["as_of_date"]) if one["support_code"] == code}
    return None if need_text in texts else f"{code} is told as {need_text}"


def unfounded_case(need: str, said: str, pupils: Pupils, child: int) -> str | None:
    """Say what contradicts that a child calls for a visit now, if anything does."""
    if need == "long_absence":
        row = pupils.features.get(child)
        return None if row is not None and said == _long_absence(row) else f"{said}: {row and row['absence_days']}"
    return "; ".join(_enrolled_or_gone(pupils, child)) or (None if said == UNREGISTERED else said)


def long_absences(pupils: Pupils) -> set[int]:
    return {
        child for child, row in pupils.features.items() if row["absence_days"] is not None and row["absence_days"] > 30
    }


def _long_absence(row: Row) -> str | None:
    if row["absence_days"] is None or row["absence_days"] <= 30:
        return None
    return LONG_ABSENCE.format(absent=row["absence_days"], unjustified=row["unjustified_absence_days"])


def _enrolled_or_gone(pupils: Pupils, child: int) -> Iterator[str]:
    year = pupils.day.year
    before = enrollments.of_year(pupils.enrollments.get(child, []), year - 1)
    last = enrollments.last_of_year(before)
    if enrollments.of_year(pupils.enrollments.get(child, []), year) or pupils.is_in_alternative(child, year):
        yield "is enrolled this year"
    if not before:
        yield "was not enrolled last year"
    if any(one.died or one.moved_abroad for one in before):
        yield "died or moved abroad"
    if last is not None and last.grade == enrollments.LAST_GRADE and last.passed:
        yield "finished secondary"
    if pupils.day.date <= dt.date(year, 4, 30):
        yield "is looked for before 30 April"

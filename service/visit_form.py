"""What a person typed into the form of a visit: checked field by field, and written as the contract wants it."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import date
from typing import Any, NamedTuple

from pydantic import BaseModel

from service import words
from warehouse import clock

FIRST_DAY = date(2018, 1, 1)
LONGEST_NOTE = 2000
LONGEST_WITH = 200
VISIT_AGAIN = "VISITAR"
COLUMNS = (
    "ANIO COD_UGEL NINO ASUNTO ESTADO FECHA SERVICIO MOTIVO NUMERO_VISITA RESULTADO OFRECIDOS ACEPTADOS RECHAZADOS "
    "PROXIMO_PASO PROXIMA_FECHA REEMPLAZA"
).split()
ANSWER_COLUMNS = {"OFRECIDO": "OFRECIDOS", "ACEPTADO": "ACEPTADOS", "RECHAZADO": "RECHAZADOS"}
Row = dict[str, Any]  # a line of a delivery, by the contract's columns
Rows = list[Row]


class Place(NamedTuple):
    """What each line of a delivery says: whose visit, where, which, and on which day of the home it is recorded."""

    child: str
    ugel: str | None
    number: str
    today: date


class VisitForm(BaseModel):
    """The form of a visit as it came; nothing of it is believed yet."""

    seal: str = ""
    number: str = ""  # drawn for the page: sent twice, it is one visit
    matter: str = ""
    outcome: str = ""
    on: str = ""
    note: str = ""
    with_whom: str = ""
    given: str = ""
    answer: list[str] = []  # SERVICE:ANSWER, once for each service
    dismissal: str = ""
    next_step: str = ""
    next_on: str = ""
    back: str = ""

    @property
    def answers(self) -> dict[str, str]:
        """The answers by service."""
        pairs = (one.partition(":") for one in self.answer if one)
        return {service: said for service, _, said in pairs}

    @property
    def day(self) -> date | None:
        """The day of the visit."""
        return _day(self.on)

    def errors(self, matters: Collection[str]) -> dict[str, str]:
        """Return by field the name of the text that says what is wrong.

        Args:
            matters: the child's cases, `matter:year`.
        """
        checks = {
            "matter": self.matter in matters,
            "outcome": self.outcome in words.outcomes(),
            "day": self.day is not None and FIRST_DAY <= self.day <= clock.today(),
            "given": self.given in ("", *words.supports()),
            "answer": _are_known(self.answers),
            "dismissal": self.dismissal in ("", *words.of_cases("dismissal")),
            "next_step": self.next_step in ("", *words.of_cases("next_step")),
            "next_on": not self.next_on or _is_later(self.next_on, self.day),
            "note": len(self.note) <= LONGEST_NOTE,
            "with_whom": len(self.with_whom) <= LONGEST_WITH,
        }
        return {field: f"wrong_{field}" for field, is_right in checks.items() if not is_right}


def _day(text: str) -> date | None:
    with suppress(ValueError):
        return date.fromisoformat(text)
    return None


def _is_later(text: str, begun: date | None) -> bool:
    day = _day(text)
    return day is not None and begun is not None and day >= begun


def _are_known(answers: dict[str, str]) -> bool:
    known = words.of_cases("answer")
    return all(service in words.supports() and said in known for service, said in answers.items())


def rows(form: VisitForm, place: Place, replaces: str = "") -> Rows:
    """Return the lines of a visit's delivery; a form without errors has been given.

    Args:
        form: what was typed.
        place: whose visit it is, and which; none is of a day after today.
        replaces: the number of the visit that it corrects.
    """
    outcome = words.outcomes()[form.outcome]
    day = min(form.day or place.today, place.today)
    row = line(form.matter, place, "DESCARTADO" if form.dismissal else outcome.case_state, day) | {
        "MOTIVO": form.dismissal or outcome.dismissed_reason or None,
        "RESULTADO": form.outcome,
        "REEMPLAZA": replaces or None,
    }
    row |= _said_of_services(form) | _next(form)
    return [row, line(form.matter, place, "ATENDIDO", day) | {"SERVICIO": form.given}] if form.given else [row]


def _said_of_services(form: VisitForm) -> Row:
    return {column: _answered(form.answers, said) for said, column in ANSWER_COLUMNS.items()}


def _next(form: VisitForm) -> Row:
    """Return what comes next; who says only when comes again."""
    step = form.next_step or (VISIT_AGAIN if form.next_on else "")
    return {"PROXIMO_PASO": step or None, "PROXIMA_FECHA": form.next_on or None}


def line(matter: str, place: Place, state: str, on: date) -> Row:
    """Return a line of a delivery that says nothing but the state, by the columns of the contract."""
    name, _, year = matter.partition(":")
    said: Row = dict.fromkeys(COLUMNS)
    return said | {
        "ANIO": int(year),
        "COD_UGEL": place.ugel,
        "NINO": int(place.child),
        "ASUNTO": name.upper(),
        "ESTADO": state,
        "FECHA": str(on),
        "NUMERO_VISITA": place.number,
    }


def _answered(answers: dict[str, str], said: str) -> str | None:
    return " ".join(sorted(service for service, one in answers.items() if one == said)) or None


def typed(row: Row) -> VisitForm:
    """Return the form that a visit was recorded with, without its words."""
    answer = [f"{service}:{said}" for said, column in ANSWER_COLUMNS.items() for service in (row[column] or "").split()]
    is_chosen = row["MOTIVO"] and row["MOTIVO"] != words.outcomes()[row["RESULTADO"]].dismissed_reason
    return VisitForm(
        matter=f"{row['ASUNTO'].lower()}:{row['ANIO']}",
        outcome=row["RESULTADO"],
        on=str(row["FECHA"]),
        answer=answer,
        dismissal=row["MOTIVO"] if is_chosen else "",
        next_step=row["PROXIMO_PASO"] or "",
        next_on=row["PROXIMA_FECHA"] or "",
    )

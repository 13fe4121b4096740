"""How paper says things, in Spanish unless asked otherwise: grades, days, weeks, and what became of a case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from warehouse import seeds
from warehouse.settings import read_yaml

SPANISH = "es"
Texts = dict[str, Any]  # by their names, as YAML has them
MONTHS = "enero febrero marzo abril mayo junio julio agosto setiembre octubre noviembre diciembre".split()
SHOWN_CONTACTS = 4
SMALL = {"de", "del", "la", "las", "los", "el", "y", "e", "en"}  # words of names without a capital


class Contact(NamedTuple):
    """A day on which something was done for a child, in words."""

    on: date
    text: str


class School(NamedTuple):
    """A school by name and place, as the register has them."""

    name: str | None
    district: str | None
    ugel: str | None


@cache
def texts(language: str = SPANISH) -> Texts:
    """Return the texts of paper; the boxes of a sheet are the outcomes that a visit can have."""
    said: Texts = _said(read_yaml(Path(__file__).with_name("texts.yml")), language)
    rows = sorted(seeds.rows("visit_outcomes"), key=lambda row: int(row["position"]))
    said["sheet"]["outcomes"] = [*(row[f"text_{language}"] for row in rows), said["sheet"]["other"]]
    return said


def _said(node: Texts, language: str) -> Any:  # noqa: ANN401  a text, or texts by name
    return node[language] if SPANISH in node else {name: _said(part, language) for name, part in node.items()}


@cache
def _grades() -> dict[int, str]:
    """Return code → name of all grades."""
    return {int(row["grade"]): row["grade_name"] for row in seeds.rows("grades")}


def grade(code: int | None) -> str:
    """Return a grade as people say it, such as «6.° de primaria»; empty where it is unknown."""
    return _grades().get(code, "") if code is not None else ""


def grade_and_section(code: int | None, section: str | None, language: str = SPANISH) -> str:
    """Return a grade with its section, such as «6.° de primaria, sección B»."""
    told = f"{texts(language)['sheet']['section']} {section}" if section else ""
    return ", ".join(filter(None, (grade(code), told)))


def day(on: date) -> str:
    """Return a day in words."""
    return f"{on.day} de {MONTHS[on.month - 1]} de {on.year}"


def week(monday: date) -> str:
    """Return a week in words, from its Monday to its Sunday."""
    sunday = monday + timedelta(days=6)
    month = "" if monday.month == sunday.month else f" de {MONTHS[monday.month - 1]}"
    year = "" if monday.year == sunday.year else f" de {monday.year}"
    return f"semana del {monday.day}{month}{year} al {day(sunday)}"


def titled(name: str | None) -> str:
    """Return a name that registers write in capitals as people write it, such as «San Juan de Lurigancho».

    One that has small letters stays as it is, and so does a word with a digit or a dot («I.E.»).
    """
    if not name or name != name.upper():
        return name or ""
    first, *others = map(_capitalized, name.split() or [""])
    return " ".join([first, *(word.lower() if word.lower() in SMALL else word for word in others)])


def _capitalized(word: str) -> str:
    return word if any(map(str.isdigit, word)) or "." in word else word.capitalize()


def ugel(name: str) -> str:
    """Return a UGEL by code and province, the province as people write it."""
    code, comma, province = name.partition(", ")
    return f"{code}{comma}{titled(province)}"


def school(code: str, register: School | None, language: str = SPANISH) -> str:
    """Return a school by name and district; by its code where the register names none."""
    said = texts(language)["sheet"]
    if register is None or not register.name:
        return f"{said['unknown_school']} {code}"
    district = f", {said['district']} {titled(register.district)}" if register.district else ""
    return f"{register.name}{district} ({said['code']} {code})"


def contacts(cases: Sequence[Mapping[str, Any]], language: str = SPANISH) -> list[Contact]:
    """Return what was last done for a child, the newest first, from its published cases."""
    steps = texts(language)["steps"]
    done = {
        Contact(case[column], text) for case in cases for column, text in steps.items() if case.get(column) is not None
    }
    return sorted(done, key=lambda contact: (contact.on, contact.text), reverse=True)[:SHOWN_CONTACTS]


def reasons(text: str | None) -> list[str]:
    """Return the reasons of a list as sentences of their own."""
    return [f"{one[0].upper()}{one[1:]}." for one in (text or "").split("; ") if one]


def actions(first: str | None, services: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what to do: the list's action first, then services with who acts, each once.

    They are told in the words for tutors: a need that is not theirs to read stands on no paper that lies around.
    """
    known = [service["tutor_text"] for service in services]
    told = [first] if first and first not in known else []
    told += [f"{service['tutor_text']} ({service['who_acts']})" for service in services]
    return [f"{one[0].upper()}{one[1:]}." for one in dict.fromkeys(told)]

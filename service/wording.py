"""How pages say things: days, names of schools and places, what became of a year, how sure a score is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from service import words
from warehouse import numbers
from warehouse.paper.words import titled

VERSION = re.compile(r"\w+?-(?P<algorithm>.+)-(?P<day>\d{4}-\d{2}-\d{2})-\w+")
OVER_AGE = 2  # years (over_age_risk_years of the warehouse)


def said(name: str) -> str:
    """Return a phrase in the request's language."""
    return words.texts("wording")[name]


def months() -> list[str]:
    """Return the names of the months."""
    return said("months").split()


def marks() -> dict[str, str]:
    """Return what each letter of a mark means."""
    return words.of_kind("wording", "mark")


def long_day(day: date) -> str:
    """Return a day as people say it."""
    return said("long_day").format(day=day.day, month=months()[day.month - 1], year=day.year)


def month_name(day: date) -> str:
    """Return a day's month and year, as «abril de 2025»."""
    return said("month_of").format(month=months()[day.month - 1], year=day.year)


def short_day(day: date) -> str:
    """Return a day in figures."""
    return f"{day:%d/%m/%Y}"


def weekday(day: date) -> str:
    """Return the name of a day of the week."""
    return said("days").split()[day.weekday()]


def school(name: str | None, service_code: str | None) -> str:
    """Return a school by its name in the register; by its code where the register lacks it."""
    if not name:
        return said("school_code").format(code=service_code) if service_code else said("school_unknown")
    return said("school_number").format(name=titled(name)) if name[0].isdigit() else titled(name)


def attended(year: Mapping[str, Any]) -> str:
    """Say where a child was in a year: grade, school and section, as «5.° de primaria, I.E. …, sección B»."""
    parts = [year["grade_name"] or said("no_grade"), school(year["school_name"], year["service_code"])]
    return ", ".join([*parts, said("section").format(name=year["section"])] if year["section"] else parts)


def over_age(years: int | None) -> str:
    """Say the years by which a child is older than its grade's age, from two on: one is none of its own."""
    return said("over_age").format(n=years) if years and years >= OVER_AGE else ""


def record(text: str) -> str:
    """Say which record a suggestion follows from: «asistencia: faltó …» is «el registro de asistencia: faltó …»."""
    source, colon, what = text.partition(": ")
    source = said("marks_of").format(source=source) if source.startswith("notas") else source
    return f"{words.of_kind('wording', 'source').get(source, source)}{colon}{what}."


def count(texts: Mapping[str, str], name: str, n: int, **more: object) -> str:
    """Return a text of one thing or of many (`name.one`, `name.many`), with how many there are."""
    return texts[f"{name}.{'one' if n == 1 else 'many'}"].format(n=n, **more)


def period(row: Mapping[str, Any]) -> str:
    """Return a period of marks in words."""
    return words.of_kind("wording", "period").get(row["period"], "{year}").format(year=row["school_year"])


def sureness(listed: Mapping[str, Any]) -> str:
    """Say how sure the place on the list is: a probability in words and figures, or why there is none."""
    if listed["probability"] is None:
        return said("by_rule" if listed["model_version"].startswith("rule:") else "withheld")
    percent = numbers.percent(listed["probability"], digits=0)
    return said("sure").format(told=listed["probability_text"], percent=percent)


def model(version: str) -> str:
    """Say what ranked: an algorithm and the day of its version, or a rule by its name."""
    if version.startswith("rule:"):
        return said("rule").format(name=version.removeprefix("rule:"))
    found = VERSION.fullmatch(version)
    if not found:
        return version
    algorithm = words.of_kind("wording", "algorithm").get(found["algorithm"], found["algorithm"])
    return said("version").format(algorithm=algorithm, day=short_day(date.fromisoformat(found["day"])))


def listed_since(listed: Mapping[str, Any]) -> date:
    """Return the date of the first list of the year with the child."""
    since: date = listed["as_of_date"] - timedelta(days=listed["days_since_listed"])
    return since


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning and a stop at its end."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""

"""How pages say things in Spanish: days, names of schools and places, what became of a year, how sure a score is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from service.forms import MONTHS
from warehouse import numbers
from warehouse.paper.words import titled

PERIODS = {"A": "primera mitad de {year}", "B": "fin de {year}"}
MARKS = {"AD": "logro destacado", "A": "logro esperado", "B": "en proceso", "C": "en inicio"}
ENTRIES = {
    "REPITE": "repite el grado",
    "REENTRANTE": "reingresó a la escuela",
    "REINGRESANTE": "reingresó a la escuela",
    "INGRESANTE": "ingresó por primera vez",
}
RESULTS = {
    "passed": "aprobó el año",
    "failed": "desaprobó el año",
    "in_recovery": "quedó en recuperación",
    "postponed": "postergó su evaluación",
    "transferred": "se trasladó a otra escuela durante el año",
    "withdrawn": "se retiró de la escuela",
    "emigrated": "viajó al extranjero",
    "deceased": "falleció",
}
ALGORITHMS = {"additive": "modelo aditivo", "logistic": "regresión logística", "boosting": "boosting con interacciones"}
VERSION = re.compile(r"\w+?-(?P<algorithm>.+)-(?P<day>\d{4}-\d{2}-\d{2})-\w+")
SOURCES = {
    "asistencia": "su registro de asistencia",
    "matrícula": "su matrícula",
    "padrón": "el padrón de escuelas",
    "servicios": "el registro de servicios",
    "hogar": "el registro de hogares",
}
OVER_AGE = 2  # years (over_age_risk_years of the warehouse)
WITHHELD = (
    "La probabilidad no se muestra: las que se estimaron para estudiantes como este no se cumplieron lo suficiente. "
    "El orden de la lista sí se comprobó."
)
BY_RULE = "Está en la lista por la regla vigente, que ordena a los estudiantes y no estima una probabilidad."


def long_day(day: date) -> str:
    """Return a day as people say it."""
    return f"{day.day} de {MONTHS[day.month - 1]} de {day.year}"


def school(name: str | None, service_code: str | None) -> str:
    """Return a school by its name in the register; by its code where the register lacks it."""
    if not name:
        return f"escuela de código {service_code}" if service_code else "escuela desconocida"
    return f"I.E. N.° {titled(name)}" if name[0].isdigit() else titled(name)


def attended(year: Mapping[str, Any]) -> str:
    """Say where a child was in a year: grade, school and section, as «5.° de primaria, I.E. …, sección B»."""
    parts = [year["grade_name"] or "grado sin registrar", school(year["school_name"], year["service_code"])]
    return ", ".join([*parts, f"sección {year['section']}"] if year["section"] else parts)


def over_age(years: int | None) -> str:
    """Say the years by which a child is older than its grade's age, from two on: one is none of its own."""
    return f"{years} años de extraedad" if years and years >= OVER_AGE else ""


def record(text: str) -> str:
    """Say which record a suggestion follows from: «asistencia: faltó …» is «el registro de asistencia: faltó …»."""
    source, colon, what = text.partition(": ")
    source = f"sus {source}" if source.startswith("notas") else source
    return f"{SOURCES.get(source, source)}{colon}{what}."


def count(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def period(row: Mapping[str, Any]) -> str:
    """Return a period of marks in words."""
    return PERIODS.get(row["period"], "{year}").format(year=row["school_year"])


def sureness(listed: Mapping[str, Any]) -> str:
    """Say how sure the place on the list is: a probability in words and figures, or why there is none."""
    if listed["probability"] is None:
        return BY_RULE if listed["model_version"].startswith("rule:") else WITHHELD
    percent = numbers.percent(listed["probability"], digits=0)
    told = listed["probability_text"]
    return f"De los estudiantes con registros como los suyos interrumpe sus estudios {told} ({percent})."


def model(version: str) -> str:
    """Say what ranked: an algorithm and the day of its version, or a rule by its name."""
    if version.startswith("rule:"):
        return f"regla «{version.removeprefix('rule:')}»"
    found = VERSION.fullmatch(version)
    if not found:
        return version
    algorithm = ALGORITHMS.get(found["algorithm"], found["algorithm"])
    return f"{algorithm} (versión del {date.fromisoformat(found['day']):%d/%m/%Y})"


def listed_since(listed: Mapping[str, Any]) -> date:
    """Return the date of the first list of the year with the child."""
    since: date = listed["as_of_date"] - timedelta(days=listed["days_since_listed"])
    return since


def sentence(text: str) -> str:
    """Return a text with a capital at its beginning and a stop at its end."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}." if text else ""

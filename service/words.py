"""Codes of cases with what people read of them, as the seeds of the dbt project have them; and texts of pages."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from service.language import CURRENT
from warehouse import seeds
from warehouse.settings import REPOSITORY, read_yaml

FOR_EVER = "9999-12-31"
PLAIN = str.maketrans("ÁÉÍÓÚÜ", "AEIOUU")
TEXTS = REPOSITORY / "service" / "texts"


class VisitOutcome(NamedTuple):
    """What may come of a visit, and the state of the case that it means."""

    text: str
    case_state: str
    dismissed_reason: str


def outcomes(language: str = "") -> dict[str, VisitOutcome]:
    """Return the outcomes of a visit by code, in the order of the form; in the request's language, or in another."""
    return _outcomes(language or CURRENT.get())


@cache
def _outcomes(language: str) -> dict[str, VisitOutcome]:
    rows = sorted(seeds.rows("visit_outcomes"), key=lambda row: int(row["position"]))
    return {
        row["outcome_code"]: VisitOutcome(row[f"text_{language}"], row["case_state"], row["dismissed_reason"])
        for row in rows
    }


def of_cases(kind: str, language: str = "") -> dict[str, str]:
    """Return words of cases by code: `state`, `dismissal`, `next_step`, `answer`, `office_state` or `linkage`."""
    return _of_cases(kind, language or CURRENT.get())


@cache
def _of_cases(kind: str, language: str) -> dict[str, str]:
    rows = [row for row in seeds.rows("case_words") if row["kind"] == kind]
    return {row["code"]: row[f"text_{language}"] for row in sorted(rows, key=lambda row: int(row["position"]))}


def case_reason(written: str | None, language: str = "") -> str:
    """Return why a case was opened: in words where the offices' word is known, else as they wrote it."""
    plain = (written or "").translate(PLAIN).strip()
    known = _case_reasons(language or CURRENT.get())
    return known.get(plain) or f"{written or ''}".strip().capitalize()


@cache
def _case_reasons(language: str) -> dict[str, str]:
    return {row["reason"]: row[f"text_{language}"] for row in seeds.rows("case_reasons")}


@cache
def supports() -> dict[str, str]:
    """Return the services of today that a page of education may name, by code."""
    rows = [row for row in seeds.rows("services") if row["valid_until"] == FOR_EVER and row["domain"] != "protection"]
    return {row["support_code"]: row["service_name"] for row in rows}


def texts(page: str, language: str = "") -> dict[str, str]:
    """Return the texts of a page by name, in the request's language or in another."""
    return _texts(page, language or CURRENT.get())


@cache
def _texts(page: str, language: str) -> dict[str, str]:
    said = read_yaml(TEXTS / f"{page}.yml")
    return {name: by_language[language] for name, by_language in said.items()}


def of_kind(page: str, kind: str) -> dict[str, str]:
    """Return the texts of a page whose names begin with a kind (`state.listado`), by what follows it."""
    begin = f"{kind}."
    return {name.removeprefix(begin): text for name, text in texts(page).items() if name.startswith(begin)}

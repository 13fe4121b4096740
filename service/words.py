"""Codes of cases with what people read of them, as the seeds of the dbt project have them; and texts of pages."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from warehouse import seeds
from warehouse.settings import REPOSITORY, read_yaml

LANGUAGE = "es"  # of all pages; the others stand beside it
FOR_EVER = "9999-12-31"
TEXTS = REPOSITORY / "service" / "texts"


class VisitOutcome(NamedTuple):
    """What may come of a visit, and the state of the case that it means."""

    text: str
    case_state: str
    dismissed_reason: str


@cache
def outcomes(language: str = LANGUAGE) -> dict[str, VisitOutcome]:
    """Return the outcomes of a visit by code, in the order of the form."""
    rows = sorted(seeds.rows("visit_outcomes"), key=lambda row: int(row["position"]))
    return {
        row["outcome_code"]: VisitOutcome(row[f"text_{language}"], row["case_state"], row["dismissed_reason"])
        for row in rows
    }


@cache
def of_cases(kind: str, language: str = LANGUAGE) -> dict[str, str]:
    """Return states (`state`), reasons (`dismissal`), next steps (`next_step`) or answers (`answer`) by code."""
    rows = [row for row in seeds.rows("case_words") if row["kind"] == kind]
    return {row["code"]: row[f"text_{language}"] for row in sorted(rows, key=lambda row: int(row["position"]))}


@cache
def supports() -> dict[str, str]:
    """Return the services of today that a page of education may name, by code."""
    rows = [row for row in seeds.rows("services") if row["valid_until"] == FOR_EVER and row["domain"] != "protection"]
    return {row["support_code"]: row["service_name"] for row in rows}


@cache
def texts(page: str, language: str = LANGUAGE) -> dict[str, str]:
    """Return the texts of a page by name."""
    said = read_yaml(TEXTS / f"{page}.yml")
    return {name: by_language[language] for name, by_language in said.items()}

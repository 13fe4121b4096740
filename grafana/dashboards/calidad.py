"""Calidad y frescura: which data there is, how old it is, and what is missing."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, page, rows

AUDIENCE = "officials"
TOPICS = ("topic_name", "is_available", "last_delivered_at", "missing_text")
SCHOOLS = (
    "district_name",
    "province_name",
    "level_name",
    "n_services",
    "n_public_services",
    "n_bilingual_services",
    "n_teachers",
)
MISSING = ("source", "period_start", "department_name", "withheld_on", "is_missing")
RECONCILED = ("school_year", "department_name", "level", "is_reconciled")


def make() -> Dashboard:
    """Return the dashboard."""
    return page(
        "calidad",
        [
            rows("available", Asked("availability", TOPICS, "topic_name", 50)),
            rows(
                "missing_periods",
                Asked("missing_periods", MISSING, "is_missing desc, period_start desc", 300),
                width=12,
            ),
            rows(
                "reconciled",
                Asked("reconciled_totals", RECONCILED, "is_reconciled, school_year desc, department_code", 500),
                width=12,
            ),
            rows("schools_registered", Asked("registered_schools", SCHOOLS, "n_services desc, district_name", 500)),
        ],
    )

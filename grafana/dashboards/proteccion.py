"""Casos de protección: open cases, waiting, referrals, links to review; confidential."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, constant, page, rows

AUDIENCE = "protection"
# Where cases are opened and links decided: the service, which logs who saw whom.
AREA = ("area_code", "${service_url}/proteccion/${__value.raw}")
CASES = ("area_code", "office", "case_key", "child_key", "reason", "case_state", "opened_date", "waiting_days")
REVIEWS = ("area_code", "office", "n_to_review", "n_without_candidate", "oldest_opened_date")
REPORTS = ("office", "n_waiting", "waiting_days", "oldest_opened_date", "n_attended")
REFERRALS = ("as_of_date", "child_key", "service_code", "weekly_work_hours", "service_name", "need_text")
VIOLENCE = ("school_code", "report_year", "violence_kind", "n_reports")


def make() -> Dashboard:
    """Return the dashboard."""
    return page(
        "proteccion",
        [
            rows("caseload", Asked("caseload", CASES, "waiting_days desc nulls last, case_key", 2000), AREA),
            rows(
                "mandatory", Asked("mandatory_reports", REPORTS, "waiting_days desc nulls last, office", 50), width=12
            ),
            rows("reviews", Asked("linkage_reviews", REVIEWS, "n_to_review desc", 50), AREA, 12),
            rows("referrals", Asked("work_referrals", REFERRALS, "weekly_work_hours desc", 1000)),
            rows("violence", Asked("school_violence", VIOLENCE, "report_year desc, n_reports desc", 500)),
        ],
        [constant("service_url", "http://127.0.0.1:8010")],
    )

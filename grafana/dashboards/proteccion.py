"""Casos de protección: open cases, waiting, referrals, links to review; confidential."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, page, rows, service_address

AUDIENCE = "protection"
# Where cases are opened and links decided: the service, which logs who saw whom.
AREA = ("province_name", "${service_url}/proteccion/${__data.fields.area_code}")
OF_LINK = ("area_code",)
CASES = (
    "province_name",
    "area_code",
    "office",
    "case_key",
    "child_key",
    "reason",
    "case_state",
    "opened_date",
    "waiting_days",
)
REVIEWS = ("province_name", "area_code", "office", "n_to_review", "n_without_candidate", "oldest_opened_date")
REPORTS = ("office", "n_waiting", "waiting_days", "oldest_opened_date", "n_attended")
REFERRALS = ("as_of_date", "child_key", "school_name", "weekly_work_hours", "service_name", "need_text")
VIOLENCE = ("school_name", "school_code", "report_year", "violence_kind", "n_reports")


def make() -> Dashboard:
    """Return the dashboard."""
    open_cases = Asked("caseload", CASES, "waiting_days desc nulls last, case_key", 2000)
    return page(
        "proteccion",
        [
            rows("caseload", open_cases, AREA, hidden=OF_LINK),
            rows(
                "mandatory",
                Asked("mandatory_reports", REPORTS, "waiting_days desc nulls last, office", 50),
                width=12,
                height=6,
            ),
            rows("reviews", Asked("linkage_reviews", REVIEWS, "n_to_review desc", 50), AREA, 12, 6, hidden=OF_LINK),
            rows("referrals", Asked("work_referrals", REFERRALS, "weekly_work_hours desc", 1000)),
            rows("violence", Asked("school_violence", VIOLENCE, "report_year desc, n_reports desc", 500)),
        ],
        [service_address()],
    )

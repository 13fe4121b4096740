"""Lista priorizada: whom to see first, why, and what to do; names stand in the service only."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, page, rows, service_address

AUDIENCE = "education"
# The child's page asks who looks and writes it down.
CHILD = ("child_key", "${service_url}/ficha/${__value.raw}")
# What decides stands first: on a phone the rest is a swipe away.
LISTED = (
    "rank_in_ugel",
    "child_key",
    "action_text",
    "reason_text",
    "school_name",
    "grade",
    "section",
    "probability_text",
    "expires_on",
    "days_since_listed",
    "probability",
)
MAY_REPEAT = (
    "rank_in_ugel",
    "child_key",
    "action_text",
    "reason_text",
    "school_name",
    "grade",
    "section",
    "probability_text",
    "expires_on",
)
AT_ONCE = ("child_key", "reason_text", "action_text", "school_name", "grade", "need")
CASES = (
    "school_year",
    "matter",
    "n_cases",
    "n_assigned",
    "n_contacted",
    "n_served",
    "n_dismissed",
    "n_closed",
    "contacted_share",
    "median_days_to_contact",
)
SUGGESTED = ("child_key", "tutor_text", "need_text", "who_acts")


def make() -> Dashboard:
    """Return the dashboard."""
    return page(
        "lista",
        [
            rows("first_to_see", Asked("priority_list", LISTED, "rank_in_ugel", 2000), CHILD, height=16),
            rows("see_at_once", Asked("immediate_cases", AT_ONCE, "need, service_code", 1000), CHILD),
            rows("services_suggested", Asked("suggested_services", SUGGESTED, "child_key, support_code", 4000), CHILD),
            rows("may_repeat", Asked("repetition_list", MAY_REPEAT, "rank_in_ugel", 2000), CHILD, height=6),
            rows("cases_now", Asked("case_progress", CASES, "school_year desc, matter", 50), height=6),
        ],
        [service_address()],
    )

"""Operación: deliveries, freshness, quarantine, tasks, publications, and how often children's data is looked at."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, page, rows

AUDIENCE = "operations"
LATE = ("source", "domain", "last_delivered_at", "age_days", "expected_days", "is_late")
DELIVERED = ("file", "source", "period", "status", "delivered_at", "accepted_rows", "quarantined_rows", "reason")
QUARANTINE = ("source", "file", "column_name", "reason", "n_rows")
WITHHELD = ("source", "period", "department_code", "reason", "withheld_on", "resolved_on", "is_missing")
THIS = ("release_id", "published_at", "built_for", "disk_used_share")
RELEASES = ("published_release", "published_at", "built_for", "n_files", "days_since_former")
ACCESSES = ("on_date", "access_kind", "n_accesses", "n_people")
TASKS = ("dag_id", "task_id", "state", "started_at", "seconds", "error")
ALERTS = ("alert", "watched", "value", "threshold", "is_raised", "place")
TOTALS = ("school_year", "department_code", "level", "n_published", "n_landed", "n_gap", "gap_share", "is_reconciled")
DROPOUTS = (
    "school_year",
    "department_code",
    "n_published",
    "n_landed",
    "published_exit_share",
    "landed_exit_share",
    "exit_share_gap",
)


def make() -> Dashboard:
    """Return the dashboard."""
    return page(
        "operacion",
        [
            rows("alert_levels", Asked("alert_levels", ALERTS, "is_raised desc nulls last, alert", 20)),
            rows("this_release", Asked("release", THIS, "published_at", 1), height=4),
            rows("late_sources", Asked("freshness", LATE, "is_late desc, age_days desc", 100)),
            rows("quarantine", Asked("quarantine_reasons", QUARANTINE, "n_rows desc", 200)),
            rows("deliveries", Asked("deliveries", DELIVERED, "landed_at desc, file", 200)),
            rows("control_totals", Asked("control_totals", TOTALS, "is_reconciled, gap_share desc", 200)),
            rows("dropout_totals", Asked("dropout_totals", DROPOUTS, "school_year desc, department_code", 200)),
            rows("withheld", Asked("withheld_periods", WITHHELD, "withheld_on desc", 100), height=5),
            rows("tasks", Asked("task_runs", TASKS, "started_at desc", 300)),
            rows("releases", Asked("release_history", RELEASES, "published_at desc", 100), width=12),
            rows("accesses", Asked("accesses", ACCESSES, "on_date desc, access_kind", 200), width=12),
        ],
    )

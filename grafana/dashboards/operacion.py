"""Operación: deliveries, freshness, quarantine, tasks, and how well the live model ranks."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, bars, page, rows

AUDIENCE = "operations"
LATE = ("source", "domain", "last_delivered_at", "age_days", "expected_days", "is_late")
DELIVERED = ("file", "source", "period", "status", "delivered_at", "accepted_rows", "quarantined_rows", "reason")
QUARANTINE = ("source", "file", "column_name", "reason", "n_rows")
WITHHELD = ("source", "period", "department_code", "reason", "withheld_on", "resolved_on", "is_missing")
TASKS = ("dag_id", "task_id", "state", "started_at", "seconds", "error")
FIGURES = ("dataset", "metric", "value", "low", "high")
DRIFT = ("checked_on", "metric", "feature", "value", "is_exceeded", "advice")
GROUPS = ("group_name", "n_cases", "recall", "recall_low", "recall_high", "selection_rate", "has_evidence")
ALERTS = ("alert", "value", "threshold", "is_raised")
TOTALS = ("school_year", "department_code", "level", "n_published", "n_landed", "n_gap", "gap_share", "is_reconciled")
OF_ALL = ("is_live", "segment = 'all'", "metric in ('precision_at_capacity', 'recall_at_capacity', 'lift_at_capacity', "
          "'precision_ratio_to_best_rule', 'observed_over_expected_at_capacity', 'calibration_slope', 'roc_auc', "
          "'list_kept')")  # fmt: skip


def make() -> Dashboard:
    """Return the dashboard."""
    scores = Asked("score_distribution", ("band_from", "n_children"), "as_of_date desc, band_from", 20)
    return page(
        "operacion",
        [
            rows("alert_levels", Asked("alert_levels", ALERTS, "is_raised desc, alert", 20)),
            rows("late_sources", Asked("freshness", LATE, "is_late desc, age_days desc", 100), width=12),
            rows("quarantine", Asked("quarantine_reasons", QUARANTINE, "n_rows desc", 200), width=12),
            rows("deliveries", Asked("deliveries", DELIVERED, "landed_at desc, file", 200)),
            rows("control_totals", Asked("control_totals", TOTALS, "is_reconciled, gap_share desc", 200)),
            rows("withheld", Asked("withheld_periods", WITHHELD, "withheld_on desc", 100), width=12),
            rows("tasks", Asked("task_runs", TASKS, "started_at desc", 300), width=12),
            rows("performance", Asked("model_performance", FIGURES, "dataset, metric", 300, OF_ALL), width=12),
            rows(
                "fairness",
                Asked("fairness", GROUPS, "group_name", 100, ("is_live", "group_name not like '%&%'")),
                width=12,
            ),
            rows("drift", Asked("drift", DRIFT, "checked_on desc, metric", 300), width=12),
            bars("scores", scores),
        ],
    )

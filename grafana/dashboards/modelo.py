"""Modelo: how well the live model ranks, whom it finds, how its scores spread, and whether data drifts away from it."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, by_year, page, rows

AUDIENCE = "operations"
FIGURES = ("dataset", "metric", "ranked_by", "value", "low", "high")
DRIFT = ("checked_on", "metric", "feature", "value", "is_exceeded", "advice")
NOTES = ("kind", "withholds", "segment", "metric", "value", "noted_on")
GROUPS = ("group_name", "n_cases", "recall", "recall_low", "recall_high", "selection_rate", "has_evidence")
VISITS = "outcome = 'interruption'"  # by which lists of visits go
OF_ALL = (
    "is_live",
    VISITS,
    "segment = 'all'",
    "metric in ('precision_at_capacity', 'recall_at_capacity', 'lift_at_capacity', "
    "'precision_ratio_to_best_rule', 'observed_over_expected_at_capacity', 'calibration_slope', 'roc_auc', "
    "'list_kept')",
)


def make() -> Dashboard:
    """Return the dashboard."""
    groups = Asked("fairness", GROUPS, "group_name", 100, ("is_live", VISITS, "group_name not like '%&%'"))
    scores = Asked("score_distribution", ("band_from", "n_children"), "band_from", 20, (VISITS, "is_newest"))
    return page(
        "modelo",
        [
            rows("performance", Asked("model_performance", FIGURES, "dataset desc, metric, ranked_by", 400, OF_ALL)),
            rows(
                "model_notes", Asked("model_notes", NOTES, "kind, segment, metric", 100, ("is_live", VISITS)), height=6
            ),
            rows("fairness", groups, width=12),
            by_year("scores", scores, height=10),
            rows("drift", Asked("drift", DRIFT, "checked_on desc, metric", 300), height=6),
        ],
    )

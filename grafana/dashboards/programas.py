"""Resultados y programas: what changed for those who got a service, or why that cannot be told; goals of plans."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, page, rows

AUDIENCE = "officials"
COLUMNS = (
    "service_name",
    "judged_on",
    "n_served",
    "share_served",
    "share_without",
    "effect",
    "effect_low",
    "effect_high",
    "smallest_visible_effect",
    "verdict_text",
)
COSTS = ("service_name", "unit_cost_soles", "cost_per_avoided", "cost_low", "cost_high", "cost_text")
GOALS = ("school_year", "indicator", "level", "target_share", "case_share", "gap_to_target", "is_reached", "basis")


def make() -> Dashboard:
    """Return the dashboard."""
    asked = Asked("program_effects", COLUMNS, "effect is null, service_name", 100, ("outcome = 'interruption'",))
    costs = Asked("program_costs", COSTS, "cost_per_avoided is null, service_name", 100)
    goals = Asked("target_gaps", GOALS, "school_year, indicator, level", 100)
    return page(
        "programas", [rows("effects", asked, height=13), rows("targets", goals, height=6), rows("costs", costs)]
    )

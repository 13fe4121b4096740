"""Cambios: who entered the list, who left it, and what changed it."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, page, rows

AUDIENCE = "education"
COLUMNS = ("as_of_date", "child_key", "school_name", "change", "cause_text")


def make() -> Dashboard:
    """Return the dashboard."""
    return page(
        "cambios", [rows("entered_and_left", Asked("list_changes", COLUMNS, "change, service_code, child_key", 4000))]
    )

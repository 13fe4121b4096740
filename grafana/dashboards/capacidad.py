"""Capacidad: how many visits fit, and what a longer or shorter list would find."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, lines, page, rows

AUDIENCE = "education"
EXPECTED = ("n_listed", "n_expected", "n_expected_low", "n_expected_high")
SCHOOLS = ("school_name", "service_code", "level", "n_pupils", "n_listed")
NEXT = ("n_listed", "last_probability")
MOST = 20_000  # a list reaches to twice the capacity


def make() -> Dashboard:
    """Return the dashboard."""
    schools = Asked(
        "school_lists",
        ("school_name", "service_code", "level", "n_pupils", "n_listed"),
        "n_listed desc, service_code",
        1000,
    )
    return page(
        "capacidad",
        [
            lines("length_of_list", Asked("list_lengths", EXPECTED, "n_listed", MOST, ("n_expected is not null",))),
            lines("next_visit", Asked("list_lengths", NEXT, "n_listed", MOST, ("last_probability is not null",))),
            rows("schools_listed", schools),
        ],
    )

"""Matrícula y población: how many are enrolled, and begin school, of all children of the age, and who is at none."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, bars, by_year, choice, chosen, listed, page, rows

AUDIENCE = "officials"
MART = "enrollment_ratios"
DEPARTMENT = chosen("department_code", "department")
LEVEL = chosen("level", "level")
RATIO = chosen("ratio", "ratio")
YEAR = chosen("cast(school_year as varchar)", "ratio_year")
KNOWN = "ratio_value is not null"
CHOICES = (
    choice("department", MART, "department_name", "department_code", "__value"),
    listed("level", "school_level"),
    listed("ratio", "ratio"),
    choice("ratio_year", MART, "school_year", "school_year", "__value desc"),
)
ALL = ("school_year", "ratio", "n_enrolled", "n_population", "ratio_value")


def make() -> Dashboard:
    """Return the dashboard."""
    departments = ("department_code <> '00'", LEVEL, RATIO, YEAR, KNOWN)
    ranked = Asked(MART, ("department_name", "ratio_value"), "ratio_value desc", 26, departments)
    over_years = Asked(MART, ("school_year", "ratio_value"), "school_year", 50, (DEPARTMENT, LEVEL, RATIO))
    return page(
        "matricula",
        [
            bars("ratio_ranked", ranked),
            by_year("ratio_over_years", over_years, height=13),
            rows(MART, Asked(MART, ALL, "school_year desc, ratio", 100, (DEPARTMENT, LEVEL))),
        ],
        CHOICES,
    )

"""UGEL: what a department's local offices look like by the ministry's open data, on a map and over the years."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, bars, choice, chosen, lines, listed, markers, page, rows

AUDIENCE = "officials"
MART = "published_ugels"
DEPARTMENT, LEVEL = chosen("department_code", "department"), chosen("level", "level")
UGEL, YEAR = chosen("ugel_code", "ugel"), chosen("cast(school_year as varchar)", "year")
CHOICES = (
    choice("department", MART, "department_name", "department_code", "__text"),
    listed("level", "school_level"),
    choice("year", MART, "school_year", "school_year", "__value desc"),
    choice("ugel", MART, "ugel_code", "ugel_code", "__value", DEPARTMENT),
)
ON_MAP = ("ugel_code", "department_name", "latitude", "longitude", "n_pupils", "over_age_share")
TOLD = ("ugel_code", "n_districts", "n_pupils", "over_age_share", "withdrawn_share")


def _over_years(column: str) -> Asked:
    return Asked(MART, ("school_year", column), "school_year", 50, (UGEL, LEVEL, f"{column} is not null"))


def make() -> Dashboard:
    """Return the dashboard."""
    mapped = Asked(MART, ON_MAP, "n_pupils desc, ugel_code", 300, (LEVEL, YEAR))
    told = Asked(MART, TOLD, "n_pupils desc, ugel_code", 50, (DEPARTMENT, LEVEL, YEAR))
    ranked = Asked(
        MART, ("ugel_code", "over_age_share"), "over_age_share desc", 50,
        (DEPARTMENT, LEVEL, YEAR, "over_age_share is not null"),
    )  # fmt: skip
    return page(
        "ugeles",
        [
            markers("ugels_mapped", mapped, "n_pupils", "over_age_share"),
            rows("ugels_told", told, width=12),
            bars("ugels_ranked", ranked),
            lines("ugel_pupils", Asked(MART, ("school_year", "n_pupils"), "school_year", 50, (UGEL, LEVEL))),
            lines("ugel_over_age", _over_years("over_age_share")),
            lines("ugel_withdrawn", _over_years("withdrawn_share")),
        ],
        CHOICES,
    )

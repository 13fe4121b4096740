"""UGEL: what a department's local offices look like, by our own indicators and by the ministry's open data."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, by_year, choice, chosen, listed, markers, page, rows

AUDIENCE = "officials"
OWN = "ugel_indicators"
NEEDS = "ugel_needs"
EXPECTED = "ugel_expected"
OPEN = "published_ugels"
DEPARTMENT = chosen("department_code", "ugel_department")
LEVEL = chosen("level", "level")
INDICATOR = chosen("indicator", "ugel_indicator")
UGEL = chosen("ugel_code", "ugel")
YEAR = chosen("cast(school_year as varchar)", "ugel_year")
SHOWN = "not is_hidden"
PLACED = "latitude is not null"
CHOICES = (
    listed("ugel_indicator", "ugel_indicator", first="low_attendance"),  # while something can be done
    listed("level", "school_level"),
    choice("ugel_year", OWN, "school_year", "school_year", "__value desc", (INDICATOR,)),
    choice("ugel_department", OWN, "department_name", "department_code", "__value"),
    choice("ugel", OWN, "ugel_code", "ugel_code", "__value", (DEPARTMENT,)),
)
ON_MAP = ("ugel_code", "department_name", "latitude", "longitude", "n_pupils", "case_share")
GAPS = ("ugel_code", "n_pupils", "case_share", "gap_to_department", "gap_to_nation")
TOLD = ("school_year", "ugel_code", "n_districts", "n_pupils", "over_age_share", "withdrawn_share")
COVERED = ("service_name", "n_in_need", "n_unmet", "coverage_share")


def _over_years(mart: str, column: str, *where: str) -> Asked:
    return Asked(mart, ("school_year", column), "school_year", 50, (UGEL, LEVEL, *where))


def make() -> Dashboard:
    """Return the dashboard."""
    on_map = Asked(OWN, ON_MAP, "n_pupils desc, ugel_code", 300, (INDICATOR, LEVEL, YEAR, SHOWN, PLACED))
    ranked = Asked(OWN, GAPS, "case_share desc, ugel_code", 50, (INDICATOR, LEVEL, YEAR, DEPARTMENT, SHOWN))
    covered = Asked(NEEDS, COVERED, "coverage_share, service_name", 50, (UGEL, LEVEL, YEAR))
    expected = Asked(
        EXPECTED,
        ("ugel_code", "as_of_date", "mean_probability", "lowest_probability", "highest_probability"),
        "mean_probability desc, ugel_code",
        50,
        (DEPARTMENT, LEVEL),
    )
    told = Asked(OPEN, TOLD, "school_year desc, n_pupils desc, ugel_code", 100, (DEPARTMENT, LEVEL))
    return page(
        "ugeles",
        [
            markers("ugel_indicator_mapped", on_map, "n_pupils", "case_share"),
            rows("ugel_indicator_ranked", ranked, width=12, height=6),
            by_year("ugel_indicator_over_years", _over_years(OWN, "case_share", INDICATOR, SHOWN), height=7),
            rows("ugel_covered", covered, width=12, height=12),
            rows("ugel_expected", expected, width=12, height=5),
            rows("ugels_told", told, width=12, height=7),
            by_year("ugel_pupils", _over_years(OPEN, "n_pupils"), 8),
            by_year("ugel_over_age", _over_years(OPEN, "over_age_share", "over_age_share is not null"), 8),
            by_year("ugel_withdrawn", _over_years(OPEN, "withdrawn_share", "withdrawn_share is not null"), 8),
        ],
        CHOICES,
    )

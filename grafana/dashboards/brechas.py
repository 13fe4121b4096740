"""Servicios y brechas: who needs a service and lacks it, where pupils miss school, which groups fare worse."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, bars, by_year, choice, chosen, listed, page, rows

AUDIENCE = "officials"
LEVEL = chosen("level", "level")
SERVICE = chosen("support_code", "service")
INDICATOR = chosen("indicator", "gap_indicator")
GROUP = chosen("group_name", "group")
PLACE = chosen("place_code", "place")
PARTS = chosen("whole_code", "place")
OCTOBER = chosen("cast(school_year as varchar)", "october")
YEAR = chosen("cast(school_year as varchar)", "gap_year")
NATION = "department_code = '00'"
DEPARTMENTS = "department_code <> '00'"
ABSENT = "indicator = 'low_attendance'"
KNOWN = "case_share is not null"
EXPECTED = "mean_probability is not null"
SHOWN = "coverage_share is not null"
CHOICES = (
    listed("level", "school_level"),
    choice("service", "unmet_needs", "service_name", "support_code", "__text", (SHOWN,)),
    choice("october", "unmet_needs", "school_year", "school_year", "__value desc"),
    listed("gap_indicator", "gap_indicator"),
    choice("gap_year", "group_gaps", "school_year", "school_year", "__value desc", (INDICATOR, KNOWN)),
    choice("place", "group_gaps", "place_name", "place_code", "__value", (INDICATOR, KNOWN)),
    listed("group", "gap_group", first="language=originaria"),
)
UNMET = ("service_name", "n_in_need", "n_unmet", "coverage_share")
GAPS = ("group_name", "n_pupils", "case_share", "gap_to_all")


def make() -> Dashboard:
    """Return the dashboard."""
    unmet = Asked("unmet_needs", UNMET, "n_unmet desc nulls last", 50, (NATION, LEVEL, OCTOBER))
    covered = (SHOWN, SERVICE, LEVEL)
    over_years = Asked("unmet_needs", ("school_year", "coverage_share"), "school_year", 50, (NATION, SERVICE, LEVEL))
    ranked = Asked(
        "unmet_needs", ("department_name", "coverage_share"), "coverage_share", 26, (DEPARTMENTS, OCTOBER, *covered)
    )
    absent = Asked(
        "indicators",
        ("department_name", "case_share"),
        "case_share desc",
        26,
        (ABSENT, DEPARTMENTS, LEVEL, OCTOBER, KNOWN),
    )
    absent_over_years = Asked("indicators", ("school_year", "case_share"), "school_year", 50, (ABSENT, NATION, LEVEL))
    expected = ("department_name", "mean_probability")
    at_risk = Asked("expected_interruptions", expected, "mean_probability desc", 26, (DEPARTMENTS, LEVEL, EXPECTED))
    gaps = Asked("group_gaps", GAPS, "group_name", 50, (PLACE, INDICATOR, LEVEL, YEAR))
    ranked_gaps = Asked(
        "group_gaps",
        ("place_name", "gap_to_all"),
        "gap_to_all desc",
        40,
        (PARTS, GROUP, INDICATOR, LEVEL, YEAR, "gap_to_all is not null"),
    )
    return page(
        "brechas",
        [
            rows("unmet_by_service", unmet, width=12),
            rows("gaps", gaps, width=12),
            bars("gaps_ranked", ranked_gaps),
            bars("coverage_ranked", ranked),
            bars("absent_ranked", absent),
            bars("expected_ranked", at_risk),
            by_year("coverage_over_years", over_years),
            by_year("absent_over_years", absent_over_years),
        ],
        CHOICES,
    )

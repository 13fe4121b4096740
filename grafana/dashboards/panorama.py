"""Panorama nacional: how many interrupt, repeat or are over age, where, and since when."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana import tiles
from grafana.panels import Asked, bars, by_year, choice, chosen, listed, page, rows, tile_map

AUDIENCE = "officials"
# What is told of every department; what is rare is told of the nation alone.
TOLD = (
    "indicator in ('interruption', 'ebr_exit', 'repetition', 'over_age', 'unmet_need', 'low_attendance', "
    "'chronic_absence')"
)
FIGURES = ("indicator", "case_share", "gap_to_last_year", "gap_to_nation", "n_pupils")
DEPARTMENT = chosen("department_code", "department")
LEVEL = chosen("level", "level")
INDICATOR = chosen("indicator", "indicator")
YEAR = chosen("cast(school_year as varchar)", "year")  # as text: nothing to choose from is no error
TOLD_OF = (INDICATOR, "case_share is not null")  # the newest year may have no result of an indicator yet
CHOICES = (
    choice("department", "indicators", "department_name", "department_code", "__value"),
    listed("level", "school_level"),
    listed("indicator", "indicator"),
    choice("year", "indicators", "school_year", "school_year", "__value desc", TOLD_OF),
)
IN_DISTRICTS = (
    "school_year",
    "district_name",
    "province_name",
    "n_pupils",
    "n_withdrawn",
    "withdrawn_share",
    "n_over_age",
    "over_age_share",
)
LEFT = ("school_year", "district_name", "province_name", "n_pupils", "n_dropouts", "dropout_share")


def make() -> Dashboard:
    """Return the dashboard."""
    figures = Asked("indicators", FIGURES, "indicator", 20, (TOLD, DEPARTMENT, LEVEL, YEAR))
    # also years without a share: they are gaps
    over_years = Asked("indicators", ("school_year", "case_share"), "school_year", 50, (INDICATOR, DEPARTMENT, LEVEL))
    departments = (INDICATOR, "department_code <> '00'", LEVEL, YEAR, "case_share is not null")
    ranked = Asked("indicators", ("department_name", "case_share"), "case_share desc", 26, departments)
    mapped = Asked("regional_map", tiles.COLUMNS, "tile", 40, (INDICATOR, LEVEL, YEAR))
    newest = "school_year desc, n_pupils desc nulls last"  # open data comes a year later than our own
    districts = Asked("published_enrollment", IN_DISTRICTS, newest, 200, (LEVEL,))
    return page(
        "panorama",
        [
            rows("place_figures", figures, width=12, height=10),
            tile_map("departments_mapped", mapped),
            by_year("indicators_over_years", over_years),
            bars("departments_ranked", ranked),
            rows("districts_dropout", Asked("published_dropout", LEFT, newest, 200), width=12, height=13),
            rows("districts_enrolled", districts),
        ],
        CHOICES,
    )

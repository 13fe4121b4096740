"""Panorama nacional: how many interrupt, repeat or are over age, where, and since when."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from grafana.panels import Asked, bars, choice, chosen, lines, listed, markers, number, page, rows

AUDIENCE = "officials"
TOLD = (  # panel, indicator, width
    ("interruption_now", "interruption", 5),
    ("exit_now", "ebr_exit", 5),
    ("repetition_now", "repetition", 5),
    ("over_age_now", "over_age", 5),
    ("unmet_now", "unmet_need", 4),
)
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
ON_MAP = ("department_name", "capital", "latitude", "longitude", "n_pupils", "case_share")


def _over_years(*where: str) -> Asked:
    known = (*where, DEPARTMENT, LEVEL, "case_share is not null")
    return Asked("indicators", ("school_year", "case_share"), "school_year", 50, known)


def make() -> Dashboard:
    """Return the dashboard."""
    numbers = [number(key, _over_years(f"indicator = '{which}'"), width) for key, which, width in TOLD]
    departments = (INDICATOR, "department_code <> '00'", LEVEL, YEAR, "case_share is not null")
    ranked = Asked("indicators", ("department_name", "case_share"), "case_share desc", 26, departments)
    mapped = Asked("regional_map", ON_MAP, "department_name", 26, (INDICATOR, LEVEL, YEAR))
    newest = "school_year desc, n_pupils desc nulls last"  # open data comes a year later than our own
    districts = Asked("published_enrollment", IN_DISTRICTS, newest, 200, (LEVEL,))
    return page(
        "panorama",
        [
            *numbers,
            bars("departments_ranked", ranked),
            markers("departments_mapped", mapped, "n_pupils", "case_share"),
            lines("indicators_over_years", _over_years(INDICATOR)),
            rows("districts_enrolled", districts, width=12),
            rows("districts_dropout", Asked("published_dropout", LEFT, newest, 200)),
        ],
        CHOICES,
    )

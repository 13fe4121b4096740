"""Comparisons of the linkage model; `benchmarks/linkage_fit.py` fitted its weights, frozen in `model.json`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import SettingsCreator, block_on

VERSION = "names-1"
FROZEN = Path(__file__).with_name("model.json")
# Roles of a contract's columns in linkage (`config.meta.link`); the district comes from the warehouse.
ROLES = ("first_surname", "second_surname", "given_names", "birth_date")
BLOCKING = (
    ("birth_date", "first_surname"),
    ("birth_date", "second_surname"),
    ("birth_date", "first_given"),
    ("first_surname", "second_surname", "first_given"),
)


def _surname(column: str) -> comparisons.CustomComparison:
    """Compare surnames; small differences of spelling count as similar."""
    return comparisons.CustomComparison(
        output_column_name=column,
        comparison_levels=[
            levels.NullLevel(column),
            levels.ExactMatchLevel(column),
            levels.JaroWinklerLevel(column, 0.88),
            levels.ElseLevel(),
        ],
    )


def _given_names() -> comparisons.CustomComparison:
    """Compare given names; clerks often write only the first of them."""
    left = '"given_names_l"'
    right = '"given_names_r"'
    first_only = f"starts_with({left}, {right} || ' ') or starts_with({right}, {left} || ' ')"
    return comparisons.CustomComparison(
        output_column_name="given_names",
        comparison_levels=[
            levels.NullLevel("given_names"),
            levels.ExactMatchLevel("given_names"),
            levels.CustomLevel(first_only, "one of several given names"),
            levels.JaroWinklerLevel("given_names", 0.92),
            levels.ElseLevel(),
        ],
    )


def _birth_date() -> comparisons.CustomComparison:
    """Compare dates of birth; slips of the pen change a digit or swap two of them."""
    return comparisons.CustomComparison(
        output_column_name="birth_date",
        comparison_levels=[
            levels.NullLevel("birth_date"),
            levels.ExactMatchLevel("birth_date"),
            levels.DamerauLevenshteinLevel("birth_date", 1),
            levels.ElseLevel(),
        ],
    )


def _district() -> comparisons.CustomComparison:
    """Compare districts; those of the same province count as near."""
    return comparisons.CustomComparison(
        output_column_name="district",
        comparison_levels=[
            levels.NullLevel("district"),
            levels.ExactMatchLevel("district"),
            levels.CustomLevel('left("district_l", 4) = left("district_r", 4)', "same province"),
            levels.ElseLevel(),
        ],
    )


def settings() -> SettingsCreator:
    """Return the comparisons and blocking rules, without weights."""
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            _surname("first_surname"),
            _surname("second_surname"),
            _given_names(),
            _birth_date(),
            _district(),
        ],
        blocking_rules_to_generate_predictions=[block_on(*columns) for columns in BLOCKING],
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def frozen(pupils: int) -> dict[str, Any]:
    """Return the fitted model in Splink's format; the prior of a pair is one in the number of pupils."""
    model = json.loads(FROZEN.read_text(encoding="utf-8"))
    model["probability_two_random_records_match"] = 1 / max(pupils, 2)
    return model

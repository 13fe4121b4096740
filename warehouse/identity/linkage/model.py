"""What is compared and how; the weights are frozen in `model.json`, fitted once by `benchmarks/linkage_fit.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import splink.comparison_level_library as levels
import splink.comparison_library as comparisons
from splink import SettingsCreator, block_on

VERSION = "names-1"
FROZEN = Path(__file__).with_name("model.json")
# What a contract's column may stand for (`config.meta.link`); the district comes from the warehouse.
ROLES = ("first_surname", "second_surname", "given_names", "birth_date")
BLOCKING = (
    ("birth_date", "first_surname"),
    ("birth_date", "second_surname"),
    ("birth_date", "first_given"),
    ("first_surname", "second_surname", "first_given"),
)


def _surname(column: str) -> comparisons.CustomComparison:
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
    """Compare given names; clerks often write the first one only."""
    left, right = '"given_names_l"', '"given_names_r"'
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
    """Compare dates of birth; a slip of the pen changes one digit or swaps two of them."""
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
    """Return the fitted model; a record's child is one of the pupils, so the prior is one in their number."""
    found = json.loads(FROZEN.read_text(encoding="utf-8"))
    found["probability_two_random_records_match"] = 1 / max(pupils, 2)
    return found

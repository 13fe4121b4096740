"""How a column is read, by its name: what it is called, its unit, its words for codes, and how wide it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.models import dashboard as models

from grafana import texts

# Pixels of columns that need more or less than their names. Words in the place of codes have one line each: Grafana
# makes a row as high as the codes need.
WIDTHS = {
    **dict.fromkeys(("task_id", "started_at", "published_at"), 165),
    **dict.fromkeys(("need", "column_name", "province_name"), 150),
    "alert": 290,
    "topic_name": 260,
    **dict.fromkeys(("file", "metric"), 330),
    **dict.fromkeys(("rank_in_ugel", "section", "days_since_listed"), 65),
    **dict.fromkeys(("indicator", "service_name"), 215),
    **dict.fromkeys(("source", "access_kind"), 290),
    "case_key": 300,
    "child_key": 150,
    "grade": 140,
    "group_name": 190,
    "kind": 370,
    "matter": 130,
    "probability": 105,
    "probability_text": 120,
    "published_release": 270,
    "school_name": 108,
}
SENTENCES = (
    "_text",
    "reason",
    "watched",
    "place",
    "error",
)  # what columns of sentences end in: they are broken into lines
SHARES = (
    "_share",
    "probability",
    "recall",
    "selection_rate",
    "share_served",
    "share_without",
    "recall_low",
    "recall_high",
    "ratio_value",
)
# Differences of shares: a change from 4% to 3% is one percentage point, and no percent.
POINTS = (
    "gap_to_all",
    "gap_to_department",
    "gap_to_nation",
    "gap_to_target",
    "gap_to_last_year",
    "share_gap",
    "effect",
    "effect_low",
    "effect_high",
    "smallest_visible_effect",
)
MOMENTS = ("started_at", "published_at")  # of UTC, in the warehouse
# What a column's name ends in → its unit; what a day is shown as must not depend on a browser's time.
UNITS = {
    **dict.fromkeys(("_rows", "_soles", "_avoided", "cost_low", "cost_high"), "locale"),
    **dict.fromkeys(("_on", "_date", "_start", "delivered_at", "built_for"), "time:DD/MM/YYYY"),
    **dict.fromkeys(MOMENTS, "time:DD/MM/YYYY HH:mm"),
    **dict.fromkeys(("value", "low", "high", "threshold", "seconds"), "none"),
}
# Of every unit the same: a point and one decimal, as the ministry's statistics write it.
DECIMALS = {"percentunit": 1, "suffix:pp": 1, "locale": 0, "none": 2}
GREEN = "#1a7f37"
RED = "#b42318"
# Color means good or bad, and only against what somebody stated: a goal, a date, a threshold.
VERDICTS = {"is_reached": {"true": GREEN, "false": RED}}


def asked(column: str) -> str:
    """Return what is asked for a column: points of shares, and Lima's time (five hours before UTC, all year)."""
    if column.endswith(POINTS):
        return f"100 * {column} as {column}"
    return f"{column} - interval 5 hour as {column}" if column.endswith(MOMENTS) else column


def unit_of(column: str) -> str:
    """Return the unit of a column, by how columns are named in the warehouse."""
    if column.endswith(POINTS):
        return "suffix:pp"
    if column.endswith(SHARES):
        return "percentunit"
    if column.startswith("n_"):
        return "locale"
    return next((unit for ending, unit in UNITS.items() if column.endswith(ending)), "string")


def _value(name: str, value: object) -> models.DynamicConfigValue:
    return models.DynamicConfigValue(id_val=name, value=value)


def named(panel: Any, columns: Sequence[str], hidden: Sequence[str] = ()) -> Any:  # noqa: ANN401  every builder of a panel
    """Give columns their names, units and values in Spanish; some are there for links alone."""
    for column in columns:
        unit = unit_of(column)
        properties = [
            _value("displayName", texts.column(column)),
            _value("unit", unit),
            _value("noValue", texts.sign("nothing")),
        ]
        if column == "school_year" or unit in DECIMALS:
            properties.append(_value("decimals", DECIMALS.get(unit, 0)))
        if mappings := _mappings(column):
            properties += [_value("mappings", mappings), _value("custom.align", "left")]
        if column in VERDICTS:
            properties.append(_value("custom.cellOptions", {"type": "color-text"}))
        if column in hidden:
            properties.append(_value("custom.hideFrom.viz", True))
        panel = panel.override_by_name(column, properties)
    return panel


def _mappings(column: str) -> list[Any]:
    """Return how a column's values are said: words for codes, and sentences by patterns."""
    colors = VERDICTS.get(column, {})
    words = {
        value: models.ValueMappingResult(text=text, color=colors.get(value))
        for value, text in texts.values(column).items()
    }
    by_pattern = [
        models.RegexMap(options=models.DashboardRegexMapOptions(pattern, models.ValueMappingResult(text=text)))
        for pattern, text in texts.patterns(column)
    ]
    return ([models.ValueMap(options=words)] if words else []) + by_pattern


def fitted(panel: Any, columns: Sequence[str]) -> Any:  # noqa: ANN401
    """Give columns widths: all else is narrow where there are sentences, which take what is left and are broken."""
    has_sentences = any(map(is_sentence, columns))
    for column in columns:
        said = _fitting(column, has_sentences)
        panel = panel.override_by_name(column, [_value(f"custom.{name}", value) for name, value in said.items()])
    return panel


def _fitting(column: str, beside_sentences: bool) -> dict[str, int | bool]:
    """Return how wide a column is and whether its words are broken into lines."""
    said: dict[str, int | bool] = {"wrapHeaderText": True, "minWidth": 135 if is_sentence(column) else 75}
    said["wrapText"] = is_sentence(column) or (unit_of(column) == "string" and not _mappings(column))
    if width := WIDTHS.get(column) or (_narrow(column) if beside_sentences and not is_sentence(column) else 0):
        said["width"] = width
    return said


def is_sentence(column: str) -> bool:
    """Return whether a column holds sentences, of which nobody knows how long they are."""
    return column.endswith(SENTENCES) and column not in WIDTHS


def _narrow(column: str) -> int:
    """Return the pixels that a name and a value need: a day more than a number."""
    least = 105 if unit_of(column).startswith("time:") else 80
    return min(110, max(least, 8 * len(texts.column(column)) + 24))

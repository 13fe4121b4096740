"""How bulletins say things: texts, headings, and values as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path

from warehouse import numbers
from warehouse.paper.words import Texts, titled
from warehouse.report.tables import BulletinTable
from warehouse.settings import REPOSITORY, read_yaml

PLACES = ("district_name", "province_name")  # registers have them in capitals


@cache
def texts() -> Texts:
    """Return the texts of bulletins."""
    return read_yaml(Path(__file__).with_name("texts.yml"))


@cache
def catalog() -> Texts:
    """Return the names of columns and values, which bulletins and dashboards share."""
    return read_yaml(REPOSITORY / "grafana" / "texts.yml")


def heading(column: str) -> str:
    """Return the heading of a column."""
    return texts()["columns"].get(column) or catalog()["columns"][column]


def shown(column: str, value: object) -> str:
    """Return a value formatted for people: shares in percent, counts with commas, codes by name, a sign for null."""
    if value is None:
        return catalog()["signs"]["nothing"]
    if isinstance(value, bool):
        return catalog()["values"]["is_available"]["true" if value else "false"]
    if isinstance(value, int | float):
        return _number(column, value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if column in PLACES:
        return titled(str(value))
    return catalog()["values"].get(column, {}).get(value) or _by_pattern(column, str(value))


def _by_pattern(column: str, value: str) -> str:
    """Return a value rewritten by the dashboards' patterns, in which $1 is the first group."""
    for pattern, text in catalog()["patterns"].get(column, {}).items():
        if re.match(pattern, value):
            return re.sub(pattern, text.replace("$", "\\"), value)
    return value


def _number(column: str, value: float) -> str:
    """Return a number formatted by its column's unit."""
    if column in SIGNED:
        return numbers.points(value)
    if is_share(column):
        return numbers.percent(value)
    if isinstance(value, float):
        return numbers.decimal(value)
    return str(value) if column.endswith("_year") else numbers.count(value)


# Differences of shares, in percentage points.
SIGNED = ("change_share", "gap_to_all", "gap_to_nation", "gap_to_similar", "effect", "effect_low", "effect_high")
SHARES = ("_share", "share_served", "share_without", *SIGNED)


def is_share(column: str) -> bool:
    """Return whether a column holds shares or differences of shares."""
    return column.endswith(SHARES)


def has_names(column: str) -> bool:
    """Return whether a column holds codes that have names."""
    return column in catalog()["values"].keys() | catalog()["patterns"].keys() and column != "is_available"


def shown_rows(table: BulletinTable) -> Sequence[Sequence[str]]:
    """Return a table's rows formatted for people."""
    return [[shown(column, value) for column, value in zip(table.columns, row, strict=True)] for row in table.rows]


def ordered(table: BulletinTable) -> BulletinTable:
    """Return a table with its indicators in the order in which people ask for them."""
    if "indicator" not in table.columns:
        return table
    order = {name: number for number, name in enumerate(texts()["subjects"])}
    at = table.columns.index("indicator")
    return BulletinTable(
        table.key, table.columns, tuple(sorted(table.rows, key=lambda row: order.get(row[at], len(order))))
    )

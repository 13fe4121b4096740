"""A child's records as its page tells them: months beside the class, marks, years, services, reasons, suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from service import attendance_chart, wording, words

Row = dict[str, Any]
Records = Mapping[str, list[Row]]


def shown(records: Records, may_see_welfare: bool) -> Row:
    """Return what the page shows of a child's records.

    Args:
        records: rows of the published file, by the query of `page_queries`.
        may_see_welfare: whether the caller may read of household, work and language.
    """
    years = records["years"]
    return {
        "now": years[0] if years else None,
        "charts": _charts(records["months"]),
        "months": records["months"][::-1],
        "periods": _periods(records["marks"]),
        "marks": _marks(records["marks"]),
        "years": _told_years(years),
        "supports": _allowed(records["supports"], may_see_welfare),
        "reasons": _allowed(records["reasons"], may_see_welfare),
        "actions": _allowed(records["actions"], may_see_welfare),
        "change": _change(records["changes"]),
    }


def _allowed(rows: Iterable[Row], may_see_welfare: bool) -> list[Row]:
    return [row for row in rows if row["is_tutor_safe"] or may_see_welfare]


def _charts(months: Sequence[Row]) -> list[Row]:
    """Return a chart for each school year, the newest first."""
    years = sorted({month["month_start"].year for month in months}, reverse=True)
    return [attendance_chart.of_year(months, year) for year in years]


def _periods(marks: Iterable[Row]) -> list[tuple[int, str]]:
    """Return the periods with marks, the newest first."""
    return list(dict.fromkeys((row["school_year"], row["period"]) for row in marks))


def _marks(marks: Iterable[Row]) -> list[Row]:
    """Return a row for each area with its marks of each period."""
    areas: dict[str, Row] = {}
    for row in sorted(marks, key=lambda row: (row["area_order"], row["area_name"])):
        area = areas.setdefault(row["area_name"], {"name": row["area_name"], "of": {}})
        area["of"][row["school_year"], row["period"]] = row | {"letters": row["marks_text"].split()}
    return list(areas.values())


def _told_years(years: Sequence[Row]) -> list[Row]:
    """Return the years at schools, the newest first, each with what happened in it."""
    moved = [later["service_code"] != earlier["service_code"] for later, earlier in pairwise(years)]
    moved += [False] * (len(years) - len(moved))
    return [year | {"happened": _happened(year, has_moved)} for year, has_moved in zip(years, moved, strict=True)]


def _happened(year: Row, has_moved: bool) -> str:
    """Say what happened in a year at a school."""
    parts = [
        words.of_kind("wording", "entry").get(year["entry_situation"], ""),
        wording.said("changed_school") if has_moved else "",
        words.of_kind("wording", "result").get(year["year_result"], ""),
        wording.over_age(year["over_age_years"]),
    ]
    return wording.sentence("; ".join(filter(None, parts)))


def _change(changes: Sequence[Row]) -> str:
    """Say what changed since the list before; nothing where no list before is known."""
    if not changes:
        return ""
    return changes[0]["cause_text"] if changes[0]["is_new"] else wording.said("stayed")

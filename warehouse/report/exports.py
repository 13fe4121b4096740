"""A bulletin's tables as CSV files and as sheets of one XLSX file: names beside codes; no cell is ever a formula."""

from __future__ import annotations

import codecs
import csv
import math
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from warehouse import clock, files
from warehouse.report.figures import Bulletin
from warehouse.report.tables import BulletinTable
from warehouse.report.wording import PLACES, SIGNED, has_names, heading, is_share, shown, texts
from warehouse.spreadsheets import harmless

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False}
FORMATS = {  # kind of a column → how a spreadsheet shows its numbers
    "percent": "0.0%",
    "points": '+0.0" pp";-0.0" pp";0.0" pp"',
    "count": "#,##0",
    "decimal": "0.0",
    "year": "0",
    "date": "dd/mm/yyyy",
    "text": "@",
}
KINDS = {"year": "_year$", "date": "_(at|on|start)$", "count": "^n_", "decimal": "^median_"}  # kind → columns of it
WIDTHS = (32, 80)  # characters of the columns of the first sheet
WIDEST = 260  # pixels of a column
LINE_POINTS = 15  # height of a line


class SheetColumn(NamedTuple):
    """A column of a sheet."""

    heading: str
    kind: str  # in FORMATS
    values: Sequence[Any]


def columns(table: BulletinTable) -> list[SheetColumn]:
    """Return the columns of a table's sheet: one of codes has their names before it."""
    return [column for name in table.columns for column in _columns(table, name)]


def _columns(table: BulletinTable, name: str) -> list[SheetColumn]:
    values = table.column(name)
    if name in PLACES:
        return [SheetColumn(heading(name), "text", [shown(name, value) for value in values])]
    if not has_names(name):
        return [SheetColumn(heading(name), kind(name), values)]
    named = [None if value is None else shown(name, value) for value in values]
    code = texts()["about"]["code"].format(heading=heading(name))
    return [SheetColumn(heading(name), "text", named), SheetColumn(code, "text", values)]


def kind(name: str) -> str:
    """Return the kind of a column, which decides how its numbers are shown."""
    if name in SIGNED:
        return "points"
    if is_share(name):
        return "percent"
    return next((found for found, pattern in KINDS.items() if re.search(pattern, name)), "text")


def write_csv(bulletin: Bulletin, folder: Path) -> list[Path]:
    """Write a file per table, in UTF-8 with a byte order mark for spreadsheets; return the files."""
    return [_csv(table, folder / f"{bulletin.file_name}-{table.key}.csv") for table in bulletin.tables]


def _csv(table: BulletinTable, path: Path) -> Path:
    found = columns(table)
    with files.writing(path) as file:
        writer = csv.writer(codecs.getwriter("utf-8-sig")(file))
        writer.writerow([_csv_heading(column) for column in found])
        writer.writerows(
            zip(*([_csv_value(column, value) for value in column.values] for column in found), strict=True)
        )
    return path


def _csv_heading(column: SheetColumn) -> str:
    """Return a heading with its unit, which no format says in a CSV."""
    units = {"percent": " (%)", "points": " (pp)"}
    return f"{column.heading}{units.get(column.kind, '')}"


def _csv_value(column: SheetColumn, value: object) -> object:
    """Return a cell: shares in percent and differences in points, days as ISO writes them."""
    if column.kind in ("percent", "points") and isinstance(value, int | float):
        return round(100 * value, 2)
    return harmless(value)


def write_xlsx(bulletin: Bulletin, folder: Path) -> Path:
    """Write a first sheet that says what this is, and a sheet per table; return the file."""
    path = folder / f"{bulletin.file_name}.xlsx"
    with files.replacing(path) as aside, xlsxwriter.Workbook(str(aside), OPTIONS) as book:
        _write_about(book, bulletin)
        formats = {name: book.add_format({"num_format": form}) for name, form in FORMATS.items()}
        for table in bulletin.tables:
            _write_table(
                book.add_worksheet(texts()["tables"][table.key]["title"][:31]), table, formats, _headings(book)
            )
    return path


def _headings(book: Workbook) -> dict[bool, Format]:
    """Return the formats of headings, by whether numbers stand below them."""
    look = {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"}
    return {
        is_number: book.add_format(look | {"align": "right" if is_number else "left"}) for is_number in (True, False)
    }


def _write_about(book: Workbook, bulletin: Bulletin) -> None:
    """Write what the file is, from where and when, and what each sheet shows."""
    sheet = book.add_worksheet(texts()["about"]["sheet"])
    bold = book.add_format({"bold": True, "valign": "top", "text_wrap": True})
    wrapped = book.add_format({"text_wrap": True, "valign": "top", "align": "left"})
    for at, width in enumerate(WIDTHS):
        sheet.set_column(at, at, width)
    for number, (name, told) in enumerate(about(bulletin)):
        sheet.write_string(number, 0, name, bold)
        sheet.write_string(number, 1, str(harmless(told)), wrapped)
        sheet.set_row(number, LINE_POINTS * math.ceil(max(len(name) / WIDTHS[0], len(told) / WIDTHS[1])))
    _to_print(sheet, is_wide=False)


def about(bulletin: Bulletin) -> list[tuple[str, str]]:
    """Return what the first sheet says, a name and a text per line."""
    words = texts()["about"]
    told = {
        "what": f"{texts()['title']}: {bulletin.name}",
        "area": bulletin.name,
        "day": f"{bulletin.built_for:%d/%m/%Y}",
        "release": bulletin.release,
        "published_at": f"{bulletin.published_at.replace(tzinfo=UTC).astimezone(clock.LIMA):%d/%m/%Y %H:%M}",
        "source": words["source"],
        "kind": words["synthetic" if bulletin.is_synthetic else "real"],
        "use": words["internal" if bulletin.is_internal else "public"],
        "reading": texts()["reading"] if bulletin.is_internal else f"{texts()['reading']} {texts()['rounding']}",
    }
    return [*((words["rows"][name], text) for name, text in told.items()), *map(_about_sheet, bulletin.tables)]


def _about_sheet(table: BulletinTable) -> tuple[str, str]:
    """Return what the first sheet says of another, or why that has no rows."""
    own = texts()["tables"][table.key]
    name = texts()["about"]["rows"]["table"].format(title=own["title"])
    return name, f"{own['definition']} {own['limits']}" if table.rows else own["empty"]


def _write_table(sheet: Worksheet, table: BulletinTable, formats: dict[str, Format], heads: dict[bool, Format]) -> None:
    """Write a table with a header that stays, filters and numbers as its columns show them."""
    found = columns(table)
    for at, column in enumerate(found):
        sheet.write_string(0, at, column.heading, heads[column.kind not in ("text", "date")])
        for number, value in enumerate(column.values, start=1):
            _write_cell(sheet, (number, at), column.kind, value, formats[column.kind])
    if not table.rows:
        sheet.write_string(1, 0, texts()["tables"][table.key]["empty"])
    else:
        sheet.autofilter(0, 0, len(table.rows), len(found) - 1)
    sheet.freeze_panes(1, 1)
    sheet.autofit(WIDEST)
    sheet.set_row(0, 2 * LINE_POINTS)
    _to_print(sheet, is_wide=True)


def _to_print(sheet: Worksheet, is_wide: bool) -> None:
    """Have a sheet printed on A4, one page wide, with its header on each page."""
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    if is_wide:
        sheet.set_landscape()
        sheet.repeat_rows(0)


def _write_cell(sheet: Worksheet, cell: tuple[int, int], kind: str, value: object, form: Format) -> None:
    if value is None:
        return
    if isinstance(value, date | datetime):
        sheet.write_datetime(*cell, value, form)
    elif isinstance(value, bool):
        sheet.write_string(*cell, shown("is_available", value))
    elif isinstance(value, int | float):
        sheet.write_number(*cell, 100 * value if kind == "points" else value, form)
    else:
        sheet.write_string(*cell, str(harmless(value)), form)

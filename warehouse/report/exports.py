"""A bulletin's tables as CSV and as sheets of one XLSX; no cell of them is ever a formula."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import xlsxwriter

from warehouse.report.figures import Bulletin, Table, heading, texts

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")  # what spreadsheets take a text for that begins so


def harmless(value: object) -> object:
    """Return a value that no spreadsheet reckons: texts that look like formulas begin with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \0").startswith(FORMULAS) else value


def write_csv(bulletin: Bulletin, folder: Path) -> list[Path]:
    """Write a file a table, UTF-8 with a mark so that spreadsheets read it so; return the files."""
    return [_csv(table, folder / f"{bulletin.file_name}-{table.key}.csv") for table in bulletin.tables]


def _csv(table: Table, path: Path) -> Path:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([heading(column) for column in table.columns])
        writer.writerows([harmless(value) for value in row] for row in table.rows)
    return path


def write_xlsx(bulletin: Bulletin, folder: Path) -> Path:
    """Write a sheet a table; return the file."""
    path = folder / f"{bulletin.file_name}.xlsx"
    options = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "dd/mm/yyyy"}
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True})
        for table in bulletin.tables:
            sheet = book.add_worksheet(texts()["tables"][table.key]["title"][:31])
            sheet.write_row(0, 0, [heading(column) for column in table.columns], bold)
            sheet.freeze_panes(1, 0)
            for at, row in enumerate(table.rows, 1):
                _row(sheet, at, row)
            sheet.autofit()
    return path


def _row(sheet: xlsxwriter.worksheet.Worksheet, at: int, row: tuple[object, ...]) -> None:
    for column, value in enumerate(row):
        if isinstance(value, date):
            sheet.write_datetime(at, column, value)
        elif value is not None:
            sheet.write(at, column, harmless(value))

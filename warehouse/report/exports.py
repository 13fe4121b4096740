"""A bulletin's tables as CSV files and as sheets of one XLSX file; no cell is ever a formula."""

from __future__ import annotations

import codecs
import csv
from datetime import date
from pathlib import Path

import xlsxwriter

from warehouse import files
from warehouse.report.figures import Bulletin, BulletinTable, heading, texts
from warehouse.spreadsheets import harmless


def write_csv(bulletin: Bulletin, folder: Path) -> list[Path]:
    """Write a file per table, in UTF-8 with a byte order mark for spreadsheets; return the files."""
    return [_csv(table, folder / f"{bulletin.file_name}-{table.key}.csv") for table in bulletin.tables]


def _csv(table: BulletinTable, path: Path) -> Path:
    with files.writing(path) as file:
        writer = csv.writer(codecs.getwriter("utf-8-sig")(file))
        writer.writerow([heading(column) for column in table.columns])
        writer.writerows([harmless(value) for value in row] for row in table.rows)
    return path


def write_xlsx(bulletin: Bulletin, folder: Path) -> Path:
    """Write a sheet per table; return the file."""
    path = folder / f"{bulletin.file_name}.xlsx"
    options = {"strings_to_formulas": False, "strings_to_urls": False, "default_date_format": "dd/mm/yyyy"}
    with files.replacing(path) as aside, xlsxwriter.Workbook(str(aside), options) as book:
        bold = book.add_format({"bold": True})
        for table in bulletin.tables:
            sheet = book.add_worksheet(texts()["tables"][table.key]["title"][:31])
            sheet.write_row(0, 0, [heading(column) for column in table.columns], bold)
            sheet.freeze_panes(1, 0)
            for number, row in enumerate(table.rows, start=1):
                _write_row(sheet, number, row)
            sheet.autofit()
    return path


def _write_row(sheet: xlsxwriter.worksheet.Worksheet, number: int, row: tuple[object, ...]) -> None:
    for column, value in enumerate(row):
        if isinstance(value, date):
            sheet.write_datetime(number, column, value)
        elif value is not None:
            sheet.write(number, column, harmless(value))

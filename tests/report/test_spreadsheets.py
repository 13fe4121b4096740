"""Whatever writes a table for people passes its cells through the one function that no spreadsheet runs anything after."""

from __future__ import annotations

import re

import pytest

from tests.figures import files
from warehouse.settings import REPOSITORY
from warehouse.spreadsheets import harmless

WRITES = re.compile(
    r"csv\.(writer|DictWriter)\(|\.to_csv\(|[^s]\.write_csv\(|\.to_excel\(|xlsxwriter\.Workbook\(|format csv|format 'csv"
)
# File → why its cells are not for a spreadsheet.
OTHERS = {
    "warehouse/landing/inbox.py": "a delivery: it lands as it is",
    "warehouse/landing/packed.py": "rows for DuckDB, in a temporary folder",
    "warehouse/country/office.py": "deliveries of a synthetic country",
    "warehouse/country/feedback.py": "a delivery of a synthetic country",
    "warehouse/audit/counted.py": "keys, days, and names of files that a contract's pattern matches",
    "ml/train.py": "names of our own, and numbers",
}


def test_every_writer_of_tables_makes_its_cells_harmless() -> None:
    writers = {str(path.relative_to(REPOSITORY)): path.read_text(encoding="utf-8") for path in files(REPOSITORY)}
    found = {name for name, text in writers.items() if WRITES.search(text)}
    assert found >= {"warehouse/report/exports.py", "warehouse/audit/pack.py"}, "the pattern finds those that there are"
    assert {name for name in found if "harmless(" not in writers[name]} == set(OTHERS)


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "\0=", "  @"])
def test_a_text_that_begins_like_a_formula_gets_an_apostrophe(begins: str) -> None:
    assert harmless(f"{begins}cmd|' /C calc'!A0") == f"'{begins}cmd|' /C calc'!A0"


@pytest.mark.parametrize("value", ["a=b", "", "x-y", -1, -1.5, None, True, "150101", "'=a"])
def test_other_cells_stay_as_they_are(value: object) -> None:
    assert harmless(value) is value

"""Whatever writes a table for people passes its cells through the one function that no spreadsheet runs anything after."""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from tests.conftest import Country
from tests.figures import files
from warehouse.report import exports, figures
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


@pytest.fixture(scope="module")
def workbook(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The country's bulletin as XLSX."""
    return exports.write_xlsx(figures.read(country.home), tmp_path_factory.mktemp("workbook"))


def part(workbook: Path, name: str) -> str:
    with zipfile.ZipFile(workbook) as file:
        return file.read(f"xl/{name}.xml").decode()


def test_the_first_sheet_says_what_whence_and_when(workbook: Path, country: Country) -> None:
    assert re.findall(r'<sheet name="([^"]+)"', part(workbook, "workbook"))[:2] == ["Acerca de", "Indicadores"]
    said = part(workbook, "sharedStrings")
    bulletin = figures.read(country.home)
    for told in ("Boletín mensual: Perú", f"{bulletin.built_for:%d/%m/%Y}", bulletin.release, "SIAGIE",
                 "datos sintéticos; ninguna persona existe", "puede publicarse"):  # fmt: skip
        assert told in said, told


def test_sheets_have_a_header_that_stays_filters_and_formats(workbook: Path) -> None:
    sheet = part(workbook, "worksheets/sheet2")
    assert 'state="frozen"' in sheet
    assert "<autoFilter" in sheet
    assert "<f>" not in sheet
    styles = part(workbook, "styles")
    for form in ("0.0%", "dd/mm/yyyy", " pp"):
        assert form in styles, form


def test_codes_have_their_names_before_them(country: Country) -> None:
    (table,) = (table for table in figures.read(country.home).tables if table.key == "indicators")
    found = exports.columns(table)
    assert [column.heading for column in found][:4] == ["Indicador", "Indicador (código)", "Nivel", "Nivel (código)"]
    assert ("Interrupción", "interruption") in zip(found[0].values, found[1].values, strict=True)
    assert {column.kind for column in found} == {"text", "year", "percent", "points", "count"}


OFFICE = shutil.which("soffice")


@pytest.mark.skipif(not OFFICE, reason="LibreOffice is not installed here: apt install libreoffice-calc-nogui")
def test_libreoffice_opens_it_and_shows_percents_and_points(workbook: Path, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,2"  # the second sheet, as it is shown
    subprocess.run([OFFICE, profile, "--headless", "--convert-to", form, "--outdir", str(tmp_path), str(workbook)],
                   check=True, capture_output=True, timeout=120)  # fmt: skip
    (made,) = tmp_path.glob("*.csv")
    heads, *rows = csv.reader(made.open(encoding="utf-8"))
    assert heads[:2] == ["Indicador", "Indicador (código)"]
    shown = [dict(zip(heads, row, strict=True)) for row in rows]
    assert all(re.fullmatch(r"\d+[.,]\d%", row["Porcentaje"]) for row in shown)
    assert any(re.fullmatch(r"[+-]?\d+[.,]\d pp", row["Cambio en un año"]) for row in shown)

"""Senders read in Spanish what is wrong, in which lines and whom it concerns; and no value of the delivery."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.conftest import Country, deliver
from tests.landing import samples
from warehouse.landing import fault_sheets, land
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home


def sheets(home: Home) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in home.fault_sheets.glob("*.md")}


def test_a_refused_file_has_a_sheet_until_the_repaired_one_lands(home: Home, silent: Progress) -> None:
    deliver(home, samples.ATTENDANCE, samples.attendance(header=samples.HEADER.replace("MES", "MEZ")))
    land.land(home, silent)
    text = sheets(home)[samples.ATTENDANCE]
    assert "faltan: mes" in text
    assert "no acordadas: mez" in text
    deliver(home, "SIAGIE_ASISTENCIA_202403_20240411.txt", samples.attendance())
    land.land(home, silent)
    assert sheets(home) == {}


def test_quarantined_lines_are_counted_and_named(home: Home, silent: Progress) -> None:
    rows = list(samples.ROWS)
    rows[3] = rows[3].replace("|20|", "|veinte|")
    rows[9] = rows[9].replace("|20|", "|veinte|")
    deliver(home, samples.ATTENDANCE, samples.attendance(rows))
    land.land(home, silent)
    text = sheets(home)[samples.ATTENDANCE]
    assert "columna dias_abiertos: no es un número válido (líneas 5, 11)" in text
    assert "Hasta 2 niñas" in text
    assert "veinte" not in text


def test_one_line_is_one_child(home: Home, silent: Progress) -> None:
    rows = [samples.ROWS[0].replace("|20|", "|veinte|"), *samples.ROWS[1:]]
    deliver(home, samples.ATTENDANCE, samples.attendance(rows))
    land.land(home, silent)
    assert "Una niña, un niño o adolescente queda sin evaluar" in sheets(home)[samples.ATTENDANCE]


def test_the_countrys_sheets_are_those_of_its_open_faults(country: Country) -> None:
    """The file with a renamed column was repaired later: no sheet; dates that do not exist never were."""
    found = sheets(country.home)
    assert found
    assert all(name.startswith(("DEMUNA_CASOS", "CEM_CASOS", "UPE_CASOS")) for name in found)
    assert all("fecha_ingreso: no es una fecha válida" in text for text in found.values())


def reasons() -> list[str]:
    """Return the literal beginnings of every reason that landing can give."""
    found = []
    for name in ("intake", "land", "reader", "bytescan"):
        tree = ast.parse((REPOSITORY / "warehouse" / "landing" / f"{name}.py").read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                found.append(_example(node.args[0]))
    return found


def _example(node: ast.expr) -> str:
    """Write a message out with 7 for each value."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_example(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _example(node.left) + _example(node.right)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.IfExp):
        return _example(node.value.body)
    if isinstance(node, ast.IfExp):
        return _example(node.body)
    if isinstance(node, ast.FormattedValue) and getattr(node.value, "id", "") in ("where", "at"):
        return ""
    return "7"


@pytest.mark.parametrize("reason", reasons())
def test_every_refusal_has_its_spanish(reason: str) -> None:
    assert fault_sheets.in_spanish(reason) is not None


@pytest.mark.parametrize(
    "reason",
    ["a NUL byte in the text", "empty, but required", "not a valid date", "not a valid double", "not a valid boolean",
     "a later line has the same key", "the last line has no line end: it may be cut",
     "the line has fewer columns than the header", "the line cannot be read", "3 rows where the period before has 9"],
)  # fmt: skip
def test_every_quarantine_has_its_spanish(reason: str) -> None:
    assert fault_sheets.in_spanish(reason) is not None


def test_the_sheets_hold_no_identity(home: Home, silent: Progress) -> None:
    content = samples.enrollment(NOMBRES="ZZCANARIOQ", FECHA_NACIMIENTO="31/02/2014") + "ZZCANARIOQ|x\n"
    deliver(home, samples.ENROLLMENT, content)
    land.land(home, silent)
    found = sheets(home)
    assert len(found) == 1
    assert "ZZCANARIOQ" not in str(found)
    assert not list(Path(home.inbox).glob("*.txt"))

"""Senders read in Spanish what is wrong, in which lines and whom it concerns; and no value of the delivery."""

from __future__ import annotations

from pathlib import Path
from string import Formatter

import pytest

from tests.conftest import Country, deliver
from tests.landing import samples
from warehouse import database, deliveries
from warehouse.deliveries import Fault
from warehouse.landing import fault_sheets, land
from warehouse.progress import Progress
from warehouse.settings import Home


def sheets(home: Home) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in home.fault_sheets.glob("*.md")}


def test_a_refused_file_has_a_sheet_until_the_repaired_one_lands(home: Home, silent: Progress) -> None:
    deliver(home, samples.ATTENDANCE, samples.attendance(header=samples.HEADER.replace("MES", "MEZ")))
    land.land(home, silent)
    text = sheets(home)[samples.ATTENDANCE]
    assert "faltan: mes" in text
    assert "desconocidas en la posición 2" in text  # its name is too short to be surely a column's
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
    assert "columna dias_abiertos: no es un número entero (líneas 5, 11)" in text
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


@pytest.mark.parametrize("fault", list(Fault))
def test_every_fault_has_its_text_in_each_language_with_the_same_values(fault: Fault) -> None:
    english, spanish = (deliveries._catalog(language)[fault] for language in ("en", "es"))
    assert _values(spanish) <= _values(english), fault
    assert fault == Fault.COLUMNS or "{}" not in str(spanish)


def _values(template: str | dict) -> set[str]:
    if isinstance(template, dict):
        return set(template["parts"])
    return {name for _, name, _, _ in Formatter().parse(template) if name}


@pytest.mark.parametrize("language", ["en", "es"])
def test_no_text_is_without_a_fault(language: str) -> None:
    assert set(deliveries._catalog(language)) == set(Fault)


def test_what_landed_before_faults_had_codes_keeps_its_reason(home: Home, silent: Progress) -> None:
    deliver(home, samples.ATTENDANCE, samples.attendance(header=samples.HEADER.replace("MES", "MEZ")))
    land.land(home, silent)
    with database.warehouse(home) as db:
        db.execute("update raw.deliveries set fault = null, details = null, reason = 'an old reason'")
        (sheet,) = fault_sheets.collect(db, [])
    assert sheet.faults == ["El archivo no se recibió: an old reason."]


def test_the_sheets_hold_no_identity(home: Home, silent: Progress) -> None:
    content = samples.enrollment(NOMBRES="ZZCANARIOQ", FECHA_NACIMIENTO="31/02/2014") + "ZZCANARIOQ|x\n"
    deliver(home, samples.ENROLLMENT, content)
    land.land(home, silent)
    found = sheets(home)
    assert len(found) == 1
    assert "ZZCANARIOQ" not in str(found)
    assert not list(Path(home.inbox).glob("*.txt"))

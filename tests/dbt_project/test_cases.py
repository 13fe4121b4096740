"""What becomes of who was listed: feedback lands like any source and moves the cases on."""

from __future__ import annotations

import csv

import duckdb
import pytest

from tests.conftest import Country, deliver, qhawaq
from warehouse.country import feedback
from warehouse.errors import HomeError
from warehouse.settings import Home

CASES = "stg_feedback__case_events int_cases__told int_cases__events+ int_supports__received"
COLUMNS = "ANIO,COD_UGEL,NINO,ASUNTO,ESTADO,FECHA,SERVICIO,MOTIVO"


@pytest.fixture(scope="module")
def told(country: Country, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, list[dict[str, str]]]:
    """Copy the country, let its staff tell, and land it; return the home and what was told."""
    home = country.copy(tmp_path_factory.mktemp("told") / "home", "archive", "compiled")
    file = feedback.deliver(home)
    with file.open(newline="") as rows:
        said = list(csv.DictReader(rows))
    qhawaq(home.root, "land")
    qhawaq(home.root, "build", "--select", CASES)
    return home, said


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_every_line_told_is_accepted(told: tuple[Home, list[dict[str, str]]]) -> None:
    home, said = told
    assert len(said) > 100
    ledger = "select accepted_rows, quarantined_rows from raw.deliveries where source = 'feedback.feedback_case_events'"
    assert ask(home, ledger) == [(len(said), 0)]


def test_a_case_stands_where_its_newest_line_says(told: tuple[Home, list[dict[str, str]]]) -> None:
    home, said = told
    newest: dict[tuple[str, str], str] = {}
    for line in sorted(said, key=lambda line: line["FECHA"]):
        newest[line["NINO"], line["ASUNTO"].lower()] = line["ESTADO"].lower()
    found = {(child, matter): state for child, matter, state in ask(
        home, "select child_key, matter, case_state from education.cases where case_state <> 'listado'")}  # fmt: skip
    assert found == newest
    assert {"asignado", "contactado", "atendido", "descartado", "cerrado"} == set(found.values())


def test_who_is_listed_and_of_whom_nobody_told_is_a_case_too(told: tuple[Home, list[dict[str, str]]]) -> None:
    home, _ = told
    missing = ask(home, "select child_key from education.priority_list except select child_key from education.cases")
    assert missing == []
    assert ask(home, "select count(*) from education.cases where case_state = 'listado'")[0][0] > 0


def test_progress_adds_up_to_the_cases(told: tuple[Home, list[dict[str, str]]]) -> None:
    home, _ = told
    assert ask(
        home,
        "select sum(n_cases), sum(n_contacted), sum(n_closed) from education.case_progress "
        "except select count(*), count(contacted_on), count_if(case_state in ('cerrado', 'descartado')) "
        "from education.cases",
    ) == []  # fmt: skip


def test_a_service_that_staff_gave_counts_as_received(told: tuple[Home, list[dict[str, str]]]) -> None:
    home, said = told
    served = {(line["NINO"], line["SERVICIO"]) for line in said if line["ESTADO"] == "ATENDIDO"}
    received = set(ask(home, "select child_key::varchar, support_code from intermediate.int_supports__received"))
    assert served
    assert served <= received


def test_feedback_has_no_place_for_names_and_a_wrong_column_is_refused(home: Home) -> None:
    deliver(home, "SEGUIMIENTO_CASOS_2025_20250610.csv", COLUMNS + ",NOMBRE\n2025,010001,7,INTERRUPTION,ASIGNADO,"
            "2025-06-01,,,ALGUIEN\n")  # fmt: skip
    said = qhawaq(home.root, "land")
    assert "columns unknown at position 9" in said.stdout + said.stderr  # its name is not shown
    assert "ALGUIEN" not in said.stdout + said.stderr


def test_only_synthetic_staff_tell_by_themselves(home: Home) -> None:
    with pytest.raises(HomeError, match="no synthetic home"):
        feedback.deliver(home)
    home.marker.write_text('{"kind": "synthetic"}')
    with pytest.raises(HomeError, match="no list was published"):
        feedback.deliver(home)

"""The YAML is the only description of a delivery; the real list of districts lands by it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver
from tests.landing import samples
from warehouse import contracts
from warehouse.contracts import reading
from warehouse.errors import QhawaqError
from warehouse.landing import dating, land
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, REPOSITORY, Home

ABOUT_PERSONS = ("feedback_case_events", "siseve_reports", "link_decisions")  # by pseudonym or school: nothing vaulted
REFERENCE = REPOSITORY.parent / "shared" / "reference" / "ubigeo_distrito.csv"


def test_a_column_added_to_the_yaml_lands_without_touching_python(
    home: Home, silent: Progress, tmp_path: Path, monkeypatch
) -> None:
    deliver(home, samples.ATTENDANCE, samples.attendance())
    land.land(home, silent)
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target"))
    path = project / "models" / "staging" / "siagie" / "_siagie_progress__sources.yml"
    text = path.read_text(encoding="utf-8")
    column = "          - name: TARDANZAS\n"
    added = "          - name: SALIDAS\n            data_type: smallint\n            description: Early leaves.\n"
    path.write_text(text.replace(column, added + column, 1), encoding="utf-8")
    monkeypatch.setattr(land, "DBT_PROJECT", project)
    rows = [row + "|4" for row in samples.ROWS]
    deliver(home, samples.ATTENDANCE.replace("202403_20240410", "202404_20240510"),
            samples.attendance([r.replace("2024|3|", "2024|4|") for r in rows], samples.HEADER + "|SALIDAS"))  # fmt: skip
    outcomes = land.land(home, silent)
    assert [(o.status, o.accepted_rows) for o in outcomes] == [("landed", 40)], outcomes
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select salidas, count(*) from raw.siagie_attendance group by 1 order by 1").fetchall() == [
            (4, 40),
            (None, 40),
        ]


@pytest.mark.skipif(not REFERENCE.exists(), reason="the real list of districts is not here")
def test_the_real_list_of_districts_lands(home: Home, silent: Progress) -> None:
    deliver(home, "UBIGEO_DISTRITO_2025_20250108.csv", REFERENCE.read_bytes())
    (outcome,) = land.land(home, silent)
    assert (outcome.status, outcome.delivered_rows) == ("landed", 1893), outcome
    nameless = sum(line.startswith("NA,") for line in REFERENCE.read_text(encoding="utf-8").splitlines())
    assert outcome.quarantined_rows == nameless  # districts so new that they have no code yet
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        n, differ = db.execute(
            "select count(*), count(*) filter (where inei <> reniec) from raw.inei_districts"
        ).fetchone()
    assert n == 1893 - nameless
    assert differ > 1_700


@pytest.mark.parametrize(("change", "says"), [
    ("data_type: smallint", "is none of"), ("domain: education", "is none of"), ("separator:", "unknown meta"),
])  # fmt: skip
def test_a_contract_that_is_not_well_formed_is_named(tmp_path: Path, change: str, says: str) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target"))
    path = project / "models" / "staging" / "siagie" / "_siagie__sources.yml"
    text = path.read_text(encoding="utf-8")
    wrong = {
        "data_type: smallint": "data_type: money",
        "domain: education": "domain: other",
        "separator:": "seperator:",
    }[change]
    path.write_text(text.replace(change, wrong, 1), encoding="utf-8")
    with pytest.raises(QhawaqError, match=says):
        contracts.read(project)


def test_what_may_not_be_empty_is_said_of_the_table_or_of_the_column(tmp_path: Path) -> None:
    whole = contracts.read(DBT_PROJECT)["siagie_attendance"]
    assert {c.name: c.nullable for c in whole.columns}["cod_mod"] is False
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target"))
    path = project / "models" / "staging" / "siagie" / "_siagie_progress__sources.yml"
    column = "          - name: TARDANZAS\n"
    assert {c.name: c.nullable for c in whole.columns}["tardanzas"] is True
    text = path.read_text(encoding="utf-8").replace(column, column + "            data_tests: [not_null]\n", 1)
    path.write_text(text, encoding="utf-8")
    changed = contracts.read(project)["siagie_attendance"]
    now = {c.name for c in changed.columns if not c.nullable}
    assert now == {c.name for c in whole.columns if not c.nullable} | {"tardanzas"}


@pytest.mark.parametrize(("closed", "expected"), [
    (None, date(2025, 11, 20)), (date(2025, 11, 19), date(2025, 11, 20)), (date(2025, 11, 20), date(2025, 11, 21)),
    (date(2025, 11, 30), date(2025, 12, 1)),
])  # fmt: skip
def test_a_late_file_never_counts_on_a_closed_date(closed: date | None, expected: date) -> None:
    assert dating.effective_date(date(2025, 11, 20), closed) == expected


def test_the_later_file_of_a_period_counts_whichever_arrives_first(home: Home, silent: Progress) -> None:
    later = samples.ATTENDANCE.replace("20240410", "20240520")
    deliver(home, later, samples.attendance())
    land.land(home, silent)
    deliver(home, samples.ATTENDANCE, samples.attendance([row.replace("|20|", "|19|") for row in samples.ROWS]))
    land.land(home, silent)
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        rows = dict(db.execute("select file, status from raw.deliveries").fetchall())
    assert rows == {later: "landed", samples.ATTENDANCE: "superseded"}


@pytest.mark.parametrize("column", ["ID_PERSONA", "N_DOC", "APELLIDO_PATERNO", "APODERADO_N_DOC", "unknown"])
def test_what_the_law_keeps_tells_nobody_who_it_is(column: str) -> None:
    columns = samples.CONTRACTS["siagie_enrollments"].columns
    with pytest.raises(QhawaqError, match=f"kept_by_law names {column.lower()}"):
        reading._kept_by_law("a.b", columns, {"why": "x", "columns": [column, "ID_ANIO"]})


def test_whatever_is_about_a_person_has_an_end() -> None:
    found = contracts.read(DBT_PROJECT).values()
    about_persons = [c for c in found if c.vaulted or c.table in ABOUT_PERSONS]
    assert len(about_persons) > 10
    assert [c.name for c in about_persons if not c.retention_years] == []
    public = {c.table for c in found} - {c.table for c in about_persons}
    assert {c.table for c in found if not c.retention_years} == public

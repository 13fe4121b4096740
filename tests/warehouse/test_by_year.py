"""Facts by school year: only touched years are built, and the result is that of building everything."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country
from warehouse.build import built, dbt
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

TABLES = {"int_grades__areas": "siagie_grades", "int_enrollments__spells": "siagie_enrollments",
          "int_attendance__months": "siagie_attendance"}  # fmt: skip
SELECTION = ("--select", *TABLES)


@pytest.fixture
def own(country: Country, tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    return home


def change(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.warehouse)) as db:
        for statement in statements:
            db.execute(statement)


def rows(home: Home, table: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(f"select * from intermediate.{table} order by all").fetchall()


def landed(home: Home, table: str, year: int) -> str:
    """Land some rows of a year again, corrected, as a late file would; return its name."""
    file, source = f"LATE_{table}_{year}.txt", f"{'siagie' if 'enroll' in table else 'siagie_progress'}.{table}"
    change(
        home,
        f"insert into raw.{table} select * replace ('{file}' as _file, _delivered_at + 700 as _delivered_at, "
        f"known_at + 700 as known_at) from raw.{table} where id_anio = {year} order by _file, _line limit 40",
        f"insert into raw.deliveries (file, sha256, source, period, status, delivered_at, landed_at, effective_at) values "
        f"('{file}', '{file}', '{source}', '{year}', 'landed', date '{year + 2}-01-01', now()::timestamp, "
        f"date '{year + 2}-01-01')",
    )
    return file


def test_a_late_file_changes_its_year_only_and_as_a_full_build_would(
    own: Home, silent: Progress, tmp_path: Path
) -> None:
    before = {table: rows(own, table) for table in TABLES}
    files = {table: landed(own, raw, 2023) for table, raw in TABLES.items()}
    whole = Home(Path(shutil.copytree(own.root, tmp_path / "whole")))
    # were everything built again, this would be seen: nothing in the other years may be touched
    change(
        own, *(f"update intermediate.{table} set known_at = known_at - 1 where school_year = 2019" for table in TABLES)
    )
    dbt.build(own, silent, SELECTION)
    dbt.build(whole, silent, SELECTION, full_refresh=True)
    for table, file in files.items():
        expected = rows(whole, table)
        year = [name for (name,) in _columns(own, table)].index("school_year")
        found = rows(own, table)
        assert [r for r in found if r[year] != 2019] == [r for r in expected if r[year] != 2019], table
        assert [r for r in found if r[year] == 2019] != [r for r in expected if r[year] == 2019], table
        assert any(file in row for row in expected), table
        assert expected != before[table], table


def _columns(home: Home, table: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(
            "select column_name from information_schema.columns where table_name = ? order by ordinal_position", [table]
        ).fetchall()


def test_rows_of_a_deleted_file_go(own: Home, silent: Progress) -> None:
    with duckdb.connect(str(own.warehouse)) as db:
        (file,) = db.execute("select min(_file) from raw.siagie_grades where id_anio = 2022").fetchone()
        db.execute("delete from raw.siagie_grades where _file = ?", [file])
        db.execute("update raw.deliveries set deleted_on = date '2031-01-01' where file = ?", [file])
    assert any(file in row for row in rows(own, "int_grades__areas"))
    dbt.build(own, silent, ("--select", "int_grades__areas"))
    assert not any(file in row for row in rows(own, "int_grades__areas"))


def test_changed_code_of_a_view_below_builds_every_year_again(own: Home, silent: Progress, tmp_path: Path) -> None:
    project = Path(shutil.copytree(DBT_PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs")))
    definitions = project / "macros" / "definitions.sql"
    definitions.write_text(
        definitions.read_text().replace("case {{ clean }} when 'C' then 1", "case {{ clean }} when 'C' then 2")
    )
    before = rows(own, "int_grades__areas")
    dbt.build(own, silent, ("--select", "stg_siagie__grades", "int_grades__areas"), project=project, tests=False)
    assert rows(own, "int_grades__areas") != before
    dbt.build(own, silent, ("--select", "stg_siagie__grades", "int_grades__areas"), tests=False)
    assert rows(own, "int_grades__areas") == before


def test_what_was_tested_is_forgotten_with_other_code_and_counts_only_when_both_halves_are_green(own: Home) -> None:
    with duckdb.connect(str(own.warehouse)) as db:
        tested = lambda: db.execute("select count(*) from raw.built_files").fetchone()[0]  # noqa: E731
        late = "(select max(file) from raw.deliveries where status = 'landed')"
        landed_at = db.execute(f"update raw.deliveries set status = 'refused' where file = {late} returning file")
        (name,) = landed_at.fetchone()
        built.begin(db, "one")
        db.execute(
            "update raw.deliveries set status = 'landed' where file = ?", [name]
        )  # it lands while the rest is built
        built.half_done(db, "one")
        built.done(db, "other")
        assert tested() == 0
        built.done(db, "one")
        seen = tested()
        assert seen > 200
        assert db.execute("select * from raw.built_files where file = ?", [name]).fetchall() == []
        built.begin(db, "one")
        assert tested() == seen
        built.begin(db, "other")
        assert tested() == 0
        built.half_done(db, "one")  # other code began since
        built.done(db, "one")
        assert tested() == 0


def test_a_fault_in_a_new_file_is_found_beside_what_was_tested(own: Home, silent: Progress) -> None:
    from warehouse.errors import BuildFailed

    dbt.build(own, silent, ("--select", "stg_siagie__grades"))
    landed(own, "siagie_grades", 2023)
    change(own, "insert into raw.siagie_grades select * from raw.siagie_grades where _file like 'LATE%'")
    with pytest.raises(BuildFailed, match="unique_together_stg_siagie__grades"):
        dbt.build(own, silent, ("--select", "stg_siagie__grades"))

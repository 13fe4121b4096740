"""Facts by school year: only touched years are built, and the result is that of building everything."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests import few, homes
from tests.conftest import Country
from warehouse.build import tested
from warehouse.settings import Home

TABLES = {"int_grades__areas": "siagie_grades", "int_enrollments__spells": "siagie_enrollments",
          "int_attendance__months": "siagie_attendance"}  # fmt: skip
SELECTION = ("--select", *TABLES)


@pytest.fixture
def own(country: Country, tmp_path: Path) -> Home:
    return country.to_build(tmp_path / "home")


def change(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.warehouse)) as db:
        for statement in statements:
            db.execute(statement)


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def differing(one: Home, other: Home, table: str = "int_grades__areas", where: str = "true") -> set[int]:
    """Return the school years of the rows that stand in one home only."""
    with duckdb.connect() as db:
        for name, home in (("one", one), ("other", other)):
            db.execute(f"attach '{home.warehouse}' as {name} (read_only)")
        own, others = (f"select * from {name}.intermediate.{table} where {where}" for name in ("one", "other"))
        apart = f"(({own}) except all ({others})) union all (({others}) except all ({own}))"
        return {year for (year,) in db.execute(f"select distinct school_year from ({apart})").fetchall()}


def of_file(home: Home, table: str, file: str) -> int:
    return ask(home, f"select count(*) from intermediate.{table} where _file = '{file}'")[0][0]


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


@dataclass(frozen=True)
class Late:
    """A country to which late files came and of which one was deleted: built by year, and built whole."""

    own: Home
    whole: Home
    files: dict[str, str]
    deleted: str


@pytest.fixture(scope="module")
def late(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Late:
    root = tmp_path_factory.mktemp("late")
    own = country.to_build(root / "own")
    files = {table: landed(own, raw, 2023) for table, raw in TABLES.items()}
    (deleted,) = ask(own, "select min(_file) from raw.siagie_grades where id_anio = 2022")[0]
    change(
        own, f"delete from raw.siagie_grades where _file = '{deleted}'",
        f"update raw.deliveries set deleted_on = date '2031-01-01' where file = '{deleted}'",
    )  # fmt: skip
    whole = homes.copy(own.root, Home(root / "whole"))
    # were everything built again, this would be seen: nothing in the other years may be touched
    change(
        own, *(f"update intermediate.{table} set known_at = known_at - 1 where school_year = 2019" for table in TABLES)
    )
    for home in (own, whole):  # without dbt's tests: these judge other promises
        few.without_tests(home, *SELECTION, full_refresh=home == whole)
    return Late(own, whole, files, deleted)


@pytest.mark.parametrize("table", TABLES)
def test_a_late_file_changes_its_year_only_and_as_a_full_build_would(late: Late, country: Country, table: str) -> None:
    assert differing(late.own, late.whole, table) == {2019}
    assert of_file(late.whole, table, late.files[table]) > 0
    of_deleted = {2022} if table == "int_grades__areas" else set()
    assert differing(late.whole, country.home, table) == {2023} | of_deleted


def test_rows_of_a_deleted_file_go(late: Late, country: Country) -> None:
    assert of_file(country.home, "int_grades__areas", late.deleted) > 0
    assert of_file(late.own, "int_grades__areas", late.deleted) == 0


def test_changed_code_of_a_view_below_builds_every_year_again(own: Home, country: Country) -> None:
    """The view is changed as the database holds it, for dbt would parse a changed project anew."""
    ((view,),) = ask(own, "select sql from duckdb_views() where view_name = 'stg_siagie__grades'")
    select = view.partition(" AS ")[2].rstrip(";")
    change(
        own, "create or replace view staging.stg_siagie__grades as select * replace "
        f"(if(competence_1_points = 1, 2, competence_1_points) as competence_1_points) from ({select})"
    )  # fmt: skip
    few.without_tests(own, "--select", "int_grades__areas")
    ((years,),) = ask(country.home, "select list(distinct school_year) from intermediate.int_grades__areas")
    assert differing(own, country.home) == set(years)
    few.without_tests(own, "--select", "stg_siagie__grades", "int_grades__areas")
    assert differing(own, country.home) == set()


def test_what_was_tested_is_forgotten_with_other_code_and_counts_only_when_both_halves_are_green(own: Home) -> None:
    with duckdb.connect(str(own.warehouse)) as db:
        counted = lambda: db.execute("select count(*) from raw.built_files").fetchone()[0]  # noqa: E731
        late = "(select max(file) from raw.deliveries where status = 'landed')"
        landed_at = db.execute(f"update raw.deliveries set status = 'refused' where file = {late} returning file")
        (name,) = landed_at.fetchone()
        tested.begin(db, "one")
        db.execute(
            "update raw.deliveries set status = 'landed' where file = ?", [name]
        )  # it lands while the rest is built
        tested.first_half_done(db, "one")
        tested.done(db, "other")
        assert counted() == 0
        tested.done(db, "one")
        seen = counted()
        assert seen > 200
        assert db.execute("select * from raw.built_files where file = ?", [name]).fetchall() == []
        tested.begin(db, "one")
        assert counted() == seen
        tested.begin(db, "other")
        assert counted() == 0
        tested.first_half_done(db, "one")  # other code began since
        tested.done(db, "one")
        assert counted() == 0


def test_a_fault_in_a_new_file_is_found_beside_what_was_tested(own: Home) -> None:
    from warehouse.errors import BuildFailed

    test = "unique_together_stg_siagie__grades*"
    assert few.build(own, test).tests == 1
    landed(own, "siagie_grades", 2023)
    change(own, "insert into raw.siagie_grades select * from raw.siagie_grades where _file like 'LATE%'")
    with pytest.raises(BuildFailed, match="unique_together_stg_siagie__grades"):
        few.build(own, test)

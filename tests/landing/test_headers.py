"""What differs by year or layout is said in the contract: when a column must be there, what it is called, what is left out."""

from __future__ import annotations

import duckdb
import pytest

from tests.conftest import deliver
from tests.landing import samples
from warehouse import seeds
from warehouse.contracts import Column, reading
from warehouse.errors import QhawaqError
from warehouse.landing import land
from warehouse.landing.ledger import Outcome
from warehouse.progress import Progress
from warehouse.settings import Home

TRAJECTORIES = samples.CONTRACTS["minedu_trajectories"]
RESULTS = ("desaprobado", "promocionguiada")


def landed(home: Home, name: str, content: str) -> Outcome:
    deliver(home, name, content, "utf-8")
    (outcome,) = land.land(home, Progress(quiet=True))
    return outcome


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def totals(home: Home, year: int, *results: str, **more: str) -> Outcome:
    """Land the totals of a year with some of the columns of results, and more columns."""
    row = {column.name: "1" for column in TRAJECTORIES.columns if column.name not in RESULTS}
    row |= {"cod_mod": "300000", "anexo": "0", "id_nivel": "B0", "edad": "7.0"} | dict.fromkeys(results, "3") | more
    name = f"MATRICULACION_TRAYECTORIA_{year}_{year + 1}0615.csv"
    return landed(home, name, "\n".join([",".join(row), ",".join(row.values())]) + "\n")


@pytest.mark.parametrize(
    ("year", "results", "status"),
    [
        (2021, ["promocionguiada"], "landed"),
        (2022, ["promocionguiada"], "landed"),
        (2022, ["desaprobado"], "refused"),
        (2022, ["promocionguiada", "desaprobado"], "landed"),
        (2023, ["promocionguiada"], "refused"),
        (2023, ["desaprobado"], "landed"),
        (2024, ["promocionguiada", "desaprobado"], "landed"),
        (2024, [], "refused"),
    ],
)
def test_a_column_must_be_there_in_its_years(home: Home, year: int, results: list[str], status: str) -> None:
    outcome = totals(home, year, *results)
    assert outcome.status == status, outcome
    if status == "landed":
        told = {name: 3 if name in results else None for name in RESULTS}
        assert ask(home, "select desaprobado, promocionguiada from raw.minedu_trajectories") == [tuple(told.values())]
    else:
        assert f"missing: {'promocionguiada' if year < 2023 else 'desaprobado'}" in (outcome.reason or "")


def test_a_row_without_an_age_lands(home: Home) -> None:
    assert totals(home, 2024, "desaprobado", edad="").accepted_rows == 1


def test_a_row_without_pupils_does_not(home: Home) -> None:
    outcome = totals(home, 2024, "desaprobado", totalestudiantes="")
    assert "every line has a fault" in (outcome.reason or ""), outcome


def test_an_unknown_column_of_a_public_file_is_left_out_and_named(home: Home) -> None:
    outcome = totals(home, 2024, "desaprobado", nuevo_2024="9")
    assert (outcome.status, outcome.accepted_rows) == ("landed", 1)
    assert outcome.reason == "columns left out: nuevo_2024"
    assert "nuevo_2024" not in {name for (name,) in ask(home, "select column_name from duckdb_columns()")}


def test_an_unknown_column_of_a_file_about_people_is_refused(home: Home) -> None:
    rows = [f"{row}|9" for row in samples.ROWS]
    assert landed(home, samples.ATTENDANCE, samples.attendance(rows, samples.HEADER + "|NUEVO")).status == "refused"


def test_a_column_twice_is_refused_under_any_name(home: Home) -> None:
    content = "IDDIST,NOMBDEP,NOMBPROV,NOMBDIST,NOMBDIST\n010101,A,B,C,D\n"
    outcome = landed(home, "UBIGEO_DISTRITO_2023_20230108.csv", content)
    assert (outcome.status, outcome.reason) == ("refused", "columns twice: nombdist")


@pytest.mark.parametrize(
    "header",
    [
        "IDDIST,NOMBDEP,NOMBPROV,NOMBDIST",
        "UBIGEO,DEPARTAMENTO,PROVINCIA,DISTRITO",
        "Ubigeo,Departamento,Provincia,Distrito,Poblacion",
        "inei,departamento,provincia,distrito,reniec",
    ],
)
def test_known_layouts_of_the_list_of_districts_land(home: Home, header: str) -> None:
    row = ["010101", "AMAZONAS", "CHACHAPOYAS", "MARISCAL BENAVIDES", "010102"][: header.count(",") + 1]
    outcome = landed(home, "UBIGEO_DISTRITO_2023_20230108.csv", f"{header}\n{','.join(row)}\n")
    assert (outcome.status, outcome.accepted_rows) == ("landed", 1), outcome
    found = ask(home, "select inei, departamento, provincia, distrito from raw.inei_districts")
    assert found == [("010101", "AMAZONAS", "CHACHAPOYAS", "MARISCAL BENAVIDES")]


def test_the_header_named_first_counts_wherever_it_stands() -> None:
    register = samples.CONTRACTS["escale_schools"]
    for headers in (["gestion", "d_gestion"], ["d_gestion", "gestion"]):
        assert register.named(headers) == {"d_gestion": "gestion"}
    assert register.named(["gestion", "nadie"]) == {"gestion": "gestion"}


@pytest.mark.parametrize(("period", "must"), [("2020", False), ("2021", True), ("202206", True), ("2023", False)])
def test_since_and_until_hold_on_their_boundaries(period: str, must: bool) -> None:
    column = Column("a", "varchar", True, False, None, None, optional=False, since="2021", until="2022")
    assert column.must_be_in(period) == must


def test_no_contract_about_people_may_leave_columns_out() -> None:
    meta = {"file_pattern": "A_(?P<period>x)", "other_columns": "left_out", "retention_years": 5}
    table = {"name": "t", "columns": [], "config": {"meta": meta}}
    source = {"name": "s", "config": {"meta": {"domain": "education"}}}
    with pytest.raises(QhawaqError, match="other_columns"):
        reading._contract(source, table)


def test_the_levels_in_words_are_those_that_the_register_s_contract_accepts() -> None:
    in_words = {row["level"] for row in seeds.rows("levels")}
    columns = {column.name: column for column in samples.CONTRACTS["escale_schools"].columns}
    codes = columns["estadistica_nivelmodalidad"].codes
    assert codes
    assert set(codes.accepted) == in_words

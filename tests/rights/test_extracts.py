"""An analyst's extract names nobody, is told of to families, and ends on its day or when one of its children is erased."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Country, qhawaq
from warehouse import clock, keys
from warehouse.audit import looks
from warehouse.rights import extracts
from warehouse.settings import Home

PURPOSE = "Estudio de la transición a secundaria"
TODAY = clock.today()
ASKED = ("--for", "Ana Quispe", "--purpose", PURPOSE, "--areas")
LIMIT = str(TODAY + timedelta(days=30))


@pytest.fixture(scope="module")
def home(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = country.copy(tmp_path_factory.mktemp("extracts") / "home", "archive", "compiled")
    said = qhawaq(home.root, "export-analysts", *ASKED, "08,15", "--until", LIMIT).stdout
    assert said.startswith("extract 1 for Ana Quispe")
    return home


def with_pupils_only(country: Country, to: Path) -> Home:
    """Copy what extracts are made of: an erasure in all of the country takes ten times as long."""
    home = country.copy(to, "archive", "compiled", "serving", "features")
    with duckdb.connect(str(home.warehouse)) as db:
        for schema in ("intermediate", "features", "outcomes", "scores", "officials", "operations"):
            db.execute(f"drop schema {schema} cascade")
    return home


def pupils(home: Home, number: int = 1) -> duckdb.DuckDBPyRelation:
    return duckdb.read_parquet(str(home.root / "extracts" / f"{number:04}" / extracts.PUPILS))


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_of_school_grade_sex_and_age_it_says_what_five_pupils_of_a_year_share(home: Home) -> None:
    told = pupils(home)
    assert told.columns == ["school_year", *extracts.COLUMNS, *extracts.MEASURES]
    cells = told.aggregate(", ".join(["count(*) as n", "school_year", *extracts.COLUMNS])).fetchall()
    assert min(cell[0] for cell in cells) == extracts.SMALLEST
    assert {row[0] for row in told.project("department_code").distinct().fetchall()} == {"08", "15"}


def test_what_is_left_out_and_what_is_told_are_all_pupils_of_the_places(home: Home) -> None:
    ((told, left_out),) = ask(home, "select n_rows, n_left_out from raw.analyst_extracts")
    ((every,),) = ask(
        home,
        "select count(*) from star.fct_enrollment_year join star.dim_school using (school_key) "
        "where department_code in ('08', '15')",
    )
    assert told + left_out == every
    assert told == len(pupils(home).fetchall())
    assert left_out < every / 10


def test_nothing_in_it_leads_to_a_child(home: Home) -> None:
    folder = home.root / "extracts" / "0001"
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        extracts.PUPILS: 0o600,
        extracts.SCHOOLS: 0o600,
        extracts.README: 0o600,
    }
    known = {str(key) for (key,) in ask(home, "select child_key from star.dim_pupil")}
    for path in folder.glob("*.parquet"):
        rows = duckdb.read_parquet(str(path)).fetchall()
        assert known.isdisjoint(str(value) for row in rows for value in row)
    assert "DATOS SINTÉTICOS" in (folder / extracts.README).read_text(encoding="utf-8")


def test_a_family_is_told_who_has_its_childs_row(home: Home) -> None:
    ((inside,),) = ask(home, "select min(child_key) from raw.analyst_extract_pupils")
    ((outside,),) = ask(
        home,
        "select min(child_key) from star.dim_pupil where child_key not in (select child_key from raw.analyst_extract_pupils)",
    )
    secret = keys.load(home.secrets)
    (look,) = (one for one in looks.of_child(home, secret, inside).looks if one.what == extracts.ACTION)
    assert (look.who, look.why) == ("Ana Quispe", f"extract 1, {PURPOSE}")
    assert not [one for one in looks.of_child(home, secret, outside).looks if one.what == extracts.ACTION]


@pytest.mark.parametrize(
    ("areas", "until", "said"),
    [
        ("08", str(TODAY), "a day after today"),
        ("08", str(TODAY + timedelta(days=367)), "at most 366 days"),
        ("08,99", LIMIT, "no school is in 99"),
    ],
)
def test_what_may_not_be_given_is_refused(home: Home, areas: str, until: str, said: str) -> None:
    assert said in qhawaq(home.root, "export-analysts", *ASKED, areas, "--until", until, expect=2).stderr


def test_an_extract_needs_a_purpose_and_a_folder_of_its_own(home: Home, tmp_path: Path) -> None:
    until = ("--areas", "08", "--until", LIMIT)
    assert (
        "in a sentence why"
        in qhawaq(home.root, "export-analysts", "--for", "A B", "--purpose", "...", *until, expect=2).stderr
    )
    assert "needs --for" in qhawaq(home.root, "export-analysts", "--for", "A B", *until, expect=2).stderr
    said = qhawaq(home.root, "export-analysts", *ASKED, "08", "--until", LIMIT, "--to", str(tmp_path), expect=2).stderr
    assert "folder of its own" in said
    assert ask(home, "select count(*) from raw.analyst_extracts where folder like '%pytest%tmp_path%'") == [(0,)]


def test_it_ends_when_a_child_in_it_is_erased_and_no_other_one_does(country: Country, tmp_path: Path) -> None:
    home = with_pupils_only(country, tmp_path / "home")
    for areas in ("08", "15"):
        qhawaq(home.root, "export-analysts", *ASKED, areas, "--until", LIMIT)
    with duckdb.connect(str(home.warehouse)) as db:
        ((child,),) = db.execute(
            "select child_key from raw.analyst_extract_pupils group by 1 having max(number) = 1 limit 1"
        ).fetchall()
        assert extracts.of_children(db, [child]) == [1]
    qhawaq(home.root, "subject", "erase", str(child), "--reason", "pedido de la familia por escrito", "--yes")
    listed = qhawaq(home.root, "export-analysts", "--list").stdout.splitlines()
    assert "a child in it was erased" in listed[0]
    assert f"until {LIMIT}" in listed[1]
    assert [path.name for path in (home.root / "extracts").iterdir()] == ["0002"]


def test_it_ends_on_its_day_and_by_hand_and_says_what_was_moved(country: Country, tmp_path: Path) -> None:
    home = with_pupils_only(country, tmp_path / "home")
    for _ in range(3):
        qhawaq(home.root, "export-analysts", *ASKED, "08", "--until", LIMIT)
    with duckdb.connect(str(home.warehouse)) as db:
        until = date.fromisoformat(LIMIT)
        assert extracts.expired(db, until) == []
        assert extracts.expired(db, until + timedelta(days=1)) == [1, 2, 3]
        (home.root / "extracts" / "0001").rename(tmp_path / "elsewhere")
        (moved,) = extracts.end(db, [1, 2], "its day has come", until)
        assert moved.startswith("extract 1 of Ana Quispe")
        assert extracts.expired(db, until + timedelta(days=1)) == [3]
    assert "its files were moved away: ask for them" in qhawaq(home.root, "export-analysts", "--end", "3").stdout
    assert list((home.root / "extracts").iterdir()) == []
    assert "has ended" in qhawaq(home.root, "export-analysts", "--end", "3", expect=2).stderr


rows = st.lists(
    st.tuples(*(st.sampled_from([None, "a", "b"]) for _ in extracts.COLUMNS), st.sampled_from([2023, 2024])),
    max_size=60,
)


@given(rows)
def test_whatever_the_pupils_are_what_is_told_is_shared_by_five(drawn: list[tuple]) -> None:
    with duckdb.connect(":memory:") as db:
        columns = ", ".join(f"{name} varchar" for name in extracts.COLUMNS)
        db.execute(f"create temp table waiting (id int, {columns}, school_year int)")
        if drawn:
            marks = ", ".join("?" for _ in range(len(extracts.COLUMNS) + 2))
            db.executemany(f"insert into waiting values ({marks})", [(n, *row) for n, row in enumerate(drawn)])
        left_out = extracts._coarsen(db)
        told = db.execute("select * from told").fetchall()
    assert len(told) + left_out == len(drawn)
    assert all(n >= extracts.SMALLEST for n in Counter(row[1:] for row in told).values())
    for number, *row in told:  # coarser, and never other than it is
        assert all(shown in (None, true) for shown, true in zip(row, drawn[number], strict=True))


def test_a_home_that_never_wrote_one_has_none_that_is_due() -> None:
    with duckdb.connect() as db:
        assert extracts.expired(db, TODAY) == []
        assert extracts.of_children(db, [7]) == []

"""`qhawaq check-history` finds what was broken on purpose on any closed date, says where, and what to do."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from tests import homes
from tests.conftest import qhawaq
from warehouse.build import closing, history, history_tests
from warehouse.build.history_tests import HistoryTest
from warehouse.progress import Progress
from warehouse.settings import Home

SILENT = Progress(quiet=True)


@pytest.fixture(scope="module")
def tests() -> list[HistoryTest]:
    """The compiled tests: dbt takes longer to compile them than the database to run them."""
    return history_tests.compiled(Home(homes.get("short") / "home"), SILENT)


@pytest.fixture
def home(tmp_path: Path, tests: list[HistoryTest], monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(history_tests, "compiled", lambda *_: tests)
    return copied(tmp_path / "home")


def copied(to: Path) -> Home:
    return homes.copy(homes.get("short") / "home", Home(to), "archive", "serving", "compiled")


def change(home: Home, *statements: str) -> None:
    with duckdb.connect(str(home.warehouse)) as db:
        for statement in statements:
            db.execute(statement)


def closed(home: Home) -> tuple[str, str, str]:
    """Return the first, a middle and the last closed date."""
    days = list(closing.kept(home))
    return days[0], days[len(days) // 2], days[-1]


def differences(home: Home) -> list[str]:
    return history.check(home, SILENT).differences


def test_what_nobody_broke_is_whole_and_every_test_was_run(home: Home) -> None:
    said = qhawaq(home.root, "check-history")
    assert re.search(r"12 closed dates are as they were closed, 2\d\d tests passed on all", said.stdout)
    assert "12/12" in said.stderr


# Table → how one row of it is broken on each of these dates, and what is said of it.
ROWS = {
    "child_school": (
        "update {table} set school_pupils = school_pupils + 1 where {one}",
        "1 rows changed in school_pupils",
    ),
    "child_place": ("delete from {table} where {one}", "1 rows lacking"),
    "child_work": ("insert into {table} from {table} where {one}", "1 rows too many"),
    "child_grades": ("update {table} set child_key = -1 where {one}", "1 rows lacking, 1 rows too many"),
}
OF_NO_PARQUET = "intermediate.int_attendance__years"


@dataclass(frozen=True)
class Broken:
    """What is said of a home in which several tables were broken on the same dates, each in its own way."""

    days: tuple[str, str, str]
    found: list[str]


@pytest.fixture(scope="module")
def broken(tests: list[HistoryTest], tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """Break and check once: one check takes as long whatever it finds."""
    home = copied(tmp_path_factory.mktemp("broken") / "home")
    days = closed(home)
    listed = ", ".join(f"date '{day}'" for day in days)
    one = "rowid in (select min(rowid) from {table} where as_of_date in ({days}) {known} group by as_of_date)"
    for name, (how, _) in ROWS.items():
        known = "and school_pupils is not null" if "school_pupils" in how else ""
        table = f"features.{name}"
        change(home, how.format(table=table, one=one.format(table=table, days=listed, known=known)))
    change(home, *(f"insert into {OF_NO_PARQUET} from {OF_NO_PARQUET} where as_of_date = date '{day}' limit 1"
                   for day in days))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_tests, "compiled", lambda *_: tests)
        return Broken(days, differences(home))


@pytest.mark.parametrize("table", ROWS)
def test_one_row_that_differs_from_its_parquet_is_found_on_any_date(broken: Broken, table: str) -> None:
    found = [text for text in broken.found if f"features.{table} differs from" in text]
    assert len(found) == len(broken.days)
    for said, day in zip(found, broken.days, strict=True):
        assert f"on {day}: {ROWS[table][1]};" in said
        assert "call 'qhawaq build'" in said


def test_a_row_that_no_parquet_has_is_judged_by_its_tests_on_any_date(broken: Broken) -> None:
    found = [text for text in broken.found if "int_attendance__years" in text]
    assert len(found) == len(broken.days)
    for said, day in zip(found, broken.days, strict=True):
        assert re.match(rf"unique_together_int_attendance__years\w+: 1 rows fail on {day};", said)


def test_what_nobody_broke_is_named_nowhere(broken: Broken) -> None:
    """Of the tables that were left alone, and of other dates, nothing is said."""
    tables = "|".join([*ROWS, "int_attendance__years"])
    assert [text for text in broken.found if not re.search(rf"\b(\w*_)?({tables})", text)] == []
    assert [text for text in broken.found if not any(day in text for day in broken.days)] == []


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize(("broken", "says"), [(flipped, "is damaged"), (Path.unlink, "is missing")])
def test_a_file_that_changed_or_went_is_named(home: Home, broken: Callable[[Path], None], says: str) -> None:
    paths = [home.features / f"as_of={day}" / "features.parquet" for day in closed(home)]
    for path in paths:
        broken(path)
    found = differences(home)
    assert len(found) == len(paths)
    for said, path in zip(found, paths, strict=True):
        assert said.startswith(f"{path} {says}")
        assert "'qhawaq build' writes it again" in said


def test_a_table_that_lost_a_date_and_a_manifest_without_one_are_named(home: Home) -> None:
    first, middle, _ = closed(home)
    change(home, f"delete from intermediate.int_pupils__peers where as_of_date = date '{middle}'")
    manifest = home.features / "manifest.json"
    manifest.write_text(manifest.read_text().replace(first, "2017-01-31"))
    said = "\n".join(differences(home))
    assert f"int_pupils__peers lacks the closed date {middle}: call 'qhawaq build'" in said
    assert f"{manifest} lacks the closed date {first}: restore" in said
    assert "has the date 2017-01-31, which raw.closed_dates lacks" in said


def test_it_fails_with_all_that_differs_and_changes_nothing(home: Home) -> None:
    shutil.rmtree(home.features / f"as_of={closed(home)[-1]}")
    change(home, "insert into features.child_place from features.child_place limit 1")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        before = db.execute("select count(*) from features.child_place").fetchone()
    said = qhawaq(home.root, "check-history", expect=1).stderr
    assert "differences in 12 closed dates" in said
    assert "is missing" in said
    assert "Traceback" not in said
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select count(*) from features.child_place").fetchone() == before


def test_dates_are_tested_in_parts_that_fit_into_memory(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small the limit, each part has a date, and all dates are in some part."""
    days = list(closing.kept(home))
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        pupils = dict(db.execute(history_tests.PUPILS).fetchall())
        for most, parts in ((1, len(days)), (sum(pupils.values()), 1), (sum(pupils.values()) - 1, 2)):
            monkeypatch.setattr("warehouse.build.policy.variables", lambda most=most: {"rows_joined_at_once": most})
            chunks = list(history_tests.chunks(db, days))
            assert len(chunks) == parts
            assert [part.name for chunk in chunks for part in chunk] == days

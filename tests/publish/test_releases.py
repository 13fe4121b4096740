"""Readers see one complete, verified build or the one before: never a part, a mixture, or an error."""

from __future__ import annotations

import json
import struct
import threading
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country
from warehouse import database
from warehouse.errors import BuildFailed, DamagedFile, HomeError
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.publish import releases, serving
from warehouse.settings import Home

READABLE_BY_1_5_4 = range(64, 69)


@pytest.fixture
def small(tmp_path: Path, silent: Progress) -> Home:
    """A warehouse with one small mart for each audience."""
    home = Home(tmp_path / "home")
    home.claim("synthetic")
    db = database.warehouse(home)
    tables.prepare(db)
    db.execute("insert into raw.calendar values (date '2025-12-05')")
    db.execute(
        "create schema intermediate; create table intermediate.int_lists__current as select 1::bigint as child_key, "
        "date '2025-11-30' as as_of_date, 'interruption' as outcome, 'm' as model_version"
    )
    for audience, area in serving.AUDIENCES.items():
        db.execute(f"create schema {audience}")
        place = f", '150{{}}01' as {area}" if area else ""
        rows = " union all ".join(f"select {n}::bigint as n, 'a' as text" + place.format(n) for n in (1, 2))
        db.execute(f"create table {audience}.{'page' if audience == 'service' else 'mart'} as {rows}")
    db.close()
    return home


def read(path: Path) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as db:
        return db.execute("select n, release_id from mart order by 1").fetchall()


def test_one_release_id_everywhere(small: Home, silent: Progress) -> None:
    release, files = releases.publish(small, silent, "k" * 8)
    links = sorted(small.serving.rglob("current.duckdb"))
    assert len(links) == files == 7
    for link in links:
        assert {row[1] for row in read(link)} == {release}
        assert not link.readlink().is_absolute()
        assert not Path(f"{link.resolve()}.wal").exists()


def test_an_area_gets_its_own_rows_only(small: Home, silent: Progress) -> None:
    releases.publish(small, silent, "k" * 8)
    assert [row[0] for row in read(small.serving / "education" / "150101" / "current.duckdb")] == [1]
    assert [row[0] for row in read(small.serving / "education" / "150201" / "current.duckdb")] == [2]


def test_readers_never_see_an_error_or_a_mixture(small: Home, silent: Progress) -> None:
    releases.publish(small, silent, "k" * 8)
    link, seen, errors, stop = small.serving / "officials" / "current.duckdb", set(), [], threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            try:
                rows = read(link.resolve())
                assert len(rows) == 2
                assert len({row[1] for row in rows}) == 1
                seen.add(rows[0][1])
            except duckdb.IOException as error:
                if "does not exist" not in str(error) and "No such file" not in str(error):
                    errors.append(error)  # a release five publishes old may be gone between two system calls
            except Exception as error:
                errors.append(error)

    reader = threading.Thread(target=hammer)
    reader.start()
    published = {releases.publish(small, silent, "k" * 8)[0] for _ in range(15)}
    stop.set()
    reader.join()
    assert errors == []
    assert len(seen & published) > 3


def test_the_last_five_are_kept_and_rollback_goes_back(small: Home, silent: Progress) -> None:
    names = [releases.publish(small, silent, "k" * 8)[0] for _ in range(7)]
    folder = small.serving / "officials"
    assert [path.stem for path in releases.kept(folder)] == names[-5:]
    assert releases.rollback(small)[0] == names[-2]
    assert read(folder / "current.duckdb")[0][1] == names[-2]
    assert releases.rollback(small, names[-5])[0] == names[-5]
    with pytest.raises(HomeError, match="no such release"):
        releases.rollback(small)  # there is none before
    with pytest.raises(HomeError, match="no such release"):
        releases.rollback(small, names[0])


def test_who_looks_for_it_finds_that_a_release_was_gone_back_on(small: Home, silent: Progress) -> None:
    first = releases.publish(small, silent, "first")[0]
    releases.publish(small, silent, "second")
    before = small.task_runs.read_text() if small.task_runs.exists() else ""
    releases.rollback(small)
    (noted,) = map(json.loads, small.task_runs.read_text().removeprefix(before).splitlines())
    assert (noted["dag_id"], noted["task_id"], noted["state"], noted["error"]) == ("rollback", first, "success", None)
    with pytest.raises(HomeError):
        releases.rollback(small, "none")
    assert small.task_runs.read_text().count("\n") == before.count("\n") + 1


def test_rollback_refuses_a_damaged_release(small: Home, silent: Progress) -> None:
    first, last = (releases.publish(small, silent, "k" * 8)[0] for _ in range(2))
    path = small.serving / "operations" / f"{first}.duckdb"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFile, match="not what its manifest states"):
        releases.rollback(small)
    assert releases.current(small) == last


def test_a_type_that_grafana_cannot_show_stops_publishing(small: Home, silent: Progress) -> None:
    before = releases.publish(small, silent, "k" * 8)[0]
    db = database.warehouse(small)
    db.execute("create table officials.bad as select 1::hugeint as n")
    db.close()
    with pytest.raises(BuildFailed, match=r"officials\.bad.*n HUGEINT"):
        releases.publish(small, silent, "k" * 8)
    with duckdb.connect(str(small.warehouse), read_only=True) as after:
        assert after.execute("select release_id, n_files from raw.releases").fetchall() == [(before, 7)]
    assert releases.current(small) == before


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@cmd", "\tx", "\rx"])
def test_formulas_are_escaped(small: Home, silent: Progress, text: str) -> None:
    db = database.warehouse(small)
    db.execute("update officials.mart set text = ? where n = 1", [text])
    db.close()
    releases.publish(small, silent, "k" * 8)
    with duckdb.connect(str(small.serving / "officials" / "current.duckdb"), read_only=True) as db:
        assert db.execute("select text from mart order by n").fetchall() == [("'" + text,), ("a",)]


def test_an_area_that_is_no_plain_name_is_refused(small: Home, silent: Progress) -> None:
    db = database.warehouse(small)
    db.execute("update education.mart set ugel_code = '../x' where n = 1")
    db.close()
    with pytest.raises(BuildFailed, match="cannot name a folder"):
        releases.publish(small, silent, "k" * 8)


def test_a_leftover_of_a_crash_is_not_read(small: Home, silent: Progress) -> None:
    folder = small.serving / "officials"
    folder.mkdir(parents=True)
    (folder / ".building.duckdb").write_bytes(b"half")
    (folder / ".building.duckdb.wal").write_bytes(b"half")
    (folder / ".current.duckdb.tmp").symlink_to("nowhere")
    release, _ = releases.publish(small, silent, "k" * 8)
    assert read(folder / "current.duckdb")[0][1] == release
    assert not list(folder.glob("*.wal"))


def test_serving_files_of_the_country(country: Country) -> None:
    """Storage that DuckDB 1.5.4 reads, types that Grafana shows, hashes as stated, called synthetic."""
    links = sorted(country.home.serving.rglob("current.duckdb"))
    assert {link.parent.parent.name if link.parent.parent.name in ("education", "protection") else link.parent.name
            for link in links} == set(serving.AUDIENCES)  # fmt: skip
    for link in links:
        path = link.resolve()
        with path.open("rb") as file:
            assert struct.unpack("<Q", file.read(20)[12:20])[0] in READABLE_BY_1_5_4
        serving.check(path)
        with duckdb.connect(str(path), read_only=True) as db:
            assert db.execute("select kind from release").fetchall() == [("synthetic",)]
            kinds = {
                row[0] for row in db.execute("select distinct data_type from information_schema.columns").fetchall()
            }
            assert kinds <= serving.TYPES
            stated = json.loads(path.with_suffix(".json").read_text())["tables"]
            for table, entry in stated.items():
                assert serving.content(db, table) == (entry["rows"], entry["hash"])


def test_small_counts_of_officials_are_hidden(country: Country) -> None:
    link = country.home.serving / "officials" / "current.duckdb"
    with duckdb.connect(str(link.resolve()), read_only=True) as db:
        rows = db.execute("select n_pupils, n_cases, is_hidden from indicators").fetchall()
    shown = [row for row in rows if not row[2]]
    assert shown
    assert all(row[1] is None and (row[0] is None or row[0] >= 20) for row in rows if row[2])
    assert all(n % 5 == 0 and cases % 5 == 0 and cases >= 10 and n - cases >= 10 for n, cases, _ in shown)

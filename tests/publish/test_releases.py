"""Readers see one complete, verified build or the one before: never a part, a mixture, or an error."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from tests.conftest import examples
from tests.publish.home import flip, read
from warehouse import clock, database
from warehouse.errors import BuildFailed, DamagedFile, HomeError
from warehouse.pipeline import run
from warehouse.pipeline.state import State
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.rights import unfinished
from warehouse.settings import Home


@pytest.mark.parametrize("key", ["0123456789abcdef", "retain-20310102", "00000000"])  # of inputs, a deletion, nothing
def test_one_release_id_everywhere(small: Home, silent: Progress, key: str) -> None:
    release, files = releases.publish(small, silent, key)
    assert switching.current(small) == release
    assert switching.kept(small) == [release]
    links = sorted(small.serving.rglob("current.duckdb"))
    assert len(links) == files == 7
    for link in links:
        assert {row[1] for row in read(link)} == {release}
        assert str(link.readlink()) == f"{release}/qhawaq.duckdb"
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
    published = {releases.publish(small, silent, "k" * 8)[0] for _ in range(examples(8))}
    stop.set()
    reader.join()
    assert errors == []
    assert len(seen & published) > 3


def test_the_last_five_are_kept_and_rollback_goes_back(small: Home, silent: Progress) -> None:
    names = [releases.publish(small, silent, "k" * 8)[0] for _ in range(7)]
    folder = small.serving / "officials"
    assert switching.kept(small) == sorted(path.name for path in folder.glob("[0-9]*")) == names[-5:]
    assert releases.rollback(small)[0] == names[-2]
    assert read(folder / "current.duckdb")[0][1] == names[-2]
    assert releases.rollback(small, names[-5])[0] == names[-5]
    with pytest.raises(HomeError, match="there is no earlier release to go back to"):
        releases.rollback(small)
    for unknown in (names[0], ""):
        with pytest.raises(HomeError, match=f"there is no release {unknown}; kept are"):
            releases.rollback(small, unknown)


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
    flip(switching.file(small, "operations", first))
    with pytest.raises(DamagedFile, match="not what its release states"):
        releases.rollback(small)
    assert switching.current(small) == last
    assert switching.wrong_links(small) == []


def test_a_type_that_grafana_cannot_show_stops_publishing(small: Home, silent: Progress) -> None:
    before = releases.publish(small, silent, "k" * 8)[0]
    db = database.warehouse(small)
    db.execute("create table officials.bad as select 1::hugeint as n")
    db.close()
    with pytest.raises(BuildFailed, match=r"officials\.bad.*n HUGEINT"):
        releases.publish(small, silent, "k" * 8)
    with duckdb.connect(str(small.warehouse), read_only=True) as after:
        assert after.execute("select release_id, n_files from raw.releases").fetchall() == [(before, 7)]
    assert switching.current(small) == before


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


def test_files_of_former_code_and_of_killed_publishing_are_not_read_and_go(small: Home, silent: Progress) -> None:
    folder = small.serving / "officials"
    unfinished = folder / "20200101T000000000000-killed" / ".qhawaq.duckdb.1.part"
    unfinished.parent.mkdir(parents=True)
    unfinished.write_bytes(b"half")
    (folder / ".current.duckdb.tmp").symlink_to("nowhere")
    for name in ("20200101T000000000000-former.duckdb", "20200101T000000000000-former.json"):
        (folder / name).write_bytes(b"former")
    (folder / "current.duckdb").symlink_to("20200101T000000000000-former.duckdb")
    release, _ = releases.publish(small, silent, "k" * 8)
    assert read(folder / "current.duckdb")[0][1] == release
    assert sorted(path.name for path in folder.iterdir()) == [release, "current.duckdb"]


def test_what_a_reader_attaches_is_always_called_the_same(small: Home, silent: Progress) -> None:
    """Else the SQL of a dashboard could not name it, and a temporary table of the same name would shadow a mart."""
    for _ in range(2):
        releases.publish(small, silent, "k" * 8)
        with duckdb.connect(str(small.serving / "officials" / "current.duckdb"), read_only=True) as db:
            assert db.execute("select count(*) from qhawaq.main.mart").fetchall() == [(2,)]


def test_an_area_that_no_mart_names_any_more_keeps_no_old_rows(small: Home, silent: Progress) -> None:
    releases.publish(small, silent, "k" * 8)
    with database.warehouse(small) as db:
        db.execute("delete from education.mart where n = 2")
    last, files = releases.publish(small, silent, "k" * 8)
    assert files == 7
    link = small.serving / "education" / "150201" / "current.duckdb"
    assert read(link) == []
    with duckdb.connect(str(link), read_only=True) as db:
        assert db.execute("select release_id from release").fetchall() == [(last,)]


def test_an_area_that_an_earlier_release_lacks_shows_nothing_after_a_rollback(small: Home, silent: Progress) -> None:
    releases.publish(small, silent, "k" * 8)
    with database.warehouse(small) as db:
        db.execute("insert into education.mart values (3, 'a', '150301')")
    releases.publish(small, silent, "k" * 8)
    new = small.serving / "education" / "150301" / "current.duckdb"
    assert len(read(new)) == 1
    releases.rollback(small)
    assert not new.is_symlink()
    new.write_bytes(b"a copy of what was withdrawn")
    assert switching.follow(small) == 1
    assert not new.exists()
    releases.publish(small, silent, "k" * 8)
    assert len(read(new)) == 1


@pytest.mark.parametrize(
    "hours",
    [-1, 24 * 400, pytest.param(-24 * 400, marks=pytest.mark.faults), pytest.param(1, marks=pytest.mark.faults)],
)
def test_whatever_the_clock_says_the_last_published_is_the_newest(
    small: Home, silent: Progress, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    first = releases.publish(small, silent, "k" * 8)[0]
    moment = clock.now() + timedelta(hours=hours)
    monkeypatch.setattr(clock, "now", lambda: moment)
    names = [first, *(releases.publish(small, silent, "k" * 8)[0] for _ in range(6))]
    assert names == sorted(set(names))
    assert switching.kept(small) == names[-5:]
    assert switching.current(small) == names[-1]
    assert releases.rollback(small)[0] == names[-2]


def test_no_release_that_showed_an_erased_person_can_be_gone_back_to(small: Home, silent: Progress) -> None:
    before = [releases.publish(small, silent, "k" * 8)[0] for _ in range(3)]
    releases.forget_erased(small)
    assert switching.kept(small) == before[-1:]
    assert switching.shows_erased(small).exists()
    after = releases.publish(small, silent, "k" * 8)[0]  # without the person
    assert switching.kept(small) == [after]
    assert not switching.shows_erased(small).exists()
    assert not any(old in str(path) for path in small.serving.rglob("*") for old in before)
    last = releases.publish(small, silent, "k" * 8)[0]
    assert switching.kept(small) == [after, last]


def test_an_erasure_does_not_wait_for_a_damaged_pointer(small: Home, silent: Progress) -> None:
    """Else each command would begin with it and end there, and the one that mends the pointer too."""
    before = releases.publish(small, silent, "k" * 8)[0]
    (small.serving / "current.json").write_text("")
    releases.forget_erased(small)
    after = releases.publish(small, silent, "k" * 8)[0]
    assert switching.kept(small) == [after]
    assert not any(before in str(path) for path in small.serving.rglob("*"))


def test_whoever_goes_back_and_forth_is_told_from_where(small: Home, silent: Progress) -> None:
    first, second, third = (releases.publish(small, silent, "k" * 8)[0] for _ in range(3))
    assert switching.gone_back_from(small) is None
    for to, told in ((second, third), (first, third), (second, third), (third, None), (first, third)):
        releases.rollback(small, to)
        assert switching.gone_back_from(small) == told
    releases.publish(small, silent, "k" * 8)
    assert switching.gone_back_from(small) is None


def test_where_nothing_is_to_be_switched_nothing_is_locked(small: Home, silent: Progress) -> None:
    """A home may be one that can only be read."""
    releases.publish(small, silent, "k" * 8)
    (lock,) = small.serving.glob(".*.lock")
    lock.unlink()
    unfinished.finish(small, silent)
    releases.check_current(small)
    assert not lock.exists()


def test_releases_of_former_code_can_be_gone_back_to(small: Home, silent: Progress) -> None:
    """Their manifests stated files and no corrections."""
    first, last = (releases.publish(small, silent, "k" * 8)[0] for _ in range(2))
    for release in (first, last):
        path = small.serving / "releases" / f"{release}.json"
        path.write_text(json.dumps(json.loads(path.read_text())["files"]))
    assert run.current_if_whole(small, State("key", {"publish": {"release": last}}), silent) == last
    assert releases.rollback(small)[0] == first

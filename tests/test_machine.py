"""Machines fail: each error of one ends in a sentence that is true, and the next call goes on."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from warehouse import database, files, keys, machine, settings
from warehouse.errors import DamagedFile, NotWritten, QhawaqError
from warehouse.landing import land
from warehouse.progress import Progress
from warehouse.settings import Home


class Lossy:
    """A disk that takes everything and keeps nothing of the last write."""

    def __init__(self, kept: int) -> None:
        self.kept = kept

    def __call__(self, stream: files.Stream, content: bytes) -> int:
        stream._hash.update(content)
        stream._file.write(bytes(content)[: self.kept])
        return len(content)


def test_what_is_not_on_disk_as_it_was_written_takes_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tmp_path / "status.json"
    files.write_whole(whole, "old")
    with monkeypatch.context() as broken:
        broken.setattr(files.Stream, "write", lambda self, content: Lossy(3)(self, content))
        with pytest.raises(NotWritten, match="is not on the disk as it was written"):
            files.write_whole(whole, "what is new")
    assert whole.read_text() == "old"
    assert list(tmp_path.iterdir()) == [whole]


def test_an_error_that_a_writer_swallows_is_raised(tmp_path: Path) -> None:
    whole = tmp_path / "sealed.age"

    def write() -> None:
        with files.writing(whole) as stream:
            stream.error = OSError(errno.ENOSPC, "No space left on device")  # and the writer said nothing

    with pytest.raises(OSError, match="No space") as told:
        write()
    assert told.value.filename == str(whole)
    assert list(tmp_path.iterdir()) == []


def test_of_a_line_that_is_not_appended_whole_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log.jsonl"
    files.append(log, lambda _: "first")
    with monkeypatch.context() as broken:
        write = files.os.write
        broken.setattr(files.os, "write", lambda descriptor, content: write(descriptor, content[:3]))
        with pytest.raises(NotWritten):
            files.append(log, lambda _: "second")
    files.append(log, lambda _: "third")
    assert log.read_text() == "first\nthird\n"


def test_a_new_file_never_takes_the_place_of_one_that_was_first(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "age.key", "first", is_new=True)
    files.write_whole(tmp_path / "age.key", "second", is_new=True)
    assert (tmp_path / "age.key").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["age.key"]


@pytest.mark.parametrize("number", sorted(machine.MEANINGS))
def test_an_error_of_the_system_ends_in_a_sentence(home: Home, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def failing(*_: object, **__: object) -> None:
        raise OSError(number, "of the system", str(home.warehouse))

    monkeypatch.setattr(land, "land", failing)
    said = qhawaq(home.root, "land", expect=1).stderr
    assert said == f"qhawaq: {home.warehouse}: {machine.MEANINGS[number]}\n"
    monkeypatch.setenv("QHAWAQ_DEBUG", "1")
    assert "Traceback" in qhawaq(home.root, "land", expect=1).stderr


@pytest.mark.parametrize(("error", "says"), [
    (duckdb.IOException("lock of a block"), "could not be read or written"),
    (duckdb.CatalogException("x"), "call 'qhawaq run' first"),
    (duckdb.ConversionException("QUISPE is no number"), "refused a step"),
    (MemoryError(), "the memory did not suffice"),
])  # fmt: skip
def test_an_error_of_an_engine_ends_in_a_sentence_without_a_value(
    home: Home, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str
) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(land, "land", failing)
    said = qhawaq(home.root, "land", expect=1).stderr
    assert says in said
    assert "QUISPE" not in said
    assert "another process" not in said


def test_a_home_that_can_only_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "denied", str(path))

    home = Home(tmp_path / "home")
    home.inbox.mkdir(parents=True)
    deliver(home, samples.ATTENDANCE, samples.attendance())
    monkeypatch.setattr(settings, "write_whole", denied)
    assert f"{home.marker}: this user may not do that" in qhawaq(home.root, "land", expect=1).stderr


SMALL = ("home.json", "state.json", "status.json", "SYNTHETIC.json", "collected.json", "retention.json",
         "features/manifest.json", "model_config.json", "secrets/api_keys.json")  # fmt: skip
HOW = {"empty": b"", "cut": b'{"kind": "re', "null": b"null", "other": b'"text"', "bytes": b"\xff\xfe\x00"}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("how", HOW)
def test_status_works_on_any_home_and_says_what_is_damaged(home: Home, name: str, how: str) -> None:
    path = home.root / name
    if path == home.synthetic:
        home.marker.write_text('{"kind": "synthetic"}')
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(HOW[how])
    done = qhawaq(home.root, "status", expect=1)
    assert f"{path} is " in done.stdout
    assert "waiting" in done.stdout
    assert done.stderr.startswith("qhawaq: ")
    assert json.loads(qhawaq(home.root, "status", "--json", expect=1).stdout)["wrong"]


def test_a_damaged_state_is_no_state_and_other_small_files_end_in_a_sentence(home: Home) -> None:
    from warehouse.pipeline.state import State

    for content in (*HOW.values(), b'{"key": 1}', b'{"other": 1}', b'{"key": "k", "done": {"build": 3}}'):
        home.state.write_bytes(content)
        assert State.read(home) == State()
    for content in HOW.values():
        home.marker.write_bytes(content)
        said = qhawaq(home.root, "land", expect=1).stderr
        assert "home.json" in said
        assert "Traceback" not in said


def test_a_marker_that_is_lost_is_put_right_by_the_manifest(home: Home) -> None:
    home.marker.unlink()
    home.synthetic.write_text('{"sha256": []}')
    deliver(home, samples.ATTENDANCE, samples.attendance())
    assert "1 refused" in qhawaq(home.root, "land").stdout
    assert json.loads(home.marker.read_text()) == {"kind": "synthetic"}
    home.marker.write_text('{"kind": "real"}')
    assert "beside it says synthetic" in qhawaq(home.root, "land", expect=1).stderr


def test_without_marker_and_manifest_nothing_lands(home: Home) -> None:
    deliver(home, samples.ATTENDANCE, samples.attendance())
    qhawaq(home.root, "land")
    home.marker.unlink()
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    for command in ("land", "status"):
        assert "home.json is missing" in qhawaq(home.root, command, expect=1).stderr
    assert (home.inbox / samples.ENROLLMENT).exists()


def test_a_synthetic_home_without_its_manifest_lands_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.claim("synthetic")
    deliver(home, samples.ATTENDANCE, samples.attendance())
    assert "SYNTHETIC.json is missing" in qhawaq(home.root, "land", expect=1).stderr
    assert (home.inbox / samples.ATTENDANCE).exists()


@pytest.mark.parametrize("command", ["run", "land"])
def test_a_secret_that_is_lost_is_never_replaced(home: Home, tmp_path: Path, command: str) -> None:
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "land")
    shutil.move(home.secrets, tmp_path / "secrets")
    said = qhawaq(home.root, command, expect=1).stderr
    assert "age.key is missing" in said
    assert "another one is not made" in said
    assert "age.key is missing" in qhawaq(home.root, "status", expect=1).stdout
    assert not home.secrets.exists()
    shutil.move(tmp_path / "secrets", home.secrets)
    assert "nothing to land" in qhawaq(home.root, "land").stdout


def test_a_damaged_block_is_no_other_process(home: Home) -> None:
    with database.warehouse(home) as db:
        db.execute(
            "create schema raw; create table raw.t as select range as a, md5(range::varchar) as b from range(300000)"
        )
    content = bytearray(home.warehouse.read_bytes())
    for place in (4100, len(content) // 2):
        damaged = bytearray(content)
        damaged[place] ^= 1
        home.warehouse.write_bytes(damaged)
        with pytest.raises((DamagedFile, duckdb.IOException)) as told, database.warehouse(home) as db:
            db.execute("select max(b), max(a) from raw.t").fetchall()
        said = str(told.value) if isinstance(told.value, DamagedFile) else machine.sentence(told.value, home.root)
        assert "another process" not in said
        assert "restore a backup" in said


@pytest.mark.parametrize("name", ["warehouse.duckdb", "vault.duckdb"])
@pytest.mark.parametrize("size", [0, 1, 4096, 8192])
def test_a_database_that_was_never_whole_is_made_anew(home: Home, name: str, size: int) -> None:
    with duckdb.connect(str(home.root / "other.duckdb")):
        pass
    (home.root / name).write_bytes((home.root / "other.duckdb").read_bytes()[:size])
    keys.load(home.secrets)  # was made before them
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    assert "1 landed" in qhawaq(home.root, "land").stdout


@pytest.mark.parametrize("name", ["warehouse.duckdb", "vault.duckdb"])
@pytest.mark.parametrize("how", ["missing", "damaged"])
def test_a_database_that_is_lost_is_never_made_anew(home: Home, name: str, how: str) -> None:
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "land")
    (home.root / name).write_bytes(b"") if how == "damaged" else (home.root / name).unlink()
    deliver(home, samples.ATTENDANCE, samples.attendance())
    said = qhawaq(home.root, "land", expect=1).stderr
    assert f"{name} is {how}, but deliveries have landed: restore a backup" in said
    assert (home.inbox / samples.ATTENDANCE).exists()
    assert f"{name} is {how}" in qhawaq(home.root, "status", expect=1).stdout


def test_a_database_is_made_aside(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    replace = files._take_place

    def noted(aside: Path, path: Path, is_new: bool) -> None:
        seen.append((path.name, path.exists(), aside.stat().st_size >= settings.SMALLEST_DATABASE))
        replace(aside, path, is_new)

    monkeypatch.setattr(files, "_take_place", noted)
    with database.warehouse(home), database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets))
    made = [one for one in seen if one[0].endswith(".duckdb")]
    assert made == [("warehouse.duckdb", False, True), ("vault.duckdb", False, True)]


def test_drift_before_the_first_score_is_told(home: Home, silent: Progress) -> None:
    from warehouse.pipeline import drift

    with database.warehouse(home) as db, pytest.raises(QhawaqError, match="nothing is scored yet"):
        drift._of_outcomes(db, home, None, None)


def test_a_cipher_that_nobody_signed_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its signature is checked at the first opening only; one that differs in a bit must not get that far."""
    import duckdb_extension_httpfs as package

    path = tmp_path / "httpfs.duckdb_extension"
    content = bytearray(database.crypto_extension().read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    monkeypatch.setattr(package, "__file__", str(tmp_path / "__init__.py"))
    database.crypto_extension.cache_clear()
    with pytest.raises(duckdb.Error, match="signature"):
        database.scratch(Home(tmp_path / "home"))
    monkeypatch.undo()
    database.crypto_extension.cache_clear()
    database.scratch(Home(tmp_path / "home")).close()

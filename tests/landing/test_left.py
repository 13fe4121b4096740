"""Nothing that was delivered is gone: what cannot be kept whole stays in the inbox, and the others land."""

from __future__ import annotations

import errno
import io
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyrage
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from tests.landing.samples import ATTENDANCE, ENROLLMENT, ROWS
from warehouse import database, keys
from warehouse.deliveries import Status
from warehouse.errors import NotWritten
from warehouse.landing import archive, bytescan, intake, land, lines, packed, reader, staging
from warehouse.landing.reader import BrokenRow
from warehouse.progress import Progress
from warehouse.settings import Home

LONG = samples.attendance([f"2024|3|150101|0{100000 + n % 7}|0|{7000 + n}|20|{n % 3}|{n % 5}|0" for n in range(160)])
assert 4_500 < len(LONG) < 65_000  # all of it in age's last block


def ledger(home: Home) -> list[tuple]:
    with database.warehouse(home, read_only=True) as db:
        return db.execute("select file, status from raw.deliveries order by all").fetchall()


def kept(home: Home, file: str, content: str, status: Status = Status.LANDED) -> bool:
    """Return whether the archive opens and holds a delivery."""
    sealed = [path for path in (home.archive / status).iterdir() if path.name.endswith(f"_{file}.age")]
    return [archive.unsealed(path, keys.load(home.secrets)) for path in sealed] == [content.encode("latin-1")]


def swallowing(plain: io.RawIOBase, sealed: object, to: object) -> None:
    """What a single write error makes of an encryption that flushes when it is dropped."""
    while plain.read(8192):
        pass


def raising(plain: object, sealed: object, to: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("how", [swallowing, raising])
def test_a_write_error_while_archiving_leaves_the_delivery_where_it_is(
    home: Home, silent: Progress, monkeypatch: pytest.MonkeyPatch, how: Callable[..., None]
) -> None:
    deliver(home, ATTENDANCE, LONG)
    with monkeypatch.context() as broken:
        broken.setattr(pyrage, "encrypt_io", how)
        said = qhawaq(home.root, "land", expect=1).stderr
    assert said.startswith("qhawaq: ")
    assert (home.inbox / ATTENDANCE).read_text(encoding="latin-1") == LONG
    assert list(home.archive.rglob("*.age")) == []
    assert "1 landed" in qhawaq(home.root, "land").stdout
    assert kept(home, ATTENDANCE, LONG)


@pytest.mark.parametrize("damage", [lambda content: b"", lambda content: content[:-40], lambda content: content[:300]])
@pytest.mark.parametrize("name", [ATTENDANCE, ATTENDANCE.replace("0410", "0411")])
def test_a_damaged_file_of_the_archive_is_healed_by_the_same_delivery(
    home: Home, silent: Progress, damage: Callable[[bytes], bytes], name: str
) -> None:
    deliver(home, ATTENDANCE, LONG)
    land.land(home, silent)
    (sealed,) = home.archive.rglob("*.age")
    sealed.write_bytes(damage(sealed.read_bytes()))
    deliver(home, name, LONG)
    (outcome,) = land.land(home, silent)
    assert outcome.status == Status.DUPLICATE
    assert kept(home, ATTENDANCE, LONG)
    assert list(home.inbox.iterdir()) == []


def test_what_is_archived_is_checked_before_it_counts(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that returns another byte than it took."""
    path = deliver(home, ATTENDANCE, LONG)
    secret = keys.load(home.secrets)
    monkeypatch.setattr(archive, "holds", lambda *_: False)
    with pytest.raises(NotWritten, match="does not open as it was written"):
        archive.put(home, secret, path, Status.LANDED, ATTENDANCE, bytescan.sha256_of(path))
    assert list(home.archive.rglob("*")) == [home.archive / Status.LANDED]


OTHER = LONG.replace("2024|3|150101", "2024|3|150102")


@pytest.mark.parametrize("later", [OTHER, LONG + ROWS[0] + "\n", LONG[:-50]])
def test_a_delivery_that_changes_while_it_lands_stays(home: Home, monkeypatch: pytest.MonkeyPatch, later: str) -> None:
    stage = staging.stage

    def changing(db: duckdb.DuckDBPyConnection, delivery: intake.Delivery, scan: bytescan.Scan) -> staging.RowCounts:
        counts = stage(db, delivery, scan)
        if delivery.file == ATTENDANCE:
            delivery.path.write_text(later, encoding="latin-1")
        return counts

    deliver(home, ATTENDANCE, LONG)
    deliver(home, ENROLLMENT, samples.enrollment())
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(staging, "stage", changing)
        said = qhawaq(home.root, "land")
    assert "1 files: 1 landed" in said.stdout
    assert f"{ATTENDANCE} stays in the inbox: the file changed while it was read" in said.stderr
    assert ledger(home) == [(ENROLLMENT, "landed")]
    assert [path.name for path in home.archive.rglob("*.age") if ATTENDANCE in path.name] == []
    os.utime(home.inbox / ATTENDANCE, (0, 0))
    qhawaq(home.root, "land")
    assert kept(home, ATTENDANCE, later)


@pytest.mark.parametrize("moment", ["recognize", "scanned", "stage", "put"])
def test_where_a_file_vanishes_the_others_go_on(home: Home, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    module = {"recognize": intake, "scanned": packed, "stage": staging, "put": archive}[moment]
    usual = getattr(module, moment)

    def vanishing(*given: object) -> object:
        (home.inbox / ATTENDANCE).unlink(missing_ok=True)
        return usual(*given)

    for name, content in ((ATTENDANCE, LONG), (ENROLLMENT, samples.enrollment())):
        deliver(home, name, content)
    monkeypatch.setattr(module, moment, vanishing)
    said = qhawaq(home.root, "land")
    assert "1 files: 1 landed" in said.stdout
    assert f"{ATTENDANCE} is not in the inbox any more" in said.stderr
    assert ledger(home) == [(ENROLLMENT, "landed")]


def test_a_file_that_cannot_be_read_is_told_and_the_others_land(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = bytescan.scan

    def unreadable(path: Path, separator: str) -> bytescan.Scan:
        if path.name == ATTENDANCE:
            raise PermissionError(errno.EACCES, "denied", str(path))
        return usual(path, separator)

    for name, content in ((ATTENDANCE, LONG), (ENROLLMENT, samples.enrollment())):
        deliver(home, name, content)
    monkeypatch.setattr(bytescan, "scan", unreadable)
    said = qhawaq(home.root, "land", expect=1).stderr
    assert "1 files stay in the inbox, the others have landed" in said
    assert f"{home.inbox / ATTENDANCE}: this user may not do that" in said
    assert ledger(home) == [(ENROLLMENT, "landed")]
    assert (home.inbox / ATTENDANCE).exists()


@pytest.mark.parametrize("error", [duckdb.IOException("disk"), duckdb.OutOfMemoryException("spill")])
def test_a_full_disk_refuses_no_delivery(home: Home, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def full(*_: object) -> None:
        raise error

    deliver(home, ATTENDANCE, LONG)
    with monkeypatch.context() as broken:
        broken.setattr("warehouse.landing.cast.type_rows", full)
        assert "qhawaq: " in qhawaq(home.root, "land", expect=1).stderr
    assert ledger(home) == []
    assert (home.inbox / ATTENDANCE).exists()


def test_what_lies_in_the_inbox_and_does_not_land_is_told(home: Home) -> None:
    left = ["X.PART", "a.csv.partial", "b.txt.Tmp", "c.crdownload", "d.filepart", ".hidden.csv", "e.TXT.FilePart"]
    for name in left:
        deliver(home, name, LONG)
    (home.inbox / "2024").mkdir()
    deliver(home, ATTENDANCE, LONG)
    said = qhawaq(home.root, "land")
    assert "1 files: 1 landed" in said.stdout
    assert "2024 is a folder: put its files into the inbox itself" in said.stderr
    for name in left:
        assert f"{intake.shown(name)} is still being copied by its name" in said.stderr
        assert (home.inbox / name).exists()
    assert "2024 is a folder" in qhawaq(home.root, "status").stdout


@pytest.mark.parametrize("between", ["\n", "\nno row\n"])
def test_many_bad_and_blank_lines_are_read_in_one_pass(home: Home, silent: Progress, between: str) -> None:
    """Blank lines alone are read by DuckDB, bad ones by us; both numbered lines in a time that grew as their square."""
    rows = (f"2024|3|150101|0{100000 + n % 7}|0|{7000 + n}|20|0|0|0\n{between}" for n in range(30_000))
    deliver(home, ATTENDANCE, f"{samples.HEADER}\n{''.join(rows)}")
    begun = time.monotonic()
    (outcome,) = land.land(home, silent)
    assert time.monotonic() - begun < 60
    bad = 30_000 * (between != "\n")
    assert (outcome.delivered_rows, outcome.quarantined_rows) == (30_000 + bad, bad)


def _slowly(skipped: list[int], broken: list[BrokenRow]) -> list[tuple[int, int]]:
    """What `_shifts` says, line by line from the top: each row begins where the one before has ended."""
    shifts = [(row + 1, breaks) for row, breaks in broken]
    within = dict(broken)
    line, row = 2, 0
    for one in sorted(skipped):
        while line < one:
            line += 1 + within.get(row, 0)
            row += 1
        shifts.append((row, 1))
        line += 1
    return shifts


def test_shifts_are_those_that_counting_gives() -> None:
    dice = random.Random(7)
    for _ in range(300):
        broken = [BrokenRow(row, dice.randint(1, 3)) for row in sorted(dice.sample(range(30), dice.randint(0, 6)))]
        within, skipped, line = dict(broken), [], 2
        for row in range(40):
            while dice.random() < 0.3:
                skipped.append(line)
                line += 1
            line += 1 + within.get(row, 0)
        found = reader._shifts(skipped, broken)
        assert [tuple(one) for one in found] == _slowly(skipped, broken)
        assert all(isinstance(one, lines.Shift) for one in found)

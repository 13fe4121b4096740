"""While one delivery is written the next is read: what goes wrong in either ends as if they came one after the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import deliver, examples
from tests.landing import samples
from tests.landing.samples import CONTRACTS, HEADER, ROWS
from warehouse import database
from warehouse.deliveries import DeliveryRefused
from warehouse.landing import archive, bytescan, intake, land, reader, staging
from warehouse.progress import Progress
from warehouse.settings import Home

MONTHS = [f"SIAGIE_ASISTENCIA_20240{month}_2024051{month}.txt" for month in (3, 4, 5)]
EACH = [samples.attendance([row.replace("2024|3|", f"2024|{month}|") for row in ROWS]) for month in (3, 4, 5)]


def ledger(home: Home) -> list[tuple]:
    with database.warehouse(home, read_only=True) as db:
        rows = db.execute("select file, status, accepted_rows from raw.deliveries order by all").fetchall()
        return [
            *rows,
            *db.execute("select mes, count(*) from raw.siagie_attendance group by all order by all").fetchall(),
        ]


def test_a_fault_in_writing_ends_the_landing_and_the_next_one_goes_on(
    home: Home, silent: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    put: Callable[..., None] = archive.put

    def full(*given: object) -> None:
        if given[4] == MONTHS[1]:
            raise OSError(28, "No space left on device")
        put(*given)

    for name, content in zip(MONTHS, EACH, strict=True):
        deliver(home, name, content)
    with monkeypatch.context() as broken:
        broken.setattr(archive, "put", full)
        with pytest.raises(OSError, match="No space"):
            land.land(home, silent)
    assert MONTHS[1] in {path.name for path in home.inbox.iterdir()}, "what is not archived is still offered"
    land.land(home, silent)
    assert ledger(home) == [*((name, "landed", 40) for name in MONTHS), (3, 40), (4, 40), (5, 40)]
    assert list(home.inbox.iterdir()) == []


def test_the_same_content_right_behind_itself_is_a_duplicate(home: Home, silent: Progress) -> None:
    for name in (MONTHS[0], MONTHS[0].replace("0513", "0514")):
        deliver(home, name, EACH[0])
    assert sorted(one.status for one in land.land(home, silent)) == ["duplicate", "landed"]
    assert ledger(home)[-1] == (3, 40)


def test_a_refusal_in_between_leaves_both_neighbours_whole(home: Home, silent: Progress) -> None:
    for name, content in zip(MONTHS, (EACH[0], "no header\n", EACH[2]), strict=True):
        deliver(home, name, content)
    assert [one.status for one in land.land(home, silent)] == ["landed", "refused", "landed"]
    assert ledger(home)[-2:] == [(3, 40), (5, 40)]


FIELDS = st.one_of(
    st.sampled_from(["2024", "3", "", " 7 ", "x", "1.0", "1e3", "-1", "0", "99999999999999999999", "nan", "NULL", "Ñ", "2024-02-30"]),
    st.integers(-5, 40).map(str),
    st.text(st.characters(codec="latin-1", exclude_characters='\r\n"'), max_size=6),
)  # fmt: skip
LINES = st.lists(
    st.one_of(st.sampled_from(ROWS), st.lists(FIELDS, min_size=10, max_size=10).map("|".join), st.lists(FIELDS, max_size=12).map("|".join)),
    min_size=1, max_size=12,
)  # fmt: skip


def staged(
    db: duckdb.DuckDBPyConnection, path: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> tuple[object, ...]:
    """Stage a file by the quick way or without it; return what was typed and what was wrong."""
    with monkeypatch.context() as changed:
        if not at_once:
            changed.setattr(staging, "type_plain_file", lambda *_: False)
        delivery = intake.recognize(path, CONTRACTS)
        try:
            counts = staging.stage(db, delivery, bytescan.scan(path, delivery.contract.separator))
        except DeliveryRefused as refusal:
            return (str(refusal),)
        typed = db.execute("select * from typed order by all").fetchall()
        faults = db.execute("select line, column_name, fault from faults order by all").fetchall()
        return counts, sorted(one[0] for one in db.execute("describe typed").fetchall()), typed, faults


@settings(deadline=None, max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES, end=st.sampled_from(["\n", "\r\n"]))
def test_a_plain_file_is_typed_at_once_as_it_is_step_by_step(
    home: Home, scratch: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch, lines: list[str], end: str
) -> None:
    path = home.inbox / samples.ATTENDANCE
    path.write_bytes((end.join([HEADER, *lines]) + end).encode("latin-1"))
    quick, slow = (staged(scratch, path, monkeypatch, at_once) for at_once in (True, False))
    assert repr(quick) == repr(slow)


def plain(delivery: intake.Delivery, scan: bytescan.Scan) -> reader.Format:
    """Return how a delivery of the format without quotes is written."""
    columns = intake.header_columns(delivery.contract, scan, delivery.period).columns
    return reader.Format(columns, "|", "latin-1", is_quoted=False)


def test_the_quick_way_is_taken(home: Home) -> None:
    path = deliver(home, samples.ATTENDANCE, samples.attendance())
    delivery, scan = intake.recognize(path, CONTRACTS), bytescan.scan(path, "|")
    with database.scratch(home) as db:
        assert staging.type_plain_file(db, delivery, scan, plain(delivery, scan))
        assert db.execute("select count(*) from typed").fetchone() == (40,)


def test_lines_are_numbered_as_they_stand_in_the_largest_plain_file(home: Home) -> None:
    """What reads it may take several threads; a trace that ends in another line is worse than none."""
    lines = (f"2024|3|150101|0{100000 + n % 7}|0|{n}|20|0|0|0" for n in range(205_000))
    path = deliver(home, samples.ATTENDANCE, "\n".join([HEADER, *lines]) + "\n")
    delivery, scan = intake.recognize(path, CONTRACTS), bytescan.scan(path, "|")
    assert bytescan.LARGEST_PLAIN * 0.9 < scan.size <= bytescan.LARGEST_PLAIN
    with database.scratch(home) as db:
        assert staging.type_plain_file(db, delivery, scan, plain(delivery, scan))
        assert db.execute("select count(*), sum((id_persona::int <> _line - 2)::int) from typed").fetchone() == (
            205_000,
            0,
        )

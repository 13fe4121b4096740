"""Anchors of the access log: where it reached, kept where whoever writes the log does not write.

Each run keeps one in the warehouse, backups and audit packs hold them, `qhawaq access-log head` prints one on paper.
A log that lost lines at its end, or an older copy that was put back, is whole in itself: only an anchor shows it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import filterfalse
from typing import NamedTuple

import duckdb

from warehouse.audit.access_log import BEGINNING, AccessLog, Head
from warehouse.errors import UsageError

DDL = """
create table if not exists raw.access_log_anchors (
  anchored_at timestamp, n_lines bigint, n_bytes bigint, seal varchar);
"""
PRINTED = re.compile(r"([0-9]+):([0-9]+):([0-9a-f]{64})")


class Anchor(NamedTuple):
    """How far the log reached at a moment."""

    at: str
    head: Head


def kept(db: duckdb.DuckDBPyConnection) -> list[Anchor]:
    """Return the anchors in the warehouse, oldest first."""
    rows = db.execute(
        "select cast(anchored_at as varchar), n_lines, n_bytes, seal from raw.access_log_anchors order by n_lines, 1"
    ).fetchall()
    return [Anchor(at, Head(n_lines, n_bytes, seal)) for at, n_lines, n_bytes, seal in rows]


def parse(printed: str) -> Anchor:
    """Return the anchor that `qhawaq access-log head` printed.

    Raises:
        UsageError: it is none.
    """
    if not (found := PRINTED.fullmatch(printed.strip())):
        raise UsageError(f"{printed!r} is no LINES:BYTES:SEAL, as 'qhawaq access-log head' prints them")
    return Anchor("the printed head", Head(int(found[1]), int(found[2]), found[3]))


def printed(head: Head) -> str:
    """Return a head in one line."""
    return f"{head.n_lines}:{head.n_bytes}:{head.seal}"


def keep(db: duckdb.DuckDBPyConnection, log: AccessLog) -> list[str]:
    """Anchor the log as far as it reaches, unless it lacks anchored lines; return what is wrong.

    Only what came since the last anchor is read. A line that is not as it was written stops nothing: it stays in the
    file, where a check of the whole log finds it each time.
    """
    anchors = kept(db)
    last = anchors[-1].head if anchors else Head()
    found = check(log, anchors, last if _stands(log, last) else Head())
    if not found.lacks_anchored and found.head.n_lines > last.n_lines:
        db.execute(
            "insert into raw.access_log_anchors by name select now() at time zone 'UTC' as anchored_at, "
            "? as n_lines, ? as n_bytes, ? as seal",
            [*found.head],
        )
    return found.wrong


class CheckedLog(NamedTuple):
    """A sentence for each thing that is wrong with a log, how far it reaches, and whether it lacks anchored lines."""

    wrong: list[str]
    head: Head
    lacks_anchored: bool = False


def check(log: AccessLog, anchors: Sequence[Anchor], begin: Head = BEGINNING) -> CheckedLog:
    """Read a log and compare it with anchors.

    Args:
        log: the log.
        anchors: in any order.
        begin: an anchor in the log up to which it is known; without it the whole log is read.
    """
    if anchors and not log.path.exists():
        last = max(anchors, key=_n_lines)
        return CheckedLog([f"{log.path} is missing: it had {_reached(last)}; restore it from a backup"], Head(), True)
    later = sorted((anchor for anchor in anchors if anchor.head.n_lines > begin.n_lines), key=_n_lines)
    read = _read(log, begin, set(map(_n_lines, later)))
    lost = list(filterfalse(read.has, later))
    if lost:
        how = _difference(lost, list(filter(read.has, later)), read.head)
        read.wrong.append(f"{log.path} {how}: keep it as evidence, and restore it from a backup")
    return CheckedLog(read.wrong, read.head, bool(lost))


class _LogRead(NamedTuple):
    wrong: list[str]
    head: Head
    seals: dict[int, str]  # of the lines that anchors name, by number

    def has(self, anchor: Anchor) -> bool:
        """Return whether the line that an anchor names carries its seal."""
        return self.seals.get(_n_lines(anchor)) == anchor.head.seal


def _read(log: AccessLog, head: Head, wanted: set[int]) -> _LogRead:
    """Read a log from a head on: what is wrong with its lines, how far it reaches, and the seals of some lines."""
    wrong = []
    seals = {}
    for line in log.lines(head):
        head = line.head
        if line.number in wanted:
            seals[line.number] = head.seal
        if line.fault:
            wrong.append(line.fault)
    return _LogRead(wrong, head, seals)


def _n_lines(anchor: Anchor) -> int:
    return anchor.head.n_lines


def _stands(log: AccessLog, head: Head) -> bool:
    """Return whether the line that ends where a head says carries its seal."""
    if not log.path.exists() or log.path.stat().st_size < head.n_bytes:
        return False
    with log.path.open("rb") as file:
        file.seek(max(0, head.n_bytes - 100))
        return head.seal.encode() in file.read(min(100, head.n_bytes))


def _difference(lost: list[Anchor], held: list[Anchor], head: Head) -> str:
    """Say what was done to a log that lacks anchored lines.

    Args:
        lost: anchors that do not stand in it, oldest first.
        held: anchors that do.
        head: how far it reaches.
    """
    missing = lost[-1].head.n_lines - head.n_lines
    if not head.n_lines:
        return f"was emptied: it had {_reached(lost[-1])}"
    if missing > 0 and lost[0].head.n_lines > head.n_lines:
        if held and held[-1].head == head:
            return f"was rolled back to {held[-1].at} UTC: an older copy was put back, which lacks {missing} lines"
        return f"was cut: its last {missing} lines are gone; it had {_reached(lost[-1])}"
    if held:
        return (
            f"was forked: an older copy was put back and written on; it agrees up to line {held[-1].head.n_lines} "
            f"({held[-1].at} UTC) and then holds other lines than those that were anchored at {lost[0].at} UTC"
        )
    return f"is another log: none of its lines is what was anchored at {lost[0].at} UTC"


def _reached(anchor: Anchor) -> str:
    return f"{anchor.head.n_lines} lines at {anchor.at} UTC"

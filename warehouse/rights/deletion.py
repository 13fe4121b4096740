"""The deletion of what has been kept long enough: noted before the first step, and finished by whoever writes next.

The note is sealed, because the values by which the deletion will be proved are a person's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from warehouse import contracts, database
from warehouse.contracts import Contract
from warehouse.database import value
from warehouse.files import read_json
from warehouse.identity import vault as identities
from warehouse.keys import Keys
from warehouse.landing import archive, visiting
from warehouse.rights import canary, extracts, rectifying, retention
from warehouse.rights.canary import Canaries
from warehouse.rights.retention import Expired
from warehouse.settings import DBT_PROJECT, Home


@dataclass(frozen=True)
class Counts:
    """The extent of a deletion."""

    deliveries: int = 0
    rows: int = 0
    files: int = 0  # of the archive
    persons: int = 0
    dates: int = 0  # as-of dates


@dataclass(frozen=True)
class Deletion:
    """What is deleted, noted before the first step and sealed in the home until it is proved: a crash loses nothing."""

    counts: Counts
    canaries: Canaries
    today: date
    n_proofs: int  # how many deletions had been proved before
    is_done: bool = False  # deleted; building, publishing and the proof may be left

    def keep(self, home: Home, secret: Keys) -> None:
        """Write the note, sealed with the home's secret."""
        archive.seal(home.retaining, json.dumps(asdict(self), default=str).encode(), secret)


def noted(home: Home, secret: Keys) -> Deletion:
    """Return the deletion that was begun and is not proved yet."""
    note = json.loads(archive.unsealed(home.retaining, secret))
    canaries = Canaries(tuple(note["canaries"]["keys"]), tuple(note["canaries"]["values"]))
    today = date.fromisoformat(note["today"])
    return Deletion(Counts(**note["counts"]), canaries, today, note["n_proofs"], note["is_done"])


def begin(home: Home, secret: Keys, today: date) -> Deletion:
    """Note everything that is due; nothing is deleted yet."""
    known = list(contracts.read(DBT_PROJECT).values())
    with _opened(home, secret, known) as (db, vault):
        deliveries = retention.expired(db, known, today)
        due = [one.file for one in retention.tables_with_rows(deliveries, known)]
        gone = retention.find_gone(vault, db, known, due)
        counts = _counted(home, db, known, deliveries)
        counts = replace(counts, persons=len(gone), dates=len(retention.retired_dates(home, known, today)))
        deletion = Deletion(counts, canary.draw(vault, gone), today, len(proofs(home)))
    deletion.keep(home, secret)
    return deletion


def proofs(home: Home) -> list[dict[str, Any]]:
    """Return the proofs of deletions, oldest first."""
    advice = "restore it from a backup: it proves what was deleted"
    return read_json(home.retention, list, advice) if home.retention.exists() else []


def _counted(home: Home, db: duckdb.DuckDBPyConnection, known: list[Contract], deliveries: list[Expired]) -> Counts:
    """Return how many deliveries are due, with their rows and archived files."""
    tables = retention.tables_with_rows(deliveries, known).items()
    rows = sum(value(db, f"select count(*) from raw.{table} where _file = ?", [one.file]) for one, table in tables)
    paths: set[Path] = set().union(*(retention.archived(home, one.status, one.file, one.sha256) for one in deliveries))
    return Counts(deliveries=len(deliveries), rows=rows, files=len(paths))


@contextmanager
def _opened(
    home: Home, secret: Keys, known: list[Contract]
) -> Iterator[tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]]:
    """Open warehouse and vault."""
    with database.warehouse(home) as db, database.scratch(home) as vault:
        database.attach_vault(vault, home, secret)
        identities.prepare(vault, known)
        yield db, vault


def carry_out(home: Home, secret: Keys, deletion: Deletion) -> None:
    """Delete what is noted; cut off anywhere, the next call deletes what is left."""
    if deletion.is_done:
        return
    known = list(contracts.read(DBT_PROJECT).values())
    with _opened(home, secret, known) as (db, vault):
        retention.delete_rows(db, retention.expired(db, known, deletion.today), known, deletion.today)
        retention.retire_dates(db, home, retention.retired_dates(home, known, deletion.today), deletion.today)
        retention.delete_parquet(home)
        gone = retention.find_gone(vault, db, known)
        extracts.end(db, extracts.of_children(db, gone), "a child in it was deleted", deletion.today)
        retention.forget_rows(db, gone)
        rectifying.forget(home, gone)
        visiting.forget(home, secret, gone)
        retention.forget_persons(vault, db, known)
        retention.delete_files(home, db)
    replace(deletion, is_done=True).keep(home, secret)

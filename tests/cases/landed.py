"""The small broken deliveries of `shared/cases`, landed into an empty home one after the other."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import duckdb
import pytest

from tests.cases.home import CASES
from warehouse import contracts, database, keys
from warehouse.identity import vault
from warehouse.landing.land import land
from warehouse.landing.ledger import Outcome
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home


@dataclass(frozen=True)
class Landed:
    """A home and what became of each delivery, by file name."""

    home: Home
    outcomes: dict[str, Outcome]

    def counts(self, file: str) -> tuple[str, int | None, int | None]:
        """Return status, accepted and quarantined rows of a delivery."""
        outcome = self.outcomes[file]
        return str(outcome.status), outcome.accepted_rows, outcome.quarantined_rows

    def ask(self, sql: str) -> list[tuple]:
        """Ask the warehouse."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as db:
            return db.execute(sql).fetchall()

    def quarantined(self, file: str | None = None) -> list[tuple[int, str | None, str]]:
        """Return line, column and fault of the quarantined lines, of one file or of all."""
        where = f"where file = '{file}'" if file else ""
        return self.ask(f"select line, column_name, fault from quarantine.rows {where} order by file, line")

    @contextmanager
    def vault(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the vault beside a throw-away database."""
        with closing(database.scratch(self.home)) as db:
            database.attach_vault(db, self.home, keys.load(self.home.secrets))
            vault.prepare(db, list(contracts.read(DBT_PROJECT).values()))
            yield db

    def in_vault(self, sql: str) -> list[tuple]:
        """Ask the vault."""
        with self.vault() as db:
            return db.execute(sql).fetchall()


def files(case: str) -> list[Path]:
    """Return the deliveries of a case; the test is skipped where the cases are not here."""
    if not CASES.is_dir():
        pytest.skip("the folder of cases is not here")
    return sorted((CASES / case).iterdir())


def land_files(home: Home, deliveries: Iterable[tuple[str, bytes]], said: TextIO | None = None) -> Landed:
    """Land deliveries together, and write what landing says."""
    for name, content in deliveries:
        path = home.inbox / name
        path.write_bytes(content)
        an_hour_ago = time.time() - 3600
        os.utime(path, (an_hour_ago, an_hour_ago))
    progress = Progress(stream=said) if said else Progress(quiet=True)
    return Landed(home, {outcome.file: outcome for outcome in land(home, progress)})


def land_case(home: Home, case: str) -> Landed:
    """Land all files of a case together."""
    return land_files(home, [(path.name, path.read_bytes()) for path in files(case)])

"""An empty real home that a case's files land in, and what can be asked of it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.landing import land
from warehouse.landing.ledger import Outcome
from warehouse.pipeline import build
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home

CASES = next(
    (path for path in (REPOSITORY.parent / "shared" / "cases", REPOSITORY / "shared" / "cases") if path.is_dir()),
    REPOSITORY.parent / "shared" / "cases",
)
SILENT = Progress(quiet=True)


@dataclass
class CaseHome:
    """A home with what landed so far."""

    home: Home
    outcomes: list[Outcome] = field(default_factory=list)

    def deliver(self, case: str) -> list[Outcome]:
        """Land a case's files; skip the test where the cases are not here."""
        folder = CASES / case
        if not folder.exists():
            pytest.skip("the broken deliveries of shared/cases are not here")
        for path in sorted(path for path in folder.rglob("*") if path.suffix in (".txt", ".csv", ".gz")):
            self._offer(path.name, path)
        return self.land()

    def put(self, name: str, content: str | bytes, encoding: str = "latin-1") -> list[Outcome]:
        """Land one file."""
        self.offer(name, content, encoding)
        return self.land()

    def offer(self, name: str, content: str | bytes, encoding: str = "latin-1") -> None:
        """Let one file wait."""
        path = self.home.root.parent / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        self._offer(name, path)

    def land(self) -> list[Outcome]:
        """Land what waits."""
        landed = land.land(self.home, SILENT)
        self.outcomes += landed
        return landed

    def build(self) -> build.BuildResult:
        """Build features and outcomes with their tests; raise where a test fails."""
        return build.build(self.home, SILENT)

    def ask(self, sql: str, given: list[Any] | None = None) -> list[tuple]:
        """Ask the warehouse, read-only."""
        with self.reading() as db:
            return db.execute(sql, given or []).fetchall()

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Lend a read-only connection to the warehouse."""
        with duckdb.connect(str(self.home.warehouse), read_only=True) as db:
            yield db

    def faults(self) -> list[tuple[int, str | None, str]]:
        """Return the quarantined lines: line, column, fault."""
        return self.ask("select line, column_name, fault from quarantine.rows order by all")

    def assert_nothing_lost(self) -> None:
        """Every delivered row of a landed file is accepted or quarantined, and the raw tables hold the accepted."""
        with self.reading() as db:
            for file, source, delivered, accepted, quarantined in db.execute(
                "select file, source, delivered_rows, accepted_rows, quarantined_rows from raw.deliveries "
                "where status in ('landed', 'superseded')"
            ).fetchall():
                assert delivered == accepted + quarantined, file
                table = source.partition(".")[2]
                held = f"select count(*) from raw.{table} where _file = ?"
                apart = "select count(distinct line) from quarantine.rows where file = ?"
                assert db.execute(held, [file]).fetchone() == (accepted,), file
                assert db.execute(apart, [file]).fetchone() == (quarantined,), file

    def _offer(self, name: str, path: Path) -> None:
        offered = self.home.inbox / name
        shutil.copyfile(path, offered)
        an_hour_ago = time.time() - 3600
        os.utime(offered, (an_hour_ago, an_hour_ago))


def empty(folder: Path) -> CaseHome:
    """Return an empty real home."""
    home = Home(folder / "home")
    home.claim("real")
    return CaseHome(home)

"""Visits around a landing and a deletion: what was not delivered, the service's copy of names, what goes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from warehouse import contracts
from warehouse.contracts import Contract
from warehouse.keys import Keys
from warehouse.landing import journal, snapshot
from warehouse.settings import DBT_PROJECT, Home


def prepare(home: Home, secret: Keys, db: duckdb.DuckDBPyConnection, sources: Mapping[str, Contract]) -> None:
    """Deliver what a killed process did not, and copy names before the vault is locked."""
    journal.deliver_missing(home, secret, db, sources[journal.TABLE])
    snapshot.write(home, secret)


def forget(home: Home, secret: Keys, owned: Iterable[int], pattern: str = "") -> None:
    """Remove children from journal and copy, and what a pattern finds of them from what was noted of others."""
    children = set(map(str, owned))
    journal.forget(home, secret, children, contracts.read(DBT_PROJECT)[journal.TABLE], pattern)
    snapshot.forget(home, secret, children, pattern)

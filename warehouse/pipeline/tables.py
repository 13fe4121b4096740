"""The warehouse's tables that dbt does not build; each package declares its own."""

from __future__ import annotations

import duckdb

from warehouse import contracts
from warehouse.audit import accesses, anchors
from warehouse.build import calendar, formulas, orchestration, tested
from warehouse.database import transaction
from warehouse.landing import ledger
from warehouse.publish import disclosure, releases
from warehouse.registry import figures, notes, versions
from warehouse.rights import extracts, subject
from warehouse.settings import DBT_PROJECT

OWNERS = (
    calendar,
    tested,
    formulas,
    orchestration,
    versions,
    figures,
    notes,
    disclosure,
    releases,
    subject,
    extracts,
    accesses,
    anchors,
)


def prepare(db: duckdb.DuckDBPyConnection) -> None:
    """Create what is missing, and widen raw tables so that they hold what the contracts say."""
    ledger.prepare(db, list(contracts.read(DBT_PROJECT).values()))
    with transaction(db):
        for owner in OWNERS:
            db.execute(owner.DDL)

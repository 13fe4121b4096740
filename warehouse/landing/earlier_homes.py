"""What homes of earlier releases lack: the order of arrival, regions of rows, and what stands of each delivery."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from warehouse.contracts import REGION, Contract
from warehouse.database import transaction, value
from warehouse.deliveries import HAS_ROWS
from warehouse.landing import regions, standing

LACKING = f"select count(*) from raw.deliveries where {HAS_ROWS} and landed_no is null"


def bring_up(db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> None:
    """Number the deliveries in the order of arrival, and work out what stands of them."""
    if not value(db, LACKING):
        return
    with transaction(db):
        db.execute(
            "update raw.deliveries as d set landed_no = n.n, changed_no = n.n from (select file, sha256, "
            f"row_number() over (order by landed_at, file) as n from raw.deliveries where {HAS_ROWS}) as n "
            "where d.file = n.file and d.sha256 = n.sha256"
        )
        for contract in contracts:
            _bring_up(db, contract)


def _bring_up(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    region = contract.scope.region
    if region and not regions.needs_places(region):
        db.execute(f"update raw.{contract.table} set {REGION.name} = {region} where {REGION.name} is null")
    db.execute("delete from raw.coverage where source = ?", [contract.name])
    deliveries = db.execute(
        f"select file, period from raw.deliveries where source = ? and {HAS_ROWS} and deleted_on is null order by all",
        [contract.name],
    ).fetchall()
    for file, period in deliveries:
        regions.count(db, contract, period, file)
    standing.settle_all(db, contract)

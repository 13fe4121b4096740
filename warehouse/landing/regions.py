"""Rows of a delivery by region, where files replace each other region by region."""

from __future__ import annotations

import duckdb

from warehouse.contracts import REGION, Contract


def region_sql(contract: Contract) -> str:
    """Return SQL of a raw row's region; empty where the contract has none or the row does not tell."""
    return f"coalesce({REGION.name}, '')" if contract.scope.region else "''"


def count(db: duckdb.DuckDBPyConnection, contract: Contract, period: str, file: str) -> None:
    """Note how many rows of each region a delivery has."""
    if contract.has_whole_files:
        db.execute(
            "insert into raw.coverage (source, period, region, n, file) "
            f"select ?, ?, {region_sql(contract)} as region, count(*), ? "
            f"from raw.{contract.table} where _file = ? group by all",
            [contract.name, period, file, file],
        )


def needs_places(region: str) -> bool:
    """Return whether a region's SQL looks a school's place up in the register."""
    return "places" in region


def place(db: duckdb.DuckDBPyConnection, reading: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Give a throw-away database the schools' departments by the newest register, where a region's SQL needs them."""
    if contract.scope.region and needs_places(contract.scope.region):
        arriving = db.execute(  # noqa: F841  DuckDB finds it by its name
            "select lpad(trim(codmod), 7, '0') || '-' || trim(anexo) as service, "
            "arg_max(left(lpad(consulta_ugel, 6, '0'), 2), _delivered_at) as region from raw.escale_schools group by 1"
        ).to_arrow_table()
        reading.execute("create or replace temp table places as select * from arriving")

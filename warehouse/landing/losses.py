"""What a delivery lacks of the rows that it would replace, by region."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple, Protocol

import duckdb
import pyarrow

from warehouse.contracts import CHILD_KEY, Contract
from warehouse.database import quoted
from warehouse.landing.regions import region_sql


class Part(NamedTuple):
    """The rows of one region in one delivery."""

    file: str
    region: str


class Loss(NamedTuple):
    """The former rows of a region that a delivery lacks."""

    missing: int
    before: int

    def is_more_than(self, share: float) -> bool:
        """Return whether more than a share of the former rows is missing."""
        return self.missing > share * self.before


class Named(Protocol):
    """Whatever has a file's name."""

    @property
    def file(self) -> str:
        """The file's name."""


DDL = """
create table if not exists raw.losses (file varchar, against varchar, region varchar, missing bigint, before bigint);
"""  # decided once: what is known of keys later does not change it


def found(
    db: duckdb.DuckDBPyConnection, contract: Contract, file: str, former: Mapping[str, Sequence[Named]]
) -> dict[str, Loss]:
    """Return the losses of a delivery against what stands, by region; a row is told by the contract's key."""
    parts = [Part(one.file, region) for region, standing in sorted(former.items()) for one in standing]
    against = hashlib.sha256(repr(parts).encode()).hexdigest()
    noted = "select region, missing, before from raw.losses where file = ? and against = ?"
    if parts and not db.execute(noted, [file, against]).fetchall():
        rows = [[file, against, region, *loss] for region, loss in _counted(db, contract, file, parts).items()]
        if rows:
            listed = ", ".join(["(?, ?, ?, ?, ?)"] * len(rows))
            db.execute(f"insert into raw.losses values {listed}", list(chain.from_iterable(rows)))
    return {region: Loss(missing, before) for region, missing, before in db.execute(noted, [file, against]).fetchall()}


def _counted(db: duckdb.DuckDBPyConnection, contract: Contract, file: str, parts: Sequence[Part]) -> dict[str, Loss]:
    """Count the rows of parts that a delivery lacks."""
    arriving = pyarrow.table({"file": [one.file for one in parts], "region": [one.region for one in parts]})
    keys = ", ".join(f"{_key(contract, name)} as k{n}" for n, name in enumerate(contract.landed_key))
    names = ", ".join(f"k{n}" for n in range(len(contract.landed_key)))
    rows = f"raw.{contract.table} as r" + (
        " left join raw.child_merges as m on m.child_key = r.child_key" if contract.aliases else ""
    )
    db.register("former_parts", arriving)
    counted = db.execute(
        f"""
        with former as (
          select distinct {region_sql(contract)} as _of_region, {keys} from {rows}
          where (_file, {region_sql(contract)}) in (select (file, region) from former_parts)),
        now as (select distinct {keys}, true as _is_there from {rows} where _file = ?)
        select _of_region, count(*) filter (_is_there is null), count(*)
        from former left join now using ({names}) group by 1
        """,
        [file],
    ).fetchall()
    db.unregister("former_parts")
    return {region: Loss(missing, before) for region, missing, before in counted}


def _key(contract: Contract, name: str) -> str:
    """Return SQL of a key's column: a code that lost its zeros is the same, and so is a key that was merged."""
    if name == CHILD_KEY.name:
        return "coalesce(m.merged_into, r.child_key)"
    types = {column.name: column.data_type for column in contract.landed}
    plain = f"r.{quoted(name)}"
    return (
        f"coalesce(ltrim(trim({plain}), '0'), '')"
        if types[name] == "varchar"
        else f"coalesce({plain}, {_NONE[types[name]]})"
    )


_NONE = dict.fromkeys(("bigint", "integer", "smallint", "double"), "-1") | {
    "date": "date '1900-01-01'",
    "boolean": "false",
}

"""What the law has a school keep of an erased person: under a key that leads to nobody, where no model reads it.

A row of `raw.kept_by_law` holds what the contract names (`kept_by_law`) and nothing that tells who it is about, not the
keyed hash of the pupil's number either: a later delivery of the same child is a new child, counted once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import duckdb

from warehouse.contracts import Contract
from warehouse.database import quoted

TABLE = "raw.kept_by_law"
DDL = f"""
create table if not exists {TABLE} (
  child_key bigint, source varchar, record varchar, why varchar, file varchar, kept_on date);
"""


def keep(db: duckdb.DuckDBPyConnection, known: Iterable[Contract], owned: Sequence[int], today: str) -> None:
    """Keep the newest version of each row of the school record, before the rows of a person are deleted.

    Called again after it was cut off, it keeps what is not kept yet.
    """
    for contract in known:
        if duty := contract.kept_by_law:
            record = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in duty.columns)
            db.execute(
                f"insert into {TABLE} select child_key, ?, to_json(struct_pack({record})), ?, _file, ?::date "
                f"from raw.{contract.table} where list_contains(?::bigint[], child_key) "
                f"and (child_key, ?, to_json(struct_pack({record}))::varchar) "
                f"not in (select (child_key, source, record) from {TABLE}) "
                f"qualify row_number() over (partition by {', '.join(map(quoted, contract.landed_key))} "
                "order by _delivered_at desc, known_at desc, _line desc) = 1",
                [contract.name, duty.why, today, list(owned), contract.name],
            )

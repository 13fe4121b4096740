"""The vault: who a key stands for. The only place that holds identities, in an encrypted DuckDB file.

`vault.persons` has one row per minted key, `vault.aliases` one per name a person goes by (document number,
pupil number), `vault.merges` says that two keys turned out to be one person. All three are append-only with
their own `known_at`. Each source with identity columns has a table of its own, one row per distinct content.
"""

from __future__ import annotations

import duckdb

from warehouse.contracts import Alias, Contract
from warehouse.database import quoted
from warehouse.keys import Keys

DDL = """
create table if not exists vault.persons (child_key bigint primary key, minted_from varchar, known_at date);
create table if not exists vault.aliases (
  kind varchar, value varchar, child_key bigint, known_at date, primary key (kind, value));
create table if not exists vault.merges (
  child_key bigint primary key, merged_into bigint, known_at date);
create table if not exists vault.reveals (
  revealed_at timestamp, child_key bigint, who varchar, reason varchar);
"""


def prepare(db: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> None:
    """Create what is missing in the attached vault, from the contracts."""
    db.execute(DDL)
    for contract in contracts:
        if contract.vaulted:
            columns = ", ".join(f"{quoted(c.name)} {c.data_type}" for c in contract.vaulted)
            db.execute(
                f"create table if not exists vault.{contract.table} "
                f"(child_key bigint, {columns}, content varchar, _file varchar, _line bigint, known_at date)"
            )


def hmac_sql(keys: Keys, value: str) -> str:
    """Return SQL for HMAC-SHA256 of a text expression, as hexadecimal (RFC 2104; the pads carry the key)."""
    outer, inner = ("".join(f"\\x{byte:02X}" for byte in pad) for pad in keys.pads)
    return f"sha256('{outer}'::blob || unhex(sha256('{inner}'::blob || encode({value}))))"


def key_sql(keys: Keys, value: str) -> str:
    """Return SQL for an integer pseudonym below 2^52: safe in JSON, browsers and doubles."""
    return f"('0x' || substr({hmac_sql(keys, value)}, 1, 13))::bigint"


def resolve(db: duckdb.DuckDBPyConnection, contract: Contract, keys: Keys, known_at: str) -> None:
    """Give every row of `temp.typed` its `child_key`, minting persons and adding aliases and merges.

    A row is one person; the first alias (most trusted) mints. An alias that is already another person's says
    that both are one: the key that had it first stays, the other is merged into it.
    """
    db.execute("alter table typed add column child_key bigint")
    for alias in contract.aliases:
        _adopt(db, alias)
    for alias in contract.aliases:
        _mint(db, alias, keys, known_at)
        _adopt(db, alias)
        for other in contract.aliases:  # a row without the document may share the pupil number of one with it
            _add_alias(db, other, known_at)
            _adopt(db, other)
    for alias in contract.aliases:
        _merge(db, alias, known_at)


def _held(alias: Alias) -> str:
    return f"{quoted(alias.column)} is not null and ({alias.when})"


def _mint(db: duckdb.DuckDBPyConnection, alias: Alias, keys: Keys, known_at: str) -> None:
    """Mint a person for each alias value of still nameless rows that no vault row knows."""
    kind = f"'{alias.kind}'"
    value = quoted(alias.column)
    db.execute(
        f"create or replace temp table minted as select {value} as value from typed "
        f"where child_key is null and {_held(alias)} and not exists (select 1 from vault.aliases as a "
        f"where a.kind = {kind} and a.value = {value}) group by all"
    )
    attempt = 0
    while db.execute("select 1 from minted limit 1").fetchone():  # again only where two HMACs share 52 bits
        salt = f"'#{attempt}:{alias.kind}:'" if attempt else f"'{alias.kind}:'"
        fresh = (
            f"select value, {key_sql(keys, salt + ' || value')} as key from minted "
            "qualify row_number() over (partition by key order by value) = 1"
        )
        db.execute(
            f"create or replace temp table fresh as select * from ({fresh}) "
            "where key not in (select child_key from vault.persons)"
        )
        db.execute("begin")
        db.execute(f"insert into vault.persons select key, {kind}, date '{known_at}' from fresh")
        db.execute(f"insert into vault.aliases select {kind}, value, key, date '{known_at}' from fresh")
        db.execute("commit")
        db.execute("delete from minted where value in (select value from fresh)")
        attempt += 1


def _adopt(db: duckdb.DuckDBPyConnection, alias: Alias) -> None:
    db.execute(
        f"update typed set child_key = a.child_key from vault.aliases as a where typed.child_key is null "
        f"and a.kind = '{alias.kind}' and a.value = typed.{quoted(alias.column)} and {_held(alias)}"
    )


def _add_alias(db: duckdb.DuckDBPyConnection, alias: Alias, known_at: str) -> None:
    """Add alias values that are new; where two new persons share one, the row that came first has it."""
    value = quoted(alias.column)
    db.execute(
        f"insert into vault.aliases select '{alias.kind}', {value}, arg_min(child_key, _line), date '{known_at}' "
        f"from typed where child_key is not null and {_held(alias)} and not exists (select 1 from vault.aliases as a "
        f"where a.kind = '{alias.kind}' and a.value = typed.{value}) group by {value}"
    )


def _merge(db: duckdb.DuckDBPyConnection, alias: Alias, known_at: str) -> None:
    """Record that two keys are one person, both followed to where they were merged before."""
    value = quoted(alias.column)
    pairs = db.execute(
        f"select distinct t.child_key, a.child_key from typed as t join vault.aliases as a "
        f"on a.kind = '{alias.kind}' and a.value = t.{value} where {_held(alias)} "
        "and a.child_key <> t.child_key order by all"
    ).fetchall()
    if not pairs:
        return
    merged = dict(db.execute("select child_key, merged_into from vault.merges").fetchall())
    for key, holder in pairs:
        source, target = _end(merged, key), _end(merged, holder)
        if source != target:
            merged[source] = target
            db.execute(f"insert into vault.merges values (?, ?, date '{known_at}')", [source, target])


def _end(merged: dict[int, int], key: int) -> int:
    while key in merged:
        key = merged[key]
    return key


def store_identities(db: duckdb.DuckDBPyConnection, contract: Contract, file: str, known_at: str) -> None:
    """Keep each distinct content of the identity columns once; doing it twice changes nothing."""
    if not contract.vaulted:
        return
    columns = ", ".join(quoted(column.name) for column in contract.vaulted)
    child = "child_key" if contract.aliases else "cast(null as bigint)"
    unnamed = "case when child_key is null then concat('@', _file, _line) end"  # to be linked later: row by row
    db.execute(
        f"create or replace temp table contents as select {child} as child_key, {columns}, "
        f"{quoted(file, chr(39))} as _file, _line, md5(concat_ws('|', child_key, {unnamed}, {columns})) as content "
        "from (select *, " + ("" if contract.aliases else "null as child_key, ") + f"'{file}' as _file from typed)"
    )
    db.execute(
        f"insert into vault.{contract.table} select child_key, {columns}, content, _file, min(_line), "
        f"date '{known_at}' from contents where not exists (select 1 from vault.{contract.table} as v "
        "where v.content = contents.content) group by all"
    )

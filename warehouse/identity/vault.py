"""The vault: who a key stands for. The only place that holds identities, in an encrypted DuckDB file.

`vault.persons` has one row per minted key, `vault.aliases` one per name a person goes by (document number,
pupil number), `vault.merges` says that two keys turned out to be one person. All three are append-only with
their own `known_at`. Each source with identity columns has a table of its own, one row per distinct content.
"""

from __future__ import annotations

from typing import Any

import duckdb

from warehouse.contracts import Alias, Contract
from warehouse.database import quoted, transaction
from warehouse.keys import Keys

# No index guards that keys and names are unique: a country's would not fit into memory. What inserts looks first.
DDL = """
create table if not exists vault.persons (child_key bigint, minted_from varchar, known_at date);
create table if not exists vault.aliases (kind varchar, value varchar, child_key bigint, known_at date);
create table if not exists vault.merges (child_key bigint, merged_into bigint, known_at date);
create table if not exists vault.reveals (
  revealed_at timestamp, child_key bigint, who varchar, reason varchar);
create table if not exists vault.requests (
  requested_at timestamp, child_key bigint, kind varchar, who varchar, reason varchar, detail varchar);
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
    """Make `temp.people`: the `child_key` of each distinct combination of aliases in `temp.typed`.

    A row is one person; the first alias (most trusted) mints. An alias that is already another person's says
    that both are one: the key that had it first stays, the other is merged into it.
    """
    _find_people(db, contract)
    for alias in contract.aliases:
        if not _mint(db, alias, keys, known_at):
            continue
        _adopt(db, alias)
        for other in contract.aliases:  # a row without the document may share the pupil number of one with it
            _add_alias(db, other, known_at)
            _adopt(db, other)
    _merge_all(db, contract, known_at)


def _merge_all(db: duckdb.DuckDBPyConnection, contract: Contract, known_at: str) -> None:
    """Add and merge every alias of the rows; with a single alias, none can be two persons'."""
    if len(contract.aliases) > 1:
        for alias in contract.aliases:
            _add_alias(db, alias, known_at)
            _merge(db, alias, known_at)


def _find_people(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Make `temp.people` with the keys that the vault knows."""
    columns = _columns(contract)
    held = ", ".join(f"case when {a.when} then {quoted(a.column)} end as {a.kind}" for a in contract.aliases)
    known = " ".join(
        f"left join (select value, child_key from vault.aliases where kind = '{a.kind}') as k_{a.kind} "
        f"on k_{a.kind}.value = d.{a.kind}"
        for a in contract.aliases
    )
    first = ", ".join(f"k_{a.kind}.child_key" for a in contract.aliases)
    db.execute(
        f"create or replace temp table people as "
        f"with d as (select {columns}, {held}, min(_line) as _line from typed group by all) "
        f"select d.*, coalesce({first}) as child_key from d {known}"
    )


def with_keys(contract: Contract) -> str:
    """Return SQL for `temp.typed` with the `child_key` of each row."""
    if not contract.aliases:
        return "typed"
    same = " and ".join(f"t.{quoted(a.column)} is not distinct from p.{quoted(a.column)}" for a in contract.aliases)
    same += "".join(f" and t.{quoted(name)} is not distinct from p.{quoted(name)}" for name in _conditions(contract))
    return f"(select t.*, p.child_key from typed as t left join people as p on {same})"


def _conditions(contract: Contract) -> list[str]:
    """Return the columns that decide whether an alias holds (such as the kind of document)."""
    words = " ".join(alias.when for alias in contract.aliases).lower().split()
    return [c.name for c in contract.vaulted if not c.alias and c.name in words]


def _columns(contract: Contract) -> str:
    return ", ".join(quoted(name) for name in [*(a.column for a in contract.aliases), *_conditions(contract)])


def _mint(db: duckdb.DuckDBPyConnection, alias: Alias, keys: Keys, known_at: str) -> bool:
    """Mint a person for each alias value of still nameless rows that no vault row knows; say if there was one."""
    kind = f"'{alias.kind}'"
    db.execute(
        f"create or replace temp table minted as select distinct {alias.kind} as value from people "
        f"where child_key is null and {alias.kind} is not null"
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
        with transaction(db):
            db.execute(f"insert into vault.persons select key, {kind}, date '{known_at}' from fresh")
            db.execute(f"insert into vault.aliases select {kind}, value, key, date '{known_at}' from fresh")
        db.execute("delete from minted where value in (select value from fresh)")
        attempt += 1
    return attempt > 0


def _adopt(db: duckdb.DuckDBPyConnection, alias: Alias) -> None:
    """Give nameless rows the key that their alias has now (written anew: an update would be held in memory)."""
    db.execute(
        f"create or replace temp table people as "
        f"select p.* replace (coalesce(p.child_key, a.child_key) as child_key) from people as p left join "
        f"(select value, child_key from vault.aliases where kind = '{alias.kind}') as a on a.value = p.{alias.kind}"
    )


def _add_alias(db: duckdb.DuckDBPyConnection, alias: Alias, known_at: str) -> None:
    """Add alias values that are new; where two new persons share one, the row that came first has it."""
    db.execute(
        f"insert into vault.aliases select '{alias.kind}', {alias.kind}, arg_min(child_key, _line), "
        f"date '{known_at}' from people as p where child_key is not null and {alias.kind} is not null "
        f"and not exists (select 1 from vault.aliases as a where a.kind = '{alias.kind}' "
        f"and a.value = p.{alias.kind}) group by {alias.kind}"
    )


def _merge(db: duckdb.DuckDBPyConnection, alias: Alias, known_at: str) -> None:
    """Record that two keys are one person, both followed to where they were merged before."""
    pairs = db.execute(
        f"select distinct p.child_key, a.child_key from people as p join vault.aliases as a "
        f"on a.kind = '{alias.kind}' and a.value = p.{alias.kind} where a.child_key <> p.child_key order by all"
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
    if not any(column.identity for column in contract.columns):
        return  # nothing but aliases, and those are kept
    columns = ", ".join(quoted(column.name) for column in contract.vaulted)
    child = "child_key" if contract.aliases else "cast(null as bigint)"
    unnamed = f"case when {child} is null then concat('@{file}', _line) end"  # to be linked later: row by row
    db.execute(
        f"insert into vault.{contract.table} "
        f"select {child} as child_key, {columns}, md5(concat_ws('|', {child}, {unnamed}, {columns})) as content, "
        f"'{file}', min(_line), date '{known_at}' from {with_keys(contract)} as t "
        f"group by {child}, {columns}, content "
        f"having content not in (select content from vault.{contract.table})"
    )


def reveal(db: duckdb.DuckDBPyConnection, child: int, who: str, reason: str) -> dict[str, object] | None:
    """Return a person's newest identity from the pupil records, after logging who asked, when and why.

    None if the vault holds no such person; the request is logged all the same.
    """
    db.execute(
        "insert into vault.reveals values (cast(now() at time zone 'UTC' as timestamp), ?, ?, ?)", [child, who, reason]
    )
    return identity(db, child)


def identity(db: duckdb.DuckDBPyConnection, child: int) -> dict[str, Any] | None:
    """Return a person's newest identity from the pupil records; who calls this has logged who asked and why."""
    found = db.execute(
        "select n_doc as document, id_persona as siagie_person, nombres as given_names, apellido_paterno as "
        "first_surname, apellido_materno as second_surname, _file as file, _line as line "
        "from vault.siagie_enrollments where child_key in (select ? union select child_key from vault.merges "
        "where merged_into = ?) order by known_at desc, _line desc limit 1", [child, child],
    )  # fmt: skip
    names = [column[0] for column in found.description]
    row = found.fetchone()
    return dict(zip(names, row, strict=True)) if row else None

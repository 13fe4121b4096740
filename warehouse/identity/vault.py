"""The vault of identities behind the keys: an encrypted DuckDB file, the only place that holds them.

`vault.persons` has one row per minted key, `vault.aliases` one per document or pupil number of a person,
`vault.merges` one per pair of keys of the same person. All three are append-only with their own `known_at`. Each
source with identity columns has a table of its own, one row per distinct content.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from warehouse.contracts import Alias, Contract
from warehouse.database import quoted, transaction
from warehouse.keys import Keys

# Keys and aliases have no unique index, which would not fit into memory for a country. Inserts check first.
DDL = """
create table if not exists vault.persons (child_key bigint, minted_from varchar, known_at date);
create table if not exists vault.aliases (kind varchar, value varchar, child_key bigint, known_at date);
create table if not exists vault.merges (child_key bigint, merged_into bigint, known_at date);
create table if not exists vault.reveals (
  revealed_at timestamp, child_key bigint, who varchar, reason varchar);
create table if not exists vault.requests (
  requested_at timestamp, child_key bigint, kind varchar, who varchar, reason varchar, detail varchar);
"""


@dataclass(frozen=True)
class Identity:
    """A person's newest identity in the pupil records; None for values that no record has."""

    document: str | None
    siagie_person: str | None
    given_names: str | None
    first_surname: str | None
    second_surname: str | None
    file: str  # delivery of the record
    line: int


def prepare(db: duckdb.DuckDBPyConnection, contracts: list[Contract]) -> None:
    """Create the missing tables of the attached vault, by the contracts."""
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
    """Create `temp.people`: the `child_key` of each distinct combination of aliases in `temp.typed`.

    A row is one person; the first alias (most trusted) mints the key. An alias of another person means that both
    are the same: the key that had it first stays, the other is merged into it.
    """
    _find_people(db, contract)
    for alias in contract.aliases:
        if not _mint(db, alias, keys, known_at):
            continue
        _adopt(db, alias)
        for other in contract.aliases:  # a row without a document can share the pupil number of a row with one
            _add_alias(db, other, known_at)
            _adopt(db, other)
    _merge_all(db, contract, known_at)


def _merge_all(db: duckdb.DuckDBPyConnection, contract: Contract, known_at: str) -> None:
    """Add and merge every alias of the rows; a single alias can never belong to two persons."""
    if len(contract.aliases) > 1:
        for alias in contract.aliases:
            _add_alias(db, alias, known_at)
            _merge(db, alias, known_at)


def _find_people(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create `temp.people` with the keys that the vault knows."""
    columns = _columns(contract)
    held = ", ".join(f"case when {a.condition} then {quoted(a.column)} end as {a.kind}" for a in contract.aliases)
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


def landed_source(contract: Contract, keys: Keys) -> str:
    """Return SQL for the typed rows with the child's key and pseudonyms such as the household's."""
    source = with_keys(contract)
    pseudonyms = [
        key_sql(keys, f"'{c.pseudonym}:' || {quoted(c.name)}") + f" as {c.landed_name}"
        for c in contract.columns
        if c.pseudonym
    ]
    return f"(select *, {', '.join(pseudonyms)} from {source})" if pseudonyms else source


def _conditions(contract: Contract) -> list[str]:
    """Return the columns on which aliases depend, such as the kind of document."""
    names = {column for alias in contract.aliases for column, _ in alias.when}
    return [c.name for c in contract.vaulted if not c.alias and c.name in names]


def _columns(contract: Contract) -> str:
    """Return the columns of aliases and of their conditions, quoted."""
    return ", ".join(quoted(name) for name in [*(a.column for a in contract.aliases), *_conditions(contract)])


def _mint(db: duckdb.DuckDBPyConnection, alias: Alias, keys: Keys, known_at: str) -> bool:
    """Mint a person for each unknown alias value of rows without a key; return whether any was minted."""
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
            db.execute(
                "insert into vault.persons (child_key, minted_from, known_at) "
                f"select key, {kind}, date '{known_at}' from fresh"
            )
            db.execute(
                "insert into vault.aliases (kind, value, child_key, known_at) "
                f"select {kind}, value, key, date '{known_at}' from fresh"
            )
        db.execute("delete from minted where value in (select value from fresh)")
        attempt += 1
    return attempt > 0


def _adopt(db: duckdb.DuckDBPyConnection, alias: Alias) -> None:
    """Give rows without a key the key of their alias; the table is rewritten, as an update would stay in memory."""
    db.execute(
        f"create or replace temp table people as "
        f"select p.* replace (coalesce(p.child_key, a.child_key) as child_key) from people as p left join "
        f"(select value, child_key from vault.aliases where kind = '{alias.kind}') as a on a.value = p.{alias.kind}"
    )


def _add_alias(db: duckdb.DuckDBPyConnection, alias: Alias, known_at: str) -> None:
    """Add new alias values; where two new persons share one, the first row keeps it."""
    db.execute(
        "insert into vault.aliases (kind, value, child_key, known_at) "
        f"select '{alias.kind}', {alias.kind}, arg_min(child_key, _line), "
        f"date '{known_at}' from people as p where child_key is not null and {alias.kind} is not null "
        f"and not exists (select 1 from vault.aliases as a where a.kind = '{alias.kind}' "
        f"and a.value = p.{alias.kind}) group by {alias.kind}"
    )


def _merge(db: duckdb.DuckDBPyConnection, alias: Alias, known_at: str) -> None:
    """Record that two keys are the same person, each followed through earlier merges."""
    pairs = db.execute(
        f"select distinct p.child_key, a.child_key from people as p join vault.aliases as a "
        f"on a.kind = '{alias.kind}' and a.value = p.{alias.kind} where a.child_key <> p.child_key order by all"
    ).fetchall()
    if not pairs:
        return
    merged = dict(db.execute("select child_key, merged_into from vault.merges").fetchall())
    for key, holder in pairs:
        source = _end(merged, key)
        target = _end(merged, holder)
        if source != target:
            merged[source] = target
            db.execute(
                "insert into vault.merges (child_key, merged_into, known_at) values (?, ?, ?)",
                [source, target, known_at],
            )


def _end(merged: dict[int, int], key: int) -> int:
    """Return the key into which a key was finally merged."""
    while key in merged:
        key = merged[key]
    return key


def store_identities(db: duckdb.DuckDBPyConnection, contract: Contract, file: str, known_at: str) -> None:
    """Store each distinct content of the identity columns once; idempotent."""
    if not any(column.identity for column in contract.columns):
        return  # only aliases, which have a table of their own
    columns = ", ".join(quoted(column.name) for column in contract.vaulted)
    child = "child_key" if contract.aliases else "cast(null as bigint)"
    unnamed = f"case when {child} is null then concat('@{file}', _line) end"  # linked later, row by row
    db.execute(
        f"insert into vault.{contract.table} (child_key, {columns}, content, _file, _line, known_at) "
        f"select {child} as child_key, {columns}, md5(concat_ws('|', {child}, {unnamed}, {columns})) as content, "
        f"'{file}', min(_line), date '{known_at}' from {with_keys(contract)} as t "
        f"group by {child}, {columns}, content "
        f"having content not in (select content from vault.{contract.table})"
    )


def reveal(db: duckdb.DuckDBPyConnection, child: int, user: str, reason: str) -> Identity | None:
    """Log user, time and reason of a request, then return the person's newest identity.

    None if the vault holds no such person; the request is logged all the same.
    """
    db.execute(
        "insert into vault.reveals (revealed_at, child_key, who, reason) "
        "values (cast(now() at time zone 'UTC' as timestamp), ?, ?, ?)",
        [child, user, reason],
    )
    return identity(db, child)


def identity(db: duckdb.DuckDBPyConnection, child: int) -> Identity | None:
    """Return a person's newest identity from the pupil records; the caller has logged the request."""
    row = db.execute(
        "select n_doc, id_persona, nombres, apellido_paterno, apellido_materno, _file, _line "
        "from vault.siagie_enrollments where child_key in (select ? union select child_key from vault.merges "
        "where merged_into = ?) order by known_at desc, _line desc limit 1",
        [child, child],
    ).fetchone()
    if row is None:
        return None
    document, siagie_person, given_names, first_surname, second_surname, file, line = row
    return Identity(
        document=document,
        siagie_person=siagie_person,
        given_names=given_names,
        first_surname=first_surname,
        second_surname=second_surname,
        file=file,
        line=line,
    )

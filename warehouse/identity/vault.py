"""The vault of identities behind the keys: an encrypted DuckDB file, the only place that holds them.

`vault.persons` has one row per minted key, `vault.aliases` one per document or pupil number of a person,
`vault.merges` one per pair of keys of the same person, `vault.parts` one per pair that turned out to be two people.
`vault.retired` has one row per key of an erased person and per keyed hash of its document and numbers: it answers
only whether somebody was erased, so that a later delivery gets a new key; `vault.returned` has those who objected.
`vault.visit_notes` has one row per visit that was recorded in the service: who, with whom, and the note.
All are append-only with their own `known_at`. Each source with identity columns has a table of its own, one row per
distinct content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse.contracts import Column, Contract
from warehouse.database import quoted, transaction
from warehouse.identity import names
from warehouse.identity.people import SAME_PERSON, with_keys
from warehouse.keys import Keys, key_sql

# Keys and aliases have no unique index, which would not fit into memory for a country. Inserts check first.
DDL = """
create table if not exists vault.persons (child_key bigint, minted_from varchar, known_at date);
create table if not exists vault.aliases (kind varchar, value varchar, child_key bigint, known_at date);
create table if not exists vault.merges (child_key bigint, merged_into bigint, known_at date);
create table if not exists vault.parts (child_key bigint, merged_into bigint, known_at date);
create table if not exists vault.retired (child_key bigint, retired_on date, is_objecting boolean);
create table if not exists vault.returned (child_key bigint, known_at date);
create table if not exists vault.visit_notes (
  number varchar, child_key bigint, recorded_at timestamp, who varchar, in_charge varchar, with_whom varchar,
  note varchar, file varchar);
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
    with transaction(db):  # one commit: each is waited for until the disk has it
        db.execute(DDL)
        for contract in contracts:
            _prepare_identities(db, contract)


def _prepare_identities(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create the table of a contract's identity columns."""
    if contract.vaulted:
        columns = ", ".join(f"{quoted(c.name)} {c.data_type}" for c in contract.vaulted)
        db.execute(
            f"create table if not exists vault.{contract.table} "
            f"(child_key bigint, {columns}, content varchar, _file varchar, _line bigint, known_at date)"
        )
    for column in _remembered(contract):
        db.execute(f"alter table vault.{contract.table} add column if not exists {quoted(column.name)} date")


def _remembered(contract: Contract) -> list[Column]:
    """Return open columns that the vault holds too, to tell people apart: the date of birth."""
    born = [column for column in contract.columns if column.link == "birth_date" and column not in contract.vaulted]
    return born if contract.aliases else []


def landed_source(contract: Contract, keys: Keys) -> str:
    """Return SQL for the typed rows with the child's key and pseudonyms such as the household's."""
    source = with_keys(contract)
    pseudonyms = [
        f"{_pseudonym(column, keys)} as {column.landed_name}" for column in contract.columns if column.pseudonym
    ]
    return f"(select *, {', '.join(pseudonyms)} from {source})" if pseudonyms else source


def _pseudonym(column: Column, keys: Keys) -> str:
    """Return SQL for the key that stands for a value; a document that is nobody's has none."""
    name = quoted(column.name)
    key = key_sql(keys, f"'{column.pseudonym}:' || {name}")
    return f"case when {names.is_somebodys(name)} then {key} end" if column.document else key


def store_identities(db: duckdb.DuckDBPyConnection, contract: Contract, file: str, known_at: str) -> None:
    """Store each distinct content of the identity columns once; idempotent."""
    if not any(column.identity for column in contract.columns):
        return  # only aliases, which have a table of their own
    columns = ", ".join(quoted(column.name) for column in contract.vaulted)
    child = "child_key" if contract.aliases else "cast(null as bigint)"
    unnamed = f"case when {child} is null then concat('@{file}', _line) end"  # linked later, row by row
    remembered = [quoted(column.name) for column in _remembered(contract)]
    more = "".join(f", {name}" for name in remembered)
    first = "".join(f", arg_min({name}, _line)" for name in remembered)
    db.execute(
        f"insert into vault.{contract.table} (child_key, {columns}, content, _file, _line, known_at{more}) "
        f"select {child} as child_key, {columns}, md5(concat_ws('|', {child}, {unnamed}, {columns})) as content, "
        f"'{file}', min(_line), date '{known_at}'{first} from {with_keys(contract)} as t "
        f"group by {child}, {columns}, content "
        f"having content not in (select content from vault.{contract.table})"
    )


def identity(db: duckdb.DuckDBPyConnection, child: int) -> Identity | None:
    """Return a person's newest identity from the pupil records; the caller has logged the access."""
    row = _newest(db, child, "n_doc, id_persona, nombres, apellido_paterno, apellido_materno, _file, _line", "true")
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


def guardian(db: duckdb.DuckDBPyConnection, child: int) -> str | None:
    """Return the newest name of a person's mother, father or guardian that a pupil record has; the access is logged."""
    row = _newest(db, child, "apoderado_nombres", "trim(apoderado_nombres) <> ''")
    return row[0] if row else None


def _newest(db: duckdb.DuckDBPyConnection, child: int, columns: str, has: str) -> tuple[Any, ...] | None:
    """Return columns of a person's newest pupil record, under any of its keys, that has something."""
    return db.execute(
        f"select {columns} from vault.siagie_enrollments where {has} and child_key in (select ? union "
        f"select child_key from {_merges(db)} where merged_into = ?) order by known_at desc, _line desc limit 1",
        [child, child],
    ).fetchone()


NAMES = """
with
asked as (select unnest(?) as person),
keys as (
  select person, person as child_key from asked union
  select asked.person, m.child_key from {merges} as m inner join asked on asked.person = m.merged_into)
select keys.person, concat_ws(' ', nombres, apellido_paterno, apellido_materno) as full_name
from vault.siagie_enrollments inner join keys using (child_key)
qualify row_number() over (partition by keys.person order by known_at desc, _line desc) = 1
"""


def full_names(db: duckdb.DuckDBPyConnection, children: Sequence[int]) -> dict[int, str]:
    """Return the newest names of those children that the vault knows; the caller has logged the access."""
    return dict(db.execute(NAMES.format(merges=_merges(db)), [list(children)]).fetchall())


def _merges(db: duckdb.DuckDBPyConnection) -> str:
    """Return the pairs of keys of one person; a vault that only a former version has opened has no parts."""
    parts = db.execute("select 1 from duckdb_tables() where database_name = 'vault' and table_name = 'parts'")
    return SAME_PERSON if parts.fetchone() else "vault.merges"

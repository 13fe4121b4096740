"""Whose row it is: the key of each person in a delivery, by the documents and numbers that the vault knows.

A key holds the first number of a kind natively; a second number of the same person, such as one issued anew, gets a
key of its own that is merged into it. So a merge that was wrong can be ended: the rows of both keep their own keys.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from warehouse import database
from warehouse.contracts import Alias, Contract
from warehouse.database import quoted, transaction
from warehouse.identity import names
from warehouse.keys import Keys, key_sql

DOCUMENT = "dni"
REGISTER = "siagie_enrollments"  # the register that has a document, a number, names and a date of birth of everybody
# The merges that hold: keys that were not parted since.
SAME_PERSON = (
    "(select m.child_key, m.merged_into from vault.merges as m where not exists (select 1 from vault.parts as p "
    "where p.child_key = m.child_key and p.merged_into = m.merged_into))"
)


def resolve(db: duckdb.DuckDBPyConnection, contract: Contract, keys: Keys, known_at: str) -> None:
    """Create `temp.people`: the keys of each distinct combination of aliases in `temp.typed`.

    The first alias (most trusted) mints the key of a person that the vault does not know; the last one names the row.
    """
    _find_people(db, contract)
    if any(alias.kind == DOCUMENT for alias in contract.aliases):
        _set_aside_documents_of_others(db)
    for alias in contract.aliases:
        if _mint(db, alias.kind, _unknown(alias, contract), keys, known_at):
            _adopt(db, alias)
    if len(contract.aliases) > 1:
        document, number = (alias.kind for alias in contract.aliases)
        _add_numbers(db, document, number, keys, known_at)
        _add_documents(db, document, number, known_at)
        _merge(db, _same_people(db, document, number), known_at)
    _note_returned(db, contract, keys, known_at)


def all_keys(vault: duckdb.DuckDBPyConnection, child: int) -> list[int]:
    """Return every key of a person: its own and those merged with it."""
    return database.column(
        vault,
        "with recursive same(k) as (select ? union select case when m.child_key = same.k then m.merged_into "
        f"else m.child_key end from same join {SAME_PERSON} as m on same.k in (m.child_key, m.merged_into)) "
        "select distinct k from same order by 1",
        [child],
    )


def with_keys(contract: Contract) -> str:
    """Return SQL for `temp.typed` with the `child_key` of each row."""
    if not contract.aliases:
        return "typed"
    same = " and ".join(f"t.{name} is not distinct from p.{name}" for name in _columns(contract))
    known = ", ".join(f"p.k_{alias.kind}" for alias in reversed(contract.aliases))
    return f"(select t.*, coalesce({known}, null) as child_key from typed as t left join people as p on {same})"


def _columns(contract: Contract) -> list[str]:
    """Return the columns of aliases and of their conditions, quoted."""
    conditions = {column for alias in contract.aliases for column, _ in alias.when}
    named = [c.name for c in contract.vaulted if not c.alias and c.name in conditions]
    return [quoted(name) for name in [*(alias.column for alias in contract.aliases), *named]]


def _held(alias: Alias) -> str:
    """Return SQL for the value by which an alias names a person; null for a document that is nobody's."""
    name = quoted(alias.column)
    condition = alias.condition
    if alias.kind == DOCUMENT:
        condition += f" and {names.is_somebodys(name)} and {name} not in (select value from nobodys)"
    return f"case when {condition} then {name} end as {alias.kind}"


def _find_people(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create `temp.people` with the keys that the vault knows, `k_<kind>`, and the signs of each person."""
    columns = ", ".join(_columns(contract))
    held = ", ".join(map(_held, contract.aliases))
    kinds = [alias.kind for alias in contract.aliases]
    has_documents = DOCUMENT in kinds
    signs = "".join(
        f"arg_min({sql}, _line) as {sign}, " for sign, sql in names.signs(contract).items() if has_documents
    )
    known = " ".join(
        f"left join (select value, child_key from vault.aliases where kind = '{kind}') as a_{kind} "
        f"on a_{kind}.value = d.{kind}"
        for kind in kinds
    )
    found = ", ".join(f"a_{kind}.child_key as k_{kind}" for kind in kinds)
    db.execute(
        f"create or replace temp table people as "
        f"with d as (select {columns}, {held}, {signs}min(_line) as _line from typed group by {columns}) "
        f"select d.*, {found} from d {known}"
    )


def _rewrite(db: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Replace `temp.people`: an update would stay in memory."""
    db.execute(f"create or replace temp table people as {sql}")


def _set_aside_documents_of_others(db: duckdb.DuckDBPyConnection) -> None:
    """Take a document from rows of people who cannot be those of whom the register knows it."""
    has_number = db.execute("select 1 from duckdb_columns() where table_name = 'people' and column_name = 'k_siagie'")
    is_new = "(p.k_siagie is null or p.k_siagie <> p.k_dni)" if has_number.fetchone() else "true"
    db.execute(
        f"create or replace temp table others as select p._line from people as p join ({_register()}) as r "
        f"on r.document = p.dni where p.k_dni is not null and {is_new} "
        f"group by p._line having bool_and({names.are_different('p', 'r')})"
    )
    if db.execute("select 1 from others limit 1").fetchone():
        others = "_line in (select _line from others)"
        _rewrite(
            db,
            f"select * replace (case when not {others} then dni end as dni, case when not {others} then k_dni end "
            "as k_dni) from people",
        )


def _register() -> str:
    """Return SQL of everybody's document and signs in the register, for documents of `temp.people`."""
    return (
        "select child_key, n_doc as document, nombres as given, apellido_paterno as surname, "
        f"cast(fecha_nacimiento as varchar) as born from vault.{REGISTER} "
        "where n_doc in (select dni from people where k_dni is not null)"
    )


def _unknown(alias: Alias, contract: Contract) -> str:
    """Return SQL of the alias values of rows that no alias gives a key."""
    known = ", ".join(f"k_{other.kind}" for other in contract.aliases)
    return (
        f"select distinct {alias.kind} as value from people where {alias.kind} is not null and "
        f"coalesce({known}) is null"
    )


def _mint(db: duckdb.DuckDBPyConnection, kind: str, values: str, keys: Keys, known_at: str) -> bool:
    """Mint a person for each alias value of a query; return whether any was minted."""
    db.execute(f"create or replace temp table minted as {values}")
    attempt = 0
    # again where two HMACs share 52 bits, or one is of a person who was erased
    while db.execute("select 1 from minted limit 1").fetchone():
        salt = f"'#{attempt}:{kind}:'" if attempt else f"'{kind}:'"
        fresh = (
            f"select value, {key_sql(keys, salt + ' || value')} as key from minted "
            "qualify row_number() over (partition by key order by value) = 1"
        )
        db.execute(
            f"create or replace temp table fresh as select * from ({fresh}) "
            "where key not in (select child_key from vault.persons union all select child_key from vault.retired)"
        )
        with transaction(db):
            db.execute(
                "insert into vault.persons (child_key, minted_from, known_at) "
                f"select key, '{kind}', date '{known_at}' from fresh"
            )
            db.execute(
                "insert into vault.aliases (kind, value, child_key, known_at) "
                f"select '{kind}', value, key, date '{known_at}' from fresh"
            )
        db.execute("delete from minted where value in (select value from fresh)")
        attempt += 1
    return attempt > 0


def _note_returned(db: duckdb.DuckDBPyConnection, contract: Contract, keys: Keys, known_at: str) -> None:
    """Note people of this delivery who were erased while an objection stood: it stands for their new key too."""
    if not db.execute("select 1 from vault.retired where is_objecting limit 1").fetchone():
        return
    for kind in (alias.kind for alias in contract.aliases):
        natural = hash_sql(keys, f"'{kind}'", "a.value")
        db.execute(
            f"insert into vault.returned select distinct a.child_key, date '{known_at}' from people as p "
            f"join vault.aliases as a on a.kind = '{kind}' and a.value = p.{kind} "
            f"join vault.retired as r on r.is_objecting and r.child_key = {natural} "
            "where a.child_key not in (select child_key from vault.returned)"
        )


def hash_sql(keys: Keys, kind: str, value: str) -> str:
    """Return SQL for the keyed hash of a document or number: the key of a person who is minted from it."""
    return key_sql(keys, f"{kind} || ':' || {value}")


def _adopt(db: duckdb.DuckDBPyConnection, alias: Alias | str) -> None:
    """Give rows the key that the vault now has of their alias."""
    kind = alias if isinstance(alias, str) else alias.kind
    _rewrite(
        db,
        f"select p.* replace (coalesce(p.k_{kind}, a.child_key) as k_{kind}) from people as p left join "
        f"(select value, child_key from vault.aliases where kind = '{kind}') as a on a.value = p.{kind}",
    )


def _add_numbers(db: duckdb.DuckDBPyConnection, document: str, number: str, keys: Keys, known_at: str) -> None:
    """Add unknown numbers of people whose document is known; a second one gets a key that is merged."""
    new = f"select {number} as value, k_{document} as child_key, min(_line) as _line from people "
    new += f"where k_{number} is null and {number} is not null and k_{document} is not null group by all"
    db.execute(
        f"insert into vault.aliases (kind, value, child_key, known_at) "
        f"select '{number}', value, child_key, date '{known_at}' from ({new}) where child_key not in "
        f"(select child_key from vault.aliases where kind = '{number}') "
        "qualify row_number() over (partition by child_key order by _line) = 1 "
        "and row_number() over (partition by value order by _line) = 1"
    )
    _adopt(db, number)
    if _mint(db, number, f"select distinct value from ({new})", keys, known_at):
        pairs = db.execute(
            f"select distinct a.child_key, p.k_{document} from people as p join vault.aliases as a on "
            f"a.kind = '{number}' and a.value = p.{number} where p.k_{number} is null order by all"
        ).fetchall()
        _adopt(db, number)
        _merge(db, pairs, known_at)


def _add_documents(db: duckdb.DuckDBPyConnection, document: str, number: str, known_at: str) -> None:
    """Add unknown documents of people whose number is known; it parts a person who was merged by another's document.

    Where two new persons share a document, the first row keeps it.
    """
    new = f"p.k_{document} is null and p.{document} is not null and p.k_{number} is not null"
    _part_corrected(db, new, f"k_{number}", known_at)
    db.execute(
        "insert into vault.aliases (kind, value, child_key, known_at) "
        f"select '{document}', {document}, arg_min(k_{number}, _line), date '{known_at}' from people as p "
        f"where {new} group by {document}"
    )
    _adopt(db, document)


def _part_corrected(db: duckdb.DuckDBPyConnection, is_new: str, key: str, known_at: str) -> None:
    """End merges of people who get a document of their own and another name than the person they were merged into."""
    db.execute(
        f"insert into vault.parts (child_key, merged_into, known_at) select m.child_key, m.merged_into, "
        f"date '{known_at}' from people as p join {SAME_PERSON} as m on m.child_key = p.{key} "
        f"join (select child_key, nombres as given, apellido_paterno as surname from vault.{REGISTER}) as r "
        f"on r.child_key = m.merged_into where {is_new} "
        f"and m.merged_into in (select child_key from vault.aliases where kind = '{DOCUMENT}') "
        f"group by m.child_key, m.merged_into having bool_and({names.have_other_names('p', 'r')})"
    )


def _same_people(db: duckdb.DuckDBPyConnection, document: str, number: str) -> list[tuple[int, int]]:
    """Return pairs of keys (given up, kept) that one row names: they are the same person.

    Not where they were parted, nor where a row of somebody with a document of its own has the document of another.
    """
    return db.execute(
        f"""
        select distinct p.k_{document}, p.k_{number} from people as p
        where p.k_{document} <> p.k_{number}
        and not exists (
          select 1 from vault.parts as t
          where t.child_key in (p.k_{document}, p.k_{number}) and t.merged_into in (p.k_{document}, p.k_{number}))
        and not (
          exists (select 1 from vault.aliases as a
            where a.kind = '{document}' and a.child_key = p.k_{number} and a.value <> p.{document})
          and exists (select 1 from ({_register()}) as r
            where r.document = p.{document} and r.child_key <> p.k_{number} and {names.have_other_names("p", "r")}))
        order by all"""
    ).fetchall()


def _merge(db: duckdb.DuckDBPyConnection, pairs: Iterable[tuple[int, int]], known_at: str) -> None:
    """Record that two keys are the same person, each followed through earlier merges."""
    pairs = list(pairs)
    if not pairs:
        return
    merged = dict(db.execute(f"select child_key, merged_into from {SAME_PERSON}").fetchall())
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

"""What marts hold, looked at before they are published: no document, and no pseudonym in counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from warehouse.build import firewall, manifest
from warehouse.build.manifest import Manifest
from warehouse.database import column, quoted, value
from warehouse.errors import BuildFailed
from warehouse.settings import Home

Marts = dict[str, dict[str, dict[str, str]]]  # schema → table → column → type
# Pseudonyms are below 2^52 and hardly ever have fewer digits; most long numbers are none, and are compared.
LONG_NUMBERS = {
    "BIGINT": "select {name} as v from {table} where {name} >= 1e9",
    "DOUBLE": "select cast({name} as bigint) as v from {table} where {name} between 1e9 and 1e18",
    "VARCHAR": "select cast(unnest(regexp_extract_all({name}, '[0-9]{{10,16}}')) as bigint) as v from {table}",
}
# Type → SQL of the values that have the form of a DNI, as eight digits: as they stand, in groups, in base64; as numbers
# only where children are named. A number that is turned around has the form too; one that is cut in two has none.
WRITTEN = """
select case when regexp_full_match({name}, '[0-9]{{8}}') then {name}
  when regexp_full_match({name}, '[0-9]{{1,3}}([ ._/-][0-9]{{1,3}})+') then regexp_replace({name}, '[^0-9]', '', 'g')
  when regexp_full_match({name}, '[A-Za-z0-9+/]{{11}}=') then try(decode(from_base64({name}))) end as v from {table}
"""
NUMBERED = "select cast(cast({name} as bigint) as varchar) as v from {table} where {name} between 10000000 and 99999999"
WRITTEN_FORMS = {"VARCHAR": WRITTEN}
DOCUMENT_FORMS = WRITTEN_FORMS | dict.fromkeys(("INTEGER", "BIGINT", "DOUBLE"), NUMBERED)
DOCUMENTS = """
select count(*) from ({values}) where regexp_full_match(v, '[0-9]{{8}}')
and coalesce(try_strptime(v, '%Y%m%d') not between timestamp '1990-01-01' and timestamp '2100-01-01', true)
"""


class MartColumn(NamedTuple):
    """A column of a mart, and its type."""

    schema: str
    table: str
    name: str
    kind: str

    def __str__(self) -> str:
        """Return its place."""
        return f"{self.schema}.{self.table}.{self.name}"

    def values(self, form: str) -> str:
        """Return SQL of its values in a form."""
        return form.format(table=f"{self.schema}.{quoted(self.table)}", name=quoted(self.name))


def _columns(marts: Marts) -> Iterator[MartColumn]:
    for schema, tables in marts.items():
        for table, columns in tables.items():
            yield from (MartColumn(schema, table, name, kind) for name, kind in columns.items())


def inspect(db: duckdb.DuckDBPyConnection, home: Home, marts: Marts) -> None:
    """Look at every mart that is about to be published.

    Raises:
        BuildFailed: a text is a document's number, or a mart that counts children holds the pseudonym of one.
    """
    if found := [*_documents(db, marts), *_pseudonyms(db, marts)]:
        told = "\n".join(f"  {place}: {what}; {_maker(home, place)}" for place, what in found)
        raise BuildFailed(f"nothing is published: {len(found)} columns hold what their readers must not get\n{told}")


def _documents(db: duckdb.DuckDBPyConnection, marts: Marts) -> Iterator[tuple[str, str]]:
    """Yield the columns with values of eight digits that are no day: the form of a DNI."""
    for one in _columns(marts):
        forms = WRITTEN_FORMS if one.schema in firewall.WITHOUT_CHILDREN else DOCUMENT_FORMS
        if one.kind in forms:
            values = one.values(forms[one.kind])
            if rows := value(db, DOCUMENTS.format(values=values)):
                yield str(one), f"{rows} values look like documents"


def _pseudonyms(db: duckdb.DuckDBPyConnection, marts: Marts) -> Iterator[tuple[str, str]]:
    """Yield the columns of marts without children that hold a key of one."""
    known = _keys(db)
    if not known:
        return
    for one in _columns(marts):
        if one.schema in firewall.WITHOUT_CHILDREN and one.kind in LONG_NUMBERS:
            numbers = one.values(LONG_NUMBERS[one.kind])
            if rows := value(db, f"select count(*) from ({numbers}) where v in ({known})"):
                yield str(one), f"{rows} values are pseudonyms of children"


def _keys(db: duckdb.DuckDBPyConnection) -> str:
    """Return SQL of every child's key that the warehouse has landed; nothing where none has."""
    tables = column(
        db,
        "select table_name from duckdb_columns() where schema_name = 'raw' and column_name = 'child_key' "
        "and data_type = 'BIGINT' and table_name in (select table_name from duckdb_tables()) order by 1",
    )
    return " union all ".join(f"select child_key from raw.{quoted(table)}" for table in tables)


def _maker(home: Home, place: str) -> str:
    """Say which model made a column."""
    table = place.rpartition(".")[0]
    if (home.dbt / manifest.NAME).exists():
        for node in Manifest.read(home).of_type("model").values():
            if f"{node['schema']}.{node['name']}" == table:
                return f"made by {node['original_file_path']}"
    return "no model of the project makes it"

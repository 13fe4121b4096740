"""What marts hold, looked at before they are published: no document, and no pseudonym in counts."""

from __future__ import annotations

from collections.abc import Iterator

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
DOCUMENTS = """
select count(*) from {table} where regexp_full_match({name}, '[0-9]{{8}}')
and coalesce(try_strptime({name}, '%Y%m%d') not between timestamp '1990-01-01' and timestamp '2100-01-01', true)
"""


def inspect(db: duckdb.DuckDBPyConnection, home: Home, marts: Marts) -> None:
    """Look at every mart that is about to be published.

    Raises:
        BuildFailed: a text is a document's number, or a mart that counts children holds the pseudonym of one.
    """
    if found := [*_documents(db, marts), *_pseudonyms(db, marts)]:
        told = "\n".join(f"  {place}: {what}; {_maker(home, place)}" for place, what in found)
        raise BuildFailed(f"nothing is published: {len(found)} columns hold what their readers must not get\n{told}")


def _documents(db: duckdb.DuckDBPyConnection, marts: Marts) -> Iterator[tuple[str, str]]:
    """Yield the columns with texts of eight digits that are no day: the form of a DNI."""
    for schema, tables in marts.items():
        for table, columns in tables.items():
            for name in (name for name, kind in columns.items() if kind == "VARCHAR"):
                sql = DOCUMENTS.format(table=f"{schema}.{quoted(table)}", name=quoted(name))
                if rows := value(db, sql):
                    yield f"{schema}.{table}.{name}", f"{rows} values look like documents"


def _pseudonyms(db: duckdb.DuckDBPyConnection, marts: Marts) -> Iterator[tuple[str, str]]:
    """Yield the columns of marts without children that hold a key of one."""
    known = _keys(db)
    if not known:
        return
    for schema in firewall.WITHOUT_CHILDREN:
        for table, columns in marts.get(schema, {}).items():
            for name, kind in columns.items():
                if kind in LONG_NUMBERS:
                    numbers = LONG_NUMBERS[kind].format(table=f"{schema}.{quoted(table)}", name=quoted(name))
                    if rows := value(db, f"select count(*) from ({numbers}) where v in ({known})"):
                        yield f"{schema}.{table}.{name}", f"{rows} values are pseudonyms of children"


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

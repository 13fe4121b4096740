"""Proof of a deletion: what was deleted is searched for in every file of the home, decrypted and unpacked first."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse import database
from warehouse.database import quoted
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.settings import Home

DRAWN = 50  # persons whose values are searched for; all of them where they are fewer
PLACES = {".age": "archive", ".parquet": "parquet", ".duckdb": "serving"}


@dataclass(frozen=True)
class Canaries:
    """Values of deleted persons, in memory or sealed: pseudonyms, and documents and numbers in the clear."""

    keys: tuple[int, ...]
    values: tuple[str, ...]

    def pattern(self) -> str:
        """Return a regular expression of the values and pseudonyms, none within a longer number or word."""
        words = [re.escape(word) for word in (*self.values, *map(str, self.keys))]
        return f"(^|[^0-9A-Za-z])({'|'.join(words)})([^0-9A-Za-z]|$)"


def draw(vault: duckdb.DuckDBPyConnection, gone: list[int]) -> Canaries:
    """Draw canaries from persons that are about to be deleted."""
    step = max(1, len(gone) // DRAWN)
    keys = tuple(gone[::step][:DRAWN])
    listed = ", ".join(map(str, keys)) or "null"
    rows = vault.execute(
        f"select distinct value from vault.aliases where child_key in ({listed}) order by 1"
    ).fetchall()
    return Canaries(keys, tuple(value for (value,) in rows))


def search(home: Home, secret: Keys, canaries: Canaries) -> dict[str, int]:
    """Return, for each place, how many hits there are; the log of requests and of who looked is no such place."""
    found = dict.fromkeys(("warehouse", "vault", *PLACES.values(), "other files"), 0)
    if canaries == Canaries((), ()):
        return found
    for path in filter(_is_own, set(home.root.rglob("*")) - {home.retaining}):  # which holds what is searched for
        found[_place(home, path)] += _hits(home, path, secret, canaries)
    return found


def _is_own(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.suffix != ".key"


def _place(home: Home, path: Path) -> str:
    own = {home.warehouse: "warehouse", home.vault: "vault"}
    return own.get(path) or PLACES.get(path.suffix, "other files")


def _hits(home: Home, path: Path, secret: Keys, canaries: Canaries) -> int:
    if path.suffix == ".age":
        return _in_bytes(decrypted(path, secret), canaries)
    if path.suffix not in PLACES:
        return _in_bytes(path.read_bytes(), canaries)
    with database.scratch(home) as db:
        if path.suffix == ".parquet":
            db.execute(f"create view memory.main.parquet as from read_parquet({quoted(str(path), chr(39))})")
            return _in_tables(db, "memory", canaries)
        key = f"encryption_key '{secret.vault}', " if path == home.vault else ""
        db.execute(f"attach {quoted(str(path), chr(39))} as searched ({key}read_only)")
        return _in_tables(db, "searched", canaries)


def decrypted(path: Path, secret: Keys) -> bytes:
    """Return the content of an archived file, unpacked."""
    content = archive.unsealed(path, secret)
    return gzip.decompress(content) if path.name.endswith(".gz.age") else content


def _in_bytes(content: bytes, canaries: Canaries) -> int:
    return len(re.findall(canaries.pattern().encode(), content))


def _in_tables(db: duckdb.DuckDBPyConnection, catalog: str, canaries: Canaries) -> int:
    found = {"VARCHAR": f"regexp_matches({{}}, {quoted(canaries.pattern(), chr(39))})"}
    if canaries.keys:
        found["BIGINT"] = f"{{}} in ({', '.join(map(str, canaries.keys))})"
    return sum(
        database.value(db, f"select count(*) from {table} where {found[kind].replace('{}', quoted(name))}")
        for table, name, kind in _columns(db, catalog)
        if kind in found
    )


def _columns(db: duckdb.DuckDBPyConnection, catalog: str) -> Iterator[tuple[str, str, str]]:
    """Yield table, column and type of every table of a file, the logs of who asked and looked aside."""
    rows = db.execute(
        "select c.schema_name, c.table_name, c.column_name, c.data_type from duckdb_columns() as c "
        "where c.database_name = ? and not c.internal and c.table_name not in ('reveals', 'requests') "
        "and (c.table_name = 'parquet' or c.table_name in (select table_name from duckdb_tables()))", [catalog],
    ).fetchall()  # fmt: skip
    for schema, table, name, kind in rows:
        yield f"{quoted(catalog)}.{quoted(schema)}.{quoted(table)}", name, kind

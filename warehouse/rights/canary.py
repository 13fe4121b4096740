"""Proof of a deletion: a search for deleted values in every file of the home, decrypted and decompressed."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse import database
from warehouse.database import quoted
from warehouse.errors import DamagedFile
from warehouse.files import BLOCK
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.settings import Home

DRAWN = 50  # largest number of persons whose values are searched for
TABLES = (".parquet", ".duckdb")
GZIP = b"\x1f\x8b"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
PLACES = {".age": "archive", ".parquet": "parquet", ".duckdb": "serving"}


@dataclass(frozen=True)
class Canaries:
    """Identifiers of deleted persons, only in memory or sealed."""

    keys: tuple[int, ...]  # pseudonyms
    values: tuple[str, ...]  # document and pupil numbers

    def pattern(self) -> str:
        """Return a regular expression for the values and pseudonyms as whole words."""
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


class Searched(NamedTuple):
    """The number of hits per place, and the archived files that do not open: nobody can say what these hold."""

    hits: dict[str, int]
    unread: list[str]


def search(home: Home, secret: Keys, canaries: Canaries) -> Searched:
    """Search the home; the logs of requests and reveals are not searched, nor the notes that hold the canaries."""
    searched = Searched(dict.fromkeys(("warehouse", "vault", *PLACES.values(), "other files"), 0), [])
    for file in in_files(home, secret, canaries):
        if file.tables is None:
            searched.unread.append(file.name)
        else:
            searched.hits[file.place] += sum(file.tables.values())
    return searched


class SearchedFile(NamedTuple):
    """A file of a home that was searched."""

    name: str  # its path in the home
    place: str
    tables: dict[str, int] | None  # hits by table, "" for a file that holds none; None where it does not open


def in_files(home: Home, secret: Keys, canaries: Canaries, but: Collection[Path] = ()) -> Iterator[SearchedFile]:
    """Search each file of a home but those in some folders; nothing is searched for no canaries."""
    if canaries == Canaries((), ()):
        return
    noted = {home.retaining, *home.erasing.glob("*")}
    with database.scratch(home) as db:  # one for all: to open it takes longer than to search most files
        for path in sorted(filter(_is_own, set(home.root.rglob("*")) - noted)):
            if not set(but).isdisjoint(path.parents):
                continue
            name = str(path.relative_to(home.root))
            place = _place(home, path)
            try:
                yield SearchedFile(name, place, _hits(db, home, path, secret, canaries))
            except DamagedFile:
                yield SearchedFile(name, place, None)


def _is_own(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.suffix != ".key"


def _place(home: Home, path: Path) -> str:
    own = {home.warehouse: "warehouse", home.vault: "vault"}
    return own.get(path) or PLACES.get(path.suffix, "other files")


def _hits(db: duckdb.DuckDBPyConnection, home: Home, path: Path, secret: Keys, canaries: Canaries) -> dict[str, int]:
    """Return the number of hits in one file, by table."""
    if path.suffix in TABLES:
        return _in_database(db, path, secret.vault if path == home.vault else None, canaries)
    return {"": _in_file(path, secret, canaries)}


def _in_file(path: Path, secret: Keys, canaries: Canaries) -> int:
    """Return the number of hits in a file that holds no tables."""
    content = decrypted(path, secret) if path.suffix == ".age" else path.read_bytes()
    if content.startswith(GZIP):
        content = _decompressed(content)
    if content.startswith(UTF_16):
        content = content.replace(b"\0", b"")  # digits are digits then
    return len(re.findall(canaries.pattern().encode(), content))


def _in_database(db: duckdb.DuckDBPyConnection, path: Path, key: str | None, canaries: Canaries) -> dict[str, int]:
    """Return the number of rows with a hit in each table of a file, the vault's with its key."""
    file = quoted(str(path), chr(39))
    if path.suffix == ".parquet":
        db.execute(f"create or replace view memory.main.parquet as from read_parquet({file})")
        return _in_tables(db, "memory", canaries)
    encrypted = f"encryption_key '{key}', " if key else ""
    db.execute(f"attach {file} as searched ({encrypted}read_only)")
    found = _in_tables(db, "searched", canaries)
    db.execute("detach searched")
    return found


def decrypted(path: Path, secret: Keys) -> bytes:
    """Return the content of an archived file, decompressed.

    Raises:
        DamagedFile: it does not open.
    """
    content = archive.unsealed(path, secret)
    return _decompressed(content) if path.name.endswith(".gz.age") else content


def _decompressed(content: bytes) -> bytes:
    """Return what can be decompressed: a delivery that was refused because it is damaged is kept as it came."""
    parts = []
    with suppress(OSError, EOFError, zlib.error), gzip.open(io.BytesIO(content)) as file:
        while part := file.read1(BLOCK):
            parts.append(part)
    return b"".join(parts)


def _in_tables(db: duckdb.DuckDBPyConnection, catalog: str, canaries: Canaries) -> dict[str, int]:
    counts: dict[str, list[str]] = {}  # by table: one pass over it counts for all its columns
    for column in _columns(db, catalog):
        if condition := _condition(column, canaries):
            counts.setdefault(column.table, []).append(f"count(*) filter ({condition})")
    return {
        _plain(table): database.value(db, f"select {' + '.join(each)} from {table}") for table, each in counts.items()
    }


def _plain(table: str) -> str:
    """Return `schema.table` of a qualified and quoted name."""
    return ".".join(table.replace('"', "").split(".")[1:])


def _condition(column: SearchedColumn, canaries: Canaries) -> str | None:
    """Return SQL for the rows in which a column holds a canary; None for columns that cannot."""
    name = quoted(column.name)
    if column.kind == "VARCHAR":
        return f"regexp_matches({name}, {quoted(canaries.pattern(), chr(39))})"
    if column.kind == "BIGINT" and canaries.keys:
        return f"{name} in ({', '.join(map(str, canaries.keys))})"
    return None


class SearchedColumn(NamedTuple):
    """A column of a database file."""

    table: str  # qualified and quoted
    name: str
    kind: str  # its type in DuckDB


def _columns(db: duckdb.DuckDBPyConnection, catalog: str) -> Iterator[SearchedColumn]:
    """Yield the columns of every table of a file but the logs of requests and reveals."""
    rows = db.execute(
        "select c.schema_name, c.table_name, c.column_name, c.data_type from duckdb_columns() as c "
        "where c.database_name = ? and not c.internal and c.table_name not in ('reveals', 'requests') "
        "and (c.table_name = 'parquet' or c.table_name in (select table_name from duckdb_tables()))",
        [catalog],
    ).fetchall()
    for schema, table, name, kind in rows:
        yield SearchedColumn(f"{quoted(catalog)}.{quoted(schema)}.{quoted(table)}", name, kind)

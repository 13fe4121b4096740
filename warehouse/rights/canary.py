"""Proof of a deletion: a search for deleted values in every file of the home, decrypted and decompressed."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator, Sequence
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
from warehouse.rights import opening
from warehouse.settings import Home

DRAWN = 50  # largest number of persons whose values are searched for
TABLES = (".parquet", ".duckdb")
LONG = 7  # digits of a number that is sought among other numbers
GZIP = b"\x1f\x8b"
# Between digits: spaces, those too that do not break or are narrow, tabs, dots, strokes and dashes.
BETWEEN = "(?:[ ._/\t-]|\u00a0|\u2009|\u202f|\u2010|\u2011|\u2013){0,2}"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
NUMBERS = ("INTEGER", "BIGINT", "HUGEINT", "UINTEGER", "UBIGINT", "DOUBLE", "DECIMAL")
# Types of values that are searched as they are written out; lists end in brackets.
WRITTEN_OUT = ("STRUCT", "MAP", "UNION", "JSON", "UUID", "ENUM", "BIT")
PLACES = {".age": "archive", ".parquet": "parquet", ".duckdb": "serving"}


@dataclass(frozen=True)
class Canaries:
    """Identifiers of deleted persons, only in memory or sealed.

    Args:
        keys: pseudonyms.
        values: document and pupil numbers.
        is_thorough: whether they are also sought inside packed files and values, among numbers, and written with
            separators: what may be another number by chance is told, and nothing is deleted by it.
    """

    keys: tuple[int, ...]
    values: tuple[str, ...]
    is_thorough: bool = False

    def pattern(self) -> str:
        """Return a regular expression for the values and pseudonyms as whole words."""
        words = [re.escape(word) for word in (*self.values, *map(str, self.keys))]
        exact = f"(^|[^0-9A-Za-z])({'|'.join(words)})([^0-9A-Za-z]|$)"
        if not (self.is_thorough and self._long_numbers()):
            return exact
        written = [_with_separators(word) for word in self._long_numbers()]
        return f"{exact}|(^|[^0-9])0*({'|'.join(written)})([^0-9]|$)"  # letters may stand beside it

    def numbers(self) -> list[int]:
        """Return what a column of numbers may hold: the values too, where that is sought."""
        return [*self.keys, *(map(int, self._long_numbers()) if self.is_thorough else ())]

    def _long_numbers(self) -> list[str]:
        """Return the numbers that are too long to be found by chance."""
        words = (*self.values, *map(str, self.keys))
        return [word for word in words if word.isdecimal() and len(word) >= LONG]


def _with_separators(number: str) -> str:
    """Return a regular expression for a number written in groups: 71 23 45 60, 71-234-560, 71.234.560 or 71,234,560."""
    grouped = re.sub(r"(?<=\d)(?=(\d{3})+$)", "[,']", number)
    return f"{BETWEEN.join(number)}|{grouped}"


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
    unread: tuple[str, ...] = ()  # kinds of what is in it and cannot be looked into


def in_files(home: Home, secret: Keys, canaries: Canaries, but: Collection[Path] = ()) -> Iterator[SearchedFile]:
    """Search each file of a home but those in some folders; nothing is searched for no canaries."""
    if not (canaries.keys or canaries.values):
        return
    noted = {home.retaining, *home.erasing.glob("*")}
    with database.scratch(home) as db:  # one for all: to open it takes longer than to search most files
        for path in sorted(filter(_is_own, set(home.root.rglob("*")) - noted)):
            if not set(but).isdisjoint(path.parents):
                continue
            name = str(path.relative_to(home.root))
            place = _place(home, path)
            unread: set[str] = set()
            try:
                hits = _hits(db, home, path, secret, canaries, unread)
                if canaries.is_thorough and (named := len(re.findall(canaries.pattern(), name))):
                    hits["its name"] = named
                yield SearchedFile(name, place, hits, tuple(sorted(unread)))
            except DamagedFile:
                yield SearchedFile(name, place, None)


def _is_own(path: Path) -> bool:
    return path.is_file() and not path.is_symlink() and path.suffix != ".key"


def _place(home: Home, path: Path) -> str:
    own = {home.warehouse: "warehouse", home.vault: "vault"}
    return own.get(path) or PLACES.get(path.suffix, "other files")


def _hits(
    db: duckdb.DuckDBPyConnection, home: Home, path: Path, secret: Keys, canaries: Canaries, unread: set[str]
) -> dict[str, int]:
    """Return the number of hits in one file, by table."""
    if path.suffix in TABLES:
        return _in_database(db, path, secret.vault if path == home.vault else None, canaries, unread)
    return {"": _in_file(path, secret, canaries, unread)}


def _in_file(path: Path, secret: Keys, canaries: Canaries, unread: set[str]) -> int:
    """Return the number of hits in a file that holds no tables."""
    pattern = re.compile(canaries.pattern().encode())
    if canaries.is_thorough:
        return sum(len(pattern.findall(part)) for part in _parts(path, secret, unread))
    content = decrypted(path, secret) if path.suffix == ".age" else path.read_bytes()
    if content.startswith(GZIP):
        content = _decompressed(content)
    if content.startswith(UTF_16):
        content = content.replace(b"\0", b"")  # digits are digits then
    return len(pattern.findall(content))


def _parts(path: Path, secret: Keys, unread: set[str]) -> Iterator[bytes]:
    """Yield what a file holds, and whatever is packed in it."""
    if path.suffix == ".age":
        return opening.contents(archive.unsealed(path, secret), unread)
    with path.open("rb") as file:
        is_sqlite = file.read(len(opening.SQLITE)) == opening.SQLITE
    return opening.in_sqlite(path, unread) if is_sqlite else opening.contents(path.read_bytes(), unread)


def _in_database(
    db: duckdb.DuckDBPyConnection, path: Path, key: str | None, canaries: Canaries, unread: set[str]
) -> dict[str, int]:
    """Return the number of rows with a hit in each table of a file, the vault's with its key."""
    file = quoted(str(path), chr(39))
    if path.suffix == ".parquet":
        db.execute(f"create or replace view memory.main.parquet as from read_parquet({file})")
        return _in_tables(db, "memory", canaries, unread)
    encrypted = f"encryption_key '{key}', " if key else ""
    db.execute(f"attach {file} as searched ({encrypted}read_only)")
    found = _in_tables(db, "searched", canaries, unread)
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


def _in_tables(db: duckdb.DuckDBPyConnection, catalog: str, canaries: Canaries, unread: set[str]) -> dict[str, int]:
    columns = _with_rows(db, list(_columns(db, catalog)))
    counts: dict[str, list[str]] = {}  # by table: one pass over it counts for all its columns
    for column in columns:
        if condition := _condition(column, canaries):
            counts.setdefault(column.table, []).append(f"count(*) filter ({condition})")
    found = {
        _plain(table): database.value(db, f"select {' + '.join(each)} from {table}") for table, each in counts.items()
    }
    if canaries.is_thorough:
        for column in columns:
            if column.kind == "BLOB":
                table = _plain(column.table)
                found[table] = found.get(table, 0) + _in_blobs(db, column, canaries, unread)
    return found


def _with_rows(db: duckdb.DuckDBPyConnection, columns: Sequence[SearchedColumn]) -> list[SearchedColumn]:
    """Leave out the columns of tables without rows: of a small home most are."""
    tables = sorted({column.table for column in columns})
    if not tables:
        return []
    asked = " union all ".join(f"(select {quoted(table, chr(39))} from {table} limit 1)" for table in tables)
    full = {*database.column(db, asked)}
    return [column for column in columns if column.table in full]


def _in_blobs(db: duckdb.DuckDBPyConnection, column: SearchedColumn, canaries: Canaries, unread: set[str]) -> int:
    """Return the number of hits in values of bytes, in which files may lie."""
    name = quoted(column.name)
    pattern = re.compile(canaries.pattern().encode())
    rows = db.cursor().execute(f"select {name} from {column.table} where {name} is not null")
    hits = 0
    while row := rows.fetchone():
        hits += sum(len(pattern.findall(part)) for part in opening.contents(row[0], unread))
    return hits


def _plain(table: str) -> str:
    """Return `schema.table` of a qualified and quoted name."""
    return ".".join(table.replace('"', "").split(".")[1:])


def _condition(column: SearchedColumn, canaries: Canaries) -> str | None:
    """Return SQL for the rows in which a column holds a canary; None for columns that cannot."""
    name = quoted(column.name)
    is_sought = canaries.is_thorough
    if column.kind == "VARCHAR" or (is_sought and column.is_written_out):
        return f"regexp_matches(cast({name} as varchar), {quoted(canaries.pattern(), chr(39))})"
    is_number = column.kind == "BIGINT" or (is_sought and column.kind.startswith(NUMBERS))
    if is_number and canaries.numbers():
        return f"{name} in ({', '.join(map(str, canaries.numbers()))})"
    return None


class SearchedColumn(NamedTuple):
    """A column of a database file."""

    table: str  # qualified and quoted
    name: str
    kind: str  # its type in DuckDB

    @property
    def is_written_out(self) -> bool:
        """Whether its values are nested, or of a type that is searched as it is written out."""
        return self.kind.endswith("]") or self.kind.startswith(WRITTEN_OUT)


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

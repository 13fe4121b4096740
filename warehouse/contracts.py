"""Source contracts: dbt's `sources` YAML is the only description of a delivery.

Keys beyond dbt's own stand in `config.meta` of a table (`file_pattern`, `separator`, `encoding`, `key`, `known_at`,
`replaces`, `scope`, `coverage`, `line_end_required`, `missing`, `retention_years`) and of a column (`identity`,
`alias`, `pseudonym`, `optional`, `link`). `docs/add-a-source.md` explains each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from warehouse import scopes
from warehouse.errors import QhawaqError
from warehouse.scopes import Replaces, Scope
from warehouse.settings import read_yaml

DOMAINS = ("education", "welfare", "protection")
TYPES = {"varchar", "bigint", "integer", "smallint", "double", "date", "boolean"}
TABLE_KEYS = {
    "file_pattern",
    "separator",
    "encoding",
    "key",
    "known_at",
    "replaces",
    "scope",
    "coverage",
    "line_end_required",
    "missing",
    "retention_years",
}
COLUMN_KEYS = {"identity", "alias", "pseudonym", "optional", "required", "unit", "link"}


class LandedColumn(NamedTuple):
    """A column of a raw table."""

    name: str
    data_type: str


CHILD_KEY = LandedColumn("child_key", "bigint")
# Landing adds these to every raw table; the YAML describes them, but no delivery has them.
LANDING_COLUMNS = (
    LandedColumn("_file", "varchar"),
    LandedColumn("_line", "bigint"),
    LandedColumn("_batch", "varchar"),
    LandedColumn("_delivered_at", "date"),
    LandedColumn("known_at", "date"),
)


REGION = LandedColumn("_region", "varchar")  # of a source whose files replace region by region


class Stated(NamedTuple):
    """The facts that a delivery's name states."""

    period: str
    delivered_at: date


@dataclass(frozen=True)
class Alias:
    """A column whose value names a person where other columns have given values."""

    kind: str  # `dni` or `siagie`
    column: str
    when: tuple[tuple[str, str], ...] = ()  # (column, value): all must hold

    @property
    def condition(self) -> str:
        """SQL of the condition under which the value names a person."""
        return " and ".join(f"{column} = '{value}'" for column, value in self.when) or "true"


@dataclass(frozen=True)
class Column:
    """One column of a delivery, named as in its header but in lower case."""

    name: str
    data_type: str
    nullable: bool
    identity: bool
    alias: Alias | None
    pseudonym: str | None
    optional: bool
    link: str | None = None  # its role when records are linked by name

    @property
    def landed_name(self) -> str | None:
        """The column's name in `raw`; None if only the vault may hold it."""
        if self.pseudonym:
            return _pseudonym_name(self.pseudonym)
        return None if self.identity or self.alias else self.name


@dataclass(frozen=True)
class Coverage:
    """Completeness rule of a source: a region with too few rows is withheld."""

    region: str  # SQL of a row's region
    minimum_share: float  # of the rows of the period before


@dataclass(frozen=True)
class Contract:
    """One source table and the files that fill it."""

    source: str
    table: str
    domain: str
    pattern: re.Pattern[str]
    separator: str
    encoding: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    known_at: str
    replaces: Replaces
    scope: Scope
    coverage: Coverage | None
    line_end_required: bool
    sender: str = ""  # the delivering authority, in Spanish
    missing: tuple[str, ...] = ()  # texts that mean a missing value, besides the empty one
    retention_years: int | None = None  # a delivery is deleted after so many years; None where it holds no person

    @property
    def name(self) -> str:
        """The source's name in ledger, quarantine and logs."""
        return f"{self.source}.{self.table}"

    @property
    def stem(self) -> str:
        """The first part of its deliveries' names, before the period."""
        return self.pattern.pattern.partition("_(")[0]

    @property
    def has_whole_files(self) -> bool:
        """Whether some of its files replace their whole scope."""
        return self.replaces == Replaces.WHOLE

    def is_whole(self, file: str) -> bool:
        """Return whether a file replaces its whole scope, by contract and name."""
        marked = self.scope.files is None or self.scope.files.search(file)
        return self.has_whole_files and bool(marked)

    @cached_property
    def landed_key(self) -> tuple[str, ...]:
        """The key's columns as they stand in `raw`, where a person is the child's key."""
        named = {column.name: column for column in self.columns}
        names = (CHILD_KEY.name if named[key].alias else named[key].landed_name for key in self.key)
        return tuple(name for name in names if name)

    @cached_property
    def aliases(self) -> tuple[Alias, ...]:
        """The columns that name a person, most trusted first."""
        return tuple(column.alias for column in self.columns if column.alias)

    @cached_property
    def vaulted(self) -> tuple[Column, ...]:
        """The columns that only the vault may hold."""
        return tuple(column for column in self.columns if column.identity or column.alias)

    @cached_property
    def link(self) -> dict[str, str]:
        """The columns that link a record without a document: role → name."""
        return {column.link: column.name for column in self.columns if column.link}

    @cached_property
    def landed(self) -> tuple[LandedColumn, ...]:
        """The delivery's columns in `raw`, without those that landing adds to every table."""
        keys = (CHILD_KEY,) if self.aliases else ()
        return keys + tuple(
            LandedColumn(c.landed_name, "bigint" if c.pseudonym else c.data_type) for c in self.columns if c.landed_name
        )

    def stated(self, file: str) -> Stated | None:
        """Return the period and the date that a file name states, None if it is not of this source."""
        name = self.pattern.fullmatch(file)
        if not name:
            return None
        digits = name["delivered"]
        try:
            delivered = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            return None
        return Stated(name["period"], delivered)


def _pseudonym_name(pseudonym: str) -> str:
    """Return the raw column that holds a pseudonym instead of an identity."""
    return f"{pseudonym}_key"


def _meta(described: dict[str, Any]) -> dict[str, Any]:
    """Return the keys beyond dbt's own of a source, table or column."""
    return (described.get("config") or {}).get("meta") or {}


def _known_meta(name: str, described: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Return the keys of a table or column, all of which must be known."""
    meta = _meta(described)
    if unknown := set(meta) - known:
        raise QhawaqError(f"contract {name}: unknown meta {sorted(unknown)}")
    return meta


def _column(table: str, raw: dict[str, Any], filled: set[str]) -> Column:
    meta = _known_meta(f"{table}.{raw['name']}", raw, COLUMN_KEYS)
    data_type = raw.get("data_type", "").lower()
    if data_type not in TYPES:
        raise QhawaqError(f"contract {table}.{raw['name']}: data_type {data_type!r} is none of {sorted(TYPES)}")
    name = raw["name"].lower()
    tests = raw.get("data_tests") or []
    return Column(
        name=name,
        data_type=data_type,
        nullable=not ("not_null" in tests or name in filled or meta.get("required")),
        identity=bool(meta.get("identity")),
        alias=_alias(name, meta["alias"]) if "alias" in meta else None,
        pseudonym=meta.get("pseudonym"),
        optional=bool(meta.get("optional")),
        link=meta.get("link"),
    )


def _alias(column: str, alias: dict[str, Any]) -> Alias:
    """Return the alias that a column's keys describe."""
    return Alias(alias["kind"], column, tuple(alias.get("when", {}).items()))


def _filled(table: dict[str, Any]) -> set[str]:
    """Return the columns that the table's `never_null` names."""
    named = [
        test["never_null"]["arguments"]["columns"] for test in table.get("data_tests") or [] if "never_null" in test
    ]
    return {column.lower() for columns in named for column in columns}


def _contract(source: dict[str, Any], table: dict[str, Any]) -> Contract:
    name = f"{source['name']}.{table['name']}"
    meta = _known_meta(name, table, TABLE_KEYS)
    whole = _meta(source)
    domain = whole.get("domain")
    if domain not in DOMAINS:
        raise QhawaqError(f"contract {name}: domain {domain!r} is none of {DOMAINS}")
    coverage = meta.get("coverage")
    return Contract(
        source=source["name"],
        table=table.get("identifier", table["name"]),
        domain=domain,
        pattern=re.compile(meta["file_pattern"]),
        separator=meta.get("separator", ","),
        encoding=meta.get("encoding", "utf-8"),
        columns=_columns(name, table),
        key=tuple(map(str.lower, meta.get("key", ()))),
        known_at=meta.get("known_at", "_delivered_at"),
        replaces=scopes.replaces(name, meta.get("replaces", Replaces.ROWS)),
        scope=scopes.scope(name, meta.get("scope") or {}, (coverage or {}).get("region")),
        coverage=Coverage(coverage["region"], float(coverage["minimum_share"])) if coverage else None,
        line_end_required=meta.get("line_end_required", True),
        missing=tuple(meta.get("missing", ())),
        retention_years=meta.get("retention_years"),
        sender=whole.get("sender", source["name"]),
    )


def _columns(name: str, table: dict[str, Any]) -> tuple[Column, ...]:
    """Return the columns of the delivery, without those that landing adds."""
    pseudonyms = {_meta(column)["pseudonym"] for column in table["columns"] if "pseudonym" in _meta(column)}
    added = {column.name for column in (CHILD_KEY, REGION, *LANDING_COLUMNS)} | set(map(_pseudonym_name, pseudonyms))
    filled = _filled(table)
    return tuple(_column(name, column, filled) for column in table["columns"] if column["name"] not in added)


def read(project: Path) -> dict[str, Contract]:
    """Return every contract of the dbt project, by raw table name.

    Raises:
        QhawaqError: a contract is not well-formed; the message names it.
    """
    contracts = [
        _contract(source, table)
        for path in sorted((project / "models").rglob("_*__sources.yml"))
        for source, table in _tables(path)
        if "file_pattern" in _meta(table)
    ]
    return {contract.table: contract for contract in contracts}


def _tables(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each table that a file describes, with its source."""
    for source in read_yaml(path).get("sources") or []:
        for table in source["tables"]:
            yield source, table

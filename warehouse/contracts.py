"""Source contracts: dbt's `sources` YAML is the only description of a delivery; landing reads it here.

What landing needs beyond dbt's own keys stands in `config.meta` of a table (`file_pattern`, `separator`,
`encoding`, `key`, `known_at`, `replaces`, `coverage`, `line_end_required`, `missing`, `retention_years`) and of a
column (`identity`, `alias`, `pseudonym`, `optional`, `link`). `docs/add-a-source.md` explains each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from warehouse.errors import QhawaqError
from warehouse.settings import read_yaml

DOMAINS = ("education", "welfare", "protection")
TYPES = {"varchar", "bigint", "integer", "smallint", "double", "date", "boolean"}
TABLE_KEYS = {
    "file_pattern", "separator", "encoding", "key", "known_at", "replaces", "coverage", "line_end_required",
    "missing", "retention_years",
}  # fmt: skip
COLUMN_KEYS = {"identity", "alias", "pseudonym", "optional", "required", "unit", "link"}


@dataclass(frozen=True)
class Alias:
    """A column whose value names a person, if the condition holds."""

    kind: str
    column: str
    when: str = "true"


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
    link: str | None = None  # what it stands for when records are linked by name

    @property
    def landed_name(self) -> str | None:
        """The column's name in `raw`; None if only the vault may hold it."""
        if self.pseudonym:
            return f"{self.pseudonym}_key"
        return None if self.identity or self.alias else self.name


@dataclass(frozen=True)
class Coverage:
    """Which region a row belongs to, and how few rows (of the period before) make its period withheld."""

    region: str
    minimum_share: float


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
    replaces: str
    coverage: Coverage | None
    line_end_required: bool
    sender: str = ""  # who delivers it, in Spanish
    missing: tuple[str, ...] = ()  # texts that stand for a missing value, besides nothing
    retention_years: int | None = None  # after so many years a delivery is deleted; None for what holds no person

    @property
    def name(self) -> str:
        """The source's name in ledger, quarantine and logs."""
        return f"{self.source}.{self.table}"

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
        """The columns by which a record without a document can be linked: what each stands for → its name."""
        return {column.link: column.name for column in self.columns if column.link}

    @cached_property
    def landed(self) -> tuple[tuple[str, str], ...]:
        """Name and type of what lands in `raw`, without landing's own columns."""
        keys = (("child_key", "bigint"),) if self.aliases else ()
        return keys + tuple(
            (c.landed_name, "bigint" if c.pseudonym else c.data_type) for c in self.columns if c.landed_name
        )

    def delivered_at(self, file: str) -> tuple[str, date] | None:
        """Return the period and the date that a file name states, None if it is not of this source."""
        found = self.pattern.fullmatch(file)
        if not found:
            return None
        stated = found["delivered"]
        try:
            delivered = date(int(stated[:4]), int(stated[4:6]), int(stated[6:8]))
        except ValueError:
            return None
        return found["period"], delivered


def _meta(described: dict[str, Any]) -> dict[str, Any]:
    return (described.get("config") or {}).get("meta") or {}


def _known_meta(name: str, described: dict[str, Any], known: set[str]) -> dict[str, Any]:
    meta = _meta(described)
    if unknown := set(meta) - known:
        raise QhawaqError(f"contract {name}: unknown meta {sorted(unknown)}")
    return meta


def _column(table: str, raw: dict[str, Any], filled: set[str]) -> Column:
    meta = _known_meta(f"{table}.{raw['name']}", raw, COLUMN_KEYS)
    data_type = raw.get("data_type", "").lower()
    if data_type not in TYPES:
        raise QhawaqError(f"contract {table}.{raw['name']}: data_type {data_type!r} is none of {sorted(TYPES)}")
    name, alias = raw["name"].lower(), meta.get("alias")
    tests = raw.get("data_tests") or []
    return Column(
        name=name,
        data_type=data_type,
        nullable=not ("not_null" in tests or name in filled or meta.get("required")),
        identity=bool(meta.get("identity")),
        alias=Alias(alias["kind"], name, alias.get("when", "true")) if alias else None,
        pseudonym=meta.get("pseudonym"),
        optional=bool(meta.get("optional")),
        link=meta.get("link"),
    )


def _filled(table: dict[str, Any]) -> set[str]:
    """Return the columns that the table's `never_null` names."""
    tests = [test for test in table.get("data_tests") or [] if isinstance(test, dict) and "never_null" in test]
    return {column.lower() for test in tests for column in test["never_null"]["arguments"]["columns"]}


def _contract(source: dict[str, Any], table: dict[str, Any]) -> Contract:
    name = f"{source['name']}.{table['name']}"
    meta, whole = _known_meta(name, table, TABLE_KEYS), _meta(source)
    domain = whole.get("domain")
    if domain not in DOMAINS:
        raise QhawaqError(f"contract {name}: domain {domain!r} is none of {DOMAINS}")
    coverage, filled = meta.get("coverage"), _filled(table)
    return Contract(
        source=source["name"],
        table=table.get("identifier", table["name"]),
        domain=domain,
        pattern=re.compile(meta["file_pattern"]),
        separator=meta.get("separator", ","),
        encoding=meta.get("encoding", "utf-8"),
        columns=tuple(_column(name, column, filled) for column in table["columns"] if not _is_ours(column["name"])),
        key=tuple(map(str.lower, meta.get("key", ()))),
        known_at=meta.get("known_at", "_delivered_at"),
        replaces=meta.get("replaces", "rows"),
        coverage=Coverage(coverage["region"], float(coverage["minimum_share"])) if coverage else None,
        line_end_required=meta.get("line_end_required", True),
        missing=tuple(meta.get("missing", ())),
        retention_years=meta.get("retention_years"),
        sender=whole.get("sender", source["name"]),
    )


def _is_ours(name: str) -> bool:
    """Say whether landing adds the column (it is documented in the YAML but not part of the delivery)."""
    return name.startswith("_") or name in ("known_at", "child_key") or name.endswith("_key")


def read(project: Path) -> dict[str, Contract]:
    """Read every contract of the dbt project, by raw table name.

    Raises:
        QhawaqError: a contract is not well-formed; the message names it.
    """
    found = [
        _contract(source, table)
        for path in sorted((project / "models").rglob("_*__sources.yml"))
        for source, table in _tables(path)
        if "file_pattern" in _meta(table)
    ]
    return {contract.table: contract for contract in found}


def _tables(path: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each table that a file describes, with its source."""
    for source in read_yaml(path).get("sources") or []:
        for table in source["tables"]:
            yield source, table

"""A source contract: one source table and the files that fill it, column by column."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

from warehouse.contracts.rules import Codes, Rule
from warehouse.contracts.scopes import Replaces, Scope


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
    since: str = ""  # the first and the last year whose files must have it
    until: str = "9999"
    headers: tuple[str, ...] = ()  # what known layouts call it, best first; its own name where none are given
    digits: int | None = None  # length of a code of digits, whose leading zeros and decimals spreadsheets change
    document: bool = False  # whether it holds numbers of identity documents
    codes: Codes | None = None  # None where it may have any value
    rules: tuple[Rule, ...] = ()

    def must_be_in(self, period: str) -> bool:
        """Return whether a file of a period breaks the contract without this column."""
        return not self.optional and self.since <= period[:4] <= self.until

    @property
    def landed_name(self) -> str | None:
        """The column's name in `raw`; None if only the vault may hold it."""
        if self.pseudonym:
            return pseudonym_name(self.pseudonym)
        return None if self.identity or self.alias else self.name


@dataclass(frozen=True)
class Coverage:
    """Completeness rule of a source: a region with too few rows is withheld."""

    region: str  # SQL of a row's region
    minimum_share: float  # of the rows of the period before


@dataclass(frozen=True)
class Packed:
    """The form in which a source is downloaded: tables (DBF) in a ZIP."""

    pattern: re.Pattern[str]
    encoding: str  # of tables that state none


@dataclass(frozen=True)
class KeptByLaw:
    """What the law has a school keep of a row, though its person is erased.

    Args:
        why: the duty, in Spanish.
        columns: all that is kept; none of them tells who it is about.
    """

    why: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """One source table and the files that fill it."""

    source: str
    table: str
    domain: str
    pattern: re.Pattern[str]
    separator: str
    encoding: str
    is_quoted: bool  # whether quotes enclose values; otherwise they are characters like any other
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
    packed: Packed | None = None  # another form that lands: as it is downloaded
    leaves_out_others: bool = False  # columns that it does not name are left out; else a file with one is refused
    rules: tuple[Rule, ...] = ()  # over several columns
    kept_by_law: KeptByLaw | None = None  # what of a row stays when its person is erased

    @property
    def name(self) -> str:
        """The source's name in ledger, quarantine and logs."""
        return f"{self.source}.{self.table}"

    @property
    def stem(self) -> str:
        """The first part of its deliveries' names, before the period."""
        return self.pattern.pattern.partition("_(")[0]

    @property
    def is_public(self) -> bool:
        """Whether anyone may bring its files: no row is about a person."""
        return self.retention_years is None

    @property
    def stems(self) -> tuple[str, ...]:
        """The first parts of its deliveries' names, as they are landed and as they are downloaded."""
        return (self.stem, self.packed.pattern.pattern.partition("_(")[0]) if self.packed else (self.stem,)

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

    def named(self, headers: Collection[str]) -> dict[str, str]:
        """Return which column each header stands for: of several that mean one column, the one named first."""
        present = set(headers)
        meant = ((column, [name for name in column.headers if name in present]) for column in self.columns)
        return {found[0]: column.name for column, found in meant if found}

    @cached_property
    def landed(self) -> tuple[LandedColumn, ...]:
        """The delivery's columns in `raw`, without those that landing adds to every table."""
        keys = (CHILD_KEY,) if self.aliases else ()
        return keys + tuple(
            LandedColumn(c.landed_name, "bigint" if c.pseudonym else c.data_type) for c in self.columns if c.landed_name
        )

    def stated(self, file: str) -> Stated | None:
        """Return the period and the date that a file name states, None if it is not of this source."""
        if name := self.pattern.fullmatch(file):
            delivered = _day(name["delivered"])
            return Stated(name["period"], delivered) if delivered else None
        if self.packed and (name := self.packed.pattern.fullmatch(file)):
            digits = name["delivered"]  # downloads are named either way
            delivered = _day(digits) or _day(digits[4:] + digits[2:4] + digits[:2])
            return Stated(str(delivered.year), delivered) if delivered else None
        return None


def _day(digits: str) -> date | None:
    """Return the day of eight digits, year first; None where they are none."""
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def pseudonym_name(pseudonym: str) -> str:
    """Return the raw column that holds a pseudonym instead of an identity."""
    return f"{pseudonym}_key"

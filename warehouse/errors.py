"""Errors a user can act on: each message says what, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterable


class QhawaqError(Exception):
    """A failure that a person has to handle (exit 1)."""


class UsageError(QhawaqError):
    """Invalid arguments or configuration of a command (exit 2)."""


class NoSuchNumber(UsageError):
    """There is no row of this table with this key.

    Args:
        told: what is wrong, in English.
        kind: `no_table`, `wrong_key` or `no_row`: what is wrong, for who says it in another language.
        table: as it was asked for.
        key: as it was asked for.
        columns: of the table's key, as far as they are known.
    """

    def __init__(self, told: str, kind: str, table: str, key: str = "", columns: Iterable[str] = ()) -> None:
        super().__init__(told)
        self.kind = kind
        self.table = table
        self.key = key
        self.columns = list(columns)


class HomeError(QhawaqError):
    """The home is missing, locked, or of the wrong kind."""


class HomeInUse(HomeError):
    """Another process has a database of the home open."""


class BuildFailed(QhawaqError):
    """A dbt model or test failed."""


class DamagedFile(QhawaqError):
    """A file of ours differs from its manifest."""


class NotWritten(QhawaqError):
    """A disk took something else than what was written."""

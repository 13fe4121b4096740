"""Which corrections a release shows: a way back behind one would show the earlier value again."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import duckdb

from warehouse import database
from warehouse.deliveries import HAS_ROWS
from warehouse.errors import DamagedFile, HomeError
from warehouse.publish import decisions, switching
from warehouse.publish.decisions import Decision, Kind
from warehouse.settings import Home


class EarlierValues(HomeError):
    """A release shows what was corrected since as it was before."""


def landed(db: duckdb.DuckDBPyConnection, home: Home) -> list[int]:
    """Return the numbers of corrections whose deliveries have landed."""
    files = set(database.column(db, f"select file from raw.deliveries where {HAS_ROWS}"))
    return [one.number for one in _decided(home) if one.file in files]


def unsaid_by(home: Home, release: str) -> list[Decision]:
    """Return the corrections that later releases show and an earlier one does not."""
    decided = _decided(home)
    if not decided:
        return []
    shown = switching.rectified(home, release)
    later = {number for one in switching.kept(home) if one > release for number in _shown(home, one, decided)}
    return [one for one in decided if one.number in later - shown]


def check(home: Home, release: str) -> None:
    """Refuse a release that shows earlier values.

    Raises:
        EarlierValues: it does, of these children in these columns.
    """
    if unsaid := unsaid_by(home, release):
        what = ", ".join(f"child {one.child} {one.detail}" for one in unsaid)
        raise EarlierValues(
            f"{release} shows what was corrected since as it was before: {what}; mend what is wrong and call "
            "'qhawaq publish', or say why this must be with --with-earlier-values"
        )


def _decided(home: Home) -> Sequence[Decision]:
    return [one for one in decisions.read(home.decisions) if one.kind is Kind.RECTIFICATION]


def _shown(home: Home, release: str, decided: Sequence[Decision]) -> set[int]:
    """Return what a release shows; all, where nobody can say it."""
    with suppress(DamagedFile):
        return switching.rectified(home, release)
    return {one.number for one in decided}

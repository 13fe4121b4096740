"""The step that builds features and outcomes with their tests, and closes the as-of dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from warehouse import database
from warehouse.build import calendar, closing, code, dbt, firewall, formulas, orchestration, restoring, tested
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.settings import Home


@dataclass(frozen=True)
class BuildResult:
    """The day that was built for, and how many models, tests and newly closed dates there were."""

    today: str
    models: int
    tests: int
    closed_dates: int


def set_day(home: Home, today: date | None = None) -> date:
    """Store the day to build for, the newest delivery's where none is given, and return it.

    Raises:
        HomeError: nothing has landed yet.
    """
    with database.warehouse(home) as db:
        tables.prepare(db)
        return calendar.set_day(db, home, today)


def build(home: Home, progress: Progress, today: date | None = None, full_refresh: bool = False) -> BuildResult:
    """Build features and outcomes with their tests, then close the as-of dates."""
    day = begin(home, progress, today, full_refresh)
    result = dbt.build(home, progress, dbt.FEATURES, full_refresh)
    firewall.check_ran(home, result.statements, result.growing)
    closed = close(home, progress, full_refresh)
    return BuildResult(str(day), result.models, result.tests, closed)


def begin(home: Home, progress: Progress, today: date | None = None, full_refresh: bool = False) -> date:
    """Set the day and note what features and outcomes are about to be built of; return the day.

    A build of every date that did not end is gone on with; closed dates that a table lost are taken back.
    """
    with database.warehouse(home) as db:
        tables.prepare(db)
        day = calendar.set_day(db, home, today)
        restoring.restore(db, home, progress)
        now = code.code_hash()
        tested.begin(db, now)
        formulas.note(db, now)
        _refresh(db, progress, full_refresh)
        orchestration.read_in(db, home)
    firewall.check(home, progress)
    return day


def _refresh(db: duckdb.DuckDBPyConnection, progress: Progress, full_refresh: bool) -> None:
    """Begin to build every date again where that is asked for, or was by a build that did not end.

    Else say of which closed dates the code has changed: they stay.
    """
    if closing.is_refreshing(db) and not full_refresh:
        progress.say("a build with --full-refresh did not end: every as-of date is built again")
    if full_refresh:
        closing.begin_refresh(db)
    if closing.is_refreshing(db):
        tested.forget(db)
    else:
        formulas.tell(db, progress)


def close(home: Home, progress: Progress, again: bool = False) -> int:
    """Close the as-of dates of features and outcomes that are built and tested; return how many."""
    closed = closing.close(home, progress, again=again)
    with database.warehouse(home) as db:
        tested.first_half_done(db, code.code_hash())
        formulas.remember(db)
    return len(closed)

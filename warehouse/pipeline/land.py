"""The step that lands what waits in the inbox."""

from __future__ import annotations

from warehouse import database
from warehouse.landing import land as landing
from warehouse.landing.ledger import Outcome
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.rights import objections, unfinished
from warehouse.settings import Home


def land(home: Home, progress: Progress, backfill: bool = False) -> list[Outcome]:
    """Land everything that waits, and create the tables that later steps need; return what became of each file.

    A switch of releases or a deletion that was cut off is ended first.

    Args:
        home: the home.
        progress: where progress is shown.
        backfill: a first historical load, whose facts keep their own dates.

    Raises:
        HomeError: nothing waits, and there is no home yet: none is made.
    """
    unfinished.finish(home, progress)
    outcomes = landing.land(home, progress, backfill)
    with database.warehouse(home) as db:
        tables.prepare(db)
        objections.go_on(home, db)
    return outcomes

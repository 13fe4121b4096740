"""The step that lands what waits in the inbox."""

from __future__ import annotations

from contextlib import suppress

from warehouse import database
from warehouse.errors import DamagedFile
from warehouse.landing import land as landing
from warehouse.landing.ledger import Outcome
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.publish import switching
from warehouse.settings import Home


def land(home: Home, progress: Progress, backfill: bool = False) -> list[Outcome]:
    """Land everything that waits, and create the tables that later steps need; return what became of each file.

    First it finishes a switch of releases that was interrupted.

    Args:
        home: the home.
        progress: where progress is shown.
        backfill: a first historical load, whose facts keep their own dates.

    Raises:
        HomeError: nothing waits, and there is no home yet: none is made.
    """
    with suppress(DamagedFile):  # said, and published again, once it is known whether anything is new
        switching.follow(home)
    outcomes = landing.land(home, progress, backfill)
    with database.warehouse(home) as db:
        tables.prepare(db)
    return outcomes

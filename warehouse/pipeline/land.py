"""The step that lands what waits in the inbox."""

from __future__ import annotations

from warehouse import database, keys
from warehouse.audit import access_log, anchors
from warehouse.audit.access_log import Head
from warehouse.errors import QhawaqError
from warehouse.landing import land as landing
from warehouse.landing.ledger import Outcome
from warehouse.notify import channels
from warehouse.operate import backup
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.rights import erased, objections, unfinished
from warehouse.settings import Home


def land(home: Home, progress: Progress, backfill: bool = False) -> list[Outcome]:
    """Land everything that waits, and create the tables that later steps need; return what became of each file.

    A switch of releases or a deletion that was cut off is ended first. The access log is anchored as far as it reaches,
    here and at the address that keeps its heads.

    Args:
        home: the home.
        progress: where progress is shown.
        backfill: a first historical load, whose facts keep their own dates.

    Raises:
        HomeError: nothing waits, and there is no home yet: none is made.
    """
    unfinished.finish(home, progress)
    if home.kind:
        backup.tell_backups(home)  # where an erasure was cut off before it told them
    outcomes = landing.land(home, progress, backfill)
    with database.warehouse(home) as db:
        tables.prepare(db)
        objections.go_on(home, db)
        erased.note(db, erased.listed_in(home.erased))  # those too that former code erased
        for wrong in anchors.keep(db, access_log.of(home, keys.load(home.secrets))):
            progress.say("the access log is not what it was", fault=wrong)
        anchored = anchors.kept(db)
    if anchored:
        _post(anchored[-1].head, progress)
    return outcomes


def _post(head: Head, progress: Progress) -> None:
    """Post the newest anchor; a failure stops nothing: the next run posts a head that says more."""
    try:
        channels.post_head(anchors.printed(head))
    except QhawaqError as error:
        progress.say("the access log is anchored here only", because=str(error))

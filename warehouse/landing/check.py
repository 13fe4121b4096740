"""The sender's check of one file: landing's validation without any change."""

from __future__ import annotations

import tempfile
from pathlib import Path

from warehouse import contracts, database
from warehouse.deliveries import Fault, Status, text
from warehouse.landing import intake, packed, staging
from warehouse.landing.ledger import Outcome
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

FAULTS_SHOWN = 20


def check(path: Path, progress: Progress) -> Outcome:
    """Validate one file as landing would, and change nothing.

    Raises:
        DeliveryRefused: the file would be refused; the message says why.
    """
    with tempfile.TemporaryDirectory() as folder:
        delivery = intake.recognize(path, contracts.read(DBT_PROJECT))
        with database.scratch(Home(Path(folder))) as db:
            counts = staging.stage(db, delivery, packed.scanned(delivery))
            faults = db.execute(
                f"select line, column_name, fault from faults order by line limit {FAULTS_SHOWN}"
            ).fetchall()
    for line, column, fault in faults:
        progress.say(f"line {line}" + (f", column {column}" if column else "") + f": {text(Fault(fault))}")
    return staging.outcome(delivery, Status.WOULD_LAND, counts)

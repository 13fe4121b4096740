"""What a notebook starts from: the rows that a training of this home would see today, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from warehouse import database
from warehouse.pipeline import learning
from warehouse.settings import Home

if TYPE_CHECKING:
    from ml.data.dataset import Rows, Spec
    from ml.policy import Policy


@dataclass(frozen=True)
class Bench:
    """Rows with matured labels, the features, the policy, and the share of pupils that can be visited."""

    rows: Rows
    spec: Spec
    policy: Policy
    share: float
    today: str


def read(outcome: str = "interruption", home: str | None = None) -> Bench:
    """Read the rows of an outcome.

    Args:
        outcome: interruption or repetition.
        home: folder of the warehouse; `$QHAWAQ_HOME`, else `./data`, where none is given.

    Raises:
        HomeError: nothing has been built there.
    """
    existing = Home.find(home).existing()
    spec = learning.spec(outcome=outcome)
    with database.warehouse(existing, read_only=True) as db:
        today = database.value(db, "select today from raw.calendar")
        rows = learning.rows(db, existing, outcome, spec, today)
        return Bench(rows, spec, learning.policy(outcome), learning.capacity_share(db, today), str(today))

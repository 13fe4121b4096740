"""How late a file's name may say that it is: not after today, and not years after every other delivery.

The newest delivery's date is the day for which the warehouse is built, so a slip in a name would close as-of dates of
years to come. A synthetic home lives by its own calendar, whatever the clock says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import product, starmap
from operator import attrgetter
from pathlib import Path

import duckdb

from warehouse import clock
from warehouse.contracts import Contract
from warehouse.database import value
from warehouse.deliveries import HAS_ROWS, DeliveryRefused, Fault
from warehouse.landing.intake import Delivery
from warehouse.settings import Home

YEARS_AHEAD = 5  # after the newest other delivery: sources come every few weeks, the rarest every few years
FIRST_YEAR = 1990  # no source tells of the time before


@dataclass(frozen=True)
class Horizon:
    """The dates that no delivery may pass."""

    latest: date | None  # that a computer may state today; None where the clock does not count
    landed: date | None  # the newest landed delivery's
    waiting: tuple[date, ...] = ()  # of the files that wait

    def judge(self, delivery: Delivery) -> None:
        """Refuse a delivery from the time to come, or of a period that its date does not reach.

        Raises:
            DeliveryRefused: a date in its name is a slip.
        """
        delivered = delivery.delivered_at
        if self.latest and delivered > self.latest:
            raise DeliveryRefused(Fault.DATED_AHEAD, delivered=str(delivered), today=str(clock.today()))
        others = (self.landed, *_without_one(self.waiting, delivered))
        newest = max(filter(None, others), default=delivered)
        if self.latest and delivered > clock.years_later(newest, YEARS_AHEAD):
            raise DeliveryRefused(
                Fault.DATED_FAR_AHEAD, delivered=str(delivered), years=YEARS_AHEAD, newest=str(newest)
            )
        if not FIRST_YEAR <= int(delivery.period[:4]) <= delivered.year + 1:
            raise DeliveryRefused(Fault.PERIOD_IMPOSSIBLE, period=delivery.period, delivered=str(delivered))


def of(home: Home, db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract], waiting: Iterable[Path]) -> Horizon:
    """Return the horizon of a landing run."""
    stated = starmap(Contract.stated, product(contracts, map(attrgetter("name"), waiting)))
    days = [delivery.delivered_at for delivery in filter(None, stated)]
    latest = None if home.kind == "synthetic" else clock.newest_day()
    return Horizon(
        latest,
        landed=value(db, f"select max(delivered_at) from raw.deliveries where {HAS_ROWS}"),
        waiting=tuple(day for day in days if not latest or day <= latest),  # a slip vouches for no other
    )


def _without_one(days: tuple[date, ...], day: date) -> list[date]:
    """Return the days without one of them: a file is not its own neighbor."""
    others = list(days)
    if day in others:
        others.remove(day)
    return others

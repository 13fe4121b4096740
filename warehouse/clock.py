"""What time it is: moments are UTC, days are Lima's.

Whoever decides in Peru after 19:00 does so on a day that is over in UTC five hours too early. So a moment is stored in
UTC, and whatever is a day (of a request, a delivery, a decision) comes from here.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta, timezone

# Peru has been five hours behind UTC since 1994, without summer time: a fixed offset needs no data about time zones,
# which a bare system lacks.
HOURS_BEHIND_UTC = 5
LIMA = timezone(timedelta(hours=-HOURS_BEHIND_UTC), "America/Lima")


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)


def stamp() -> datetime:
    """Return this moment as tables hold it: in UTC, without a zone."""
    return now().replace(tzinfo=None)


def today() -> date:
    """Return today in Lima."""
    return day_of(now())


def newest_day() -> date:
    """Return the newest day that has begun: UTC's, by which some computers of Peru go. From 19:00 on it is tomorrow."""
    return now().date()


def day_of(moment: datetime) -> date:
    """Return on which day in Lima a moment was; one without a zone is UTC's."""
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return known.astimezone(LIMA).date()


def day_sql(moment: str) -> str:
    """Return SQL for the day in Lima of a moment that is stored in UTC, as `lima_day` of the dbt project does."""
    return f"cast({moment} - interval '{HOURS_BEHIND_UTC}' hour as date)"


def years_later(day: date, years: int) -> date:
    """Return the same day some years later; 29 February ends with February where that year has no such day."""
    year = day.year + years
    return day.replace(year=year, day=min(day.day, monthrange(year, day.month)[1]))

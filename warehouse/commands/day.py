"""A day as an option or argument of a command."""

from __future__ import annotations

from datetime import date

import click

_AS_TEXT = click.DateTime(["%Y-%m-%d"])


class DayType(click.ParamType[date]):
    """A day as YYYY-MM-DD: a date, and not the moment at which it begins somewhere."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the date."""
        if isinstance(value, date):
            return value
        midnight = _AS_TEXT.convert(value, param, ctx)
        return date(midnight.year, midnight.month, midnight.day)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Show the form in help texts."""
        return _AS_TEXT.get_metavar(param, ctx)


DAY = DayType()

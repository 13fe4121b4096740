"""`qhawaq worksheet`: a week's visits of a UGEL on paper."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import click

from warehouse import reasons
from warehouse.commands.context import Context
from warehouse.commands.day import DAY, DayType


class WeekType(DayType):
    """A week as YYYY-Www, or by any of its days."""

    name = "week"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return a day of the week: its Monday where the week is named by its number."""
        if found := re.fullmatch(r"([0-9]{4})-W([0-9]{2})", str(value)):
            try:
                return date.fromisocalendar(int(found[1]), int(found[2]), 1)
            except ValueError:
                self.fail(f"{value} is no week of that year", param, ctx)
        return DAY.convert(value, param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Show the forms in help texts."""
        return "[YYYY-Www|YYYY-MM-DD]"


@click.command()
@click.option("--ugel", metavar="CODE", required=True, help="The UGEL (six digits).")
@click.option("--week", type=WeekType(), help="The week, as 2025-W49, or a day of it (default: this week).")
@click.option("--first", type=click.IntRange(1, 200), help="How many children (default: a fourth of the list).")
@click.option("--to", metavar="DIR", required=True, type=click.Path(path_type=Path), help="A folder outside the home.")
@click.option("--reason", required=True, help="Why these names are needed, in a sentence; it is logged for ever.")
@click.option("--who", default=None, help="Who asks (default: the system's user).")
@click.pass_obj
def worksheet(
    context: Context, ugel: str, week: date | None, first: int | None, to: Path, reason: str, who: str | None
) -> None:
    """Write the visit sheets of a UGEL's week: one PDF, a page per child who waits, in the order of the list.

    Pages hold names: the file is readable by you only, and each child is logged as revealed. The QR code opens the
    child's page under QHAWAQ_PAGES_URL (default http://127.0.0.1:8010). Destroy the paper when the visits are recorded.
    """
    from warehouse.worksheets import sheets

    asked = sheets.SheetRequest(ugel, week, first, reasons.stated(reason), who)
    written = sheets.write(context.to_write(), asked, to)
    click.echo(f"{written.path}: {written.n_sheets} sheets; {written.n_waiting} of the list wait for a visit")

"""`qhawaq export-analysts`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from warehouse import clock, reasons
from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.errors import UsageError

if TYPE_CHECKING:
    import duckdb

    from warehouse.rights.extracts import Extract


@click.command("export-analysts")
@click.option("--for", "analyst", metavar="NAME", help="Who gets it.")
@click.option("--purpose", help="What for, in a sentence.")
@click.option("--areas", help="Departments (2 digits) and UGELs (6), as 08,150101.")
@click.option("--until", type=DAY, help="The last day on which it may be used, at most a year from today.")
@click.option("--to", "folder", type=click.Path(path_type=Path), help="A new folder (default: extracts/ in the home).")
@click.option("--list", "lists", is_flag=True, help="List all extracts.")
@click.option("--end", "ended", type=int, metavar="NUMBER", help="End an extract: its files are deleted.")
@click.pass_obj
def export_analysts(
    context: Context,
    analyst: str | None,
    purpose: str | None,
    areas: str | None,
    until: date | None,
    folder: Path | None,
    lists: bool,
    ended: int | None,
) -> None:
    """Write an extract for one analyst: pupils of some places by year, without names, keys and scores.

    Of school, grade, sex and age it says only what at least 5 pupils of a year share. Every child in it is in the
    access log. It ends on its day ('qhawaq retain --delete'), by --end, or when a child in it is erased.
    """
    from warehouse import database
    from warehouse.rights import extracts

    home = context.to_write().existing()
    today = clock.today()
    if not lists and ended is None:
        asked = extracts.ExtractRequest(*_asked(analyst, purpose, areas, until), folder)
        click.echo(_written(extracts.write(home, asked, today)))
        return
    with database.warehouse(home) as db:
        db.execute(extracts.DDL)
        if ended is not None:
            _end(db, ended, today)
        for extract in extracts.listed(db):
            click.echo(_line(extract, today))


def _end(db: duckdb.DuckDBPyConnection, number: int, today: date) -> None:
    from warehouse.rights import extracts

    if number not in [extract.number for extract in extracts.listed(db) if not extract.ended_on]:
        raise UsageError(f"--end: there is no extract {number}, or it has ended: qhawaq export-analysts --list")
    for moved in extracts.end(db, [number], "ended by the administrator", today):
        click.echo(f"{moved} is not there any more: ask for it")


def _asked(
    analyst: str | None, purpose: str | None, areas: str | None, until: date | None
) -> tuple[str, str, tuple[str, ...], date]:
    if not (analyst and purpose and areas and until):
        raise UsageError("an extract needs --for, --purpose, --areas and --until")
    places = tuple(dict.fromkeys(filter(None, map(str.strip, areas.split(",")))))
    return " ".join(analyst.split()), reasons.stated(purpose, "--purpose"), places, until


def _written(one: Extract) -> str:
    return (
        f"extract {one.number} for {one.analyst}: {one.n_rows:,} rows in {one.folder}, until {one.valid_until}; "
        f"{one.n_left_out:,} rows left out, which too few share"
    )


def _line(one: Extract, today: date) -> str:
    state = f"until {one.valid_until}" if one.valid_until >= today else f"to be deleted since {one.valid_until}"
    state = f"ended {one.ended_on}: {one.ended_because}" if one.ended_on else state
    return f"{one.number}  {one.analyst}: {one.purpose}; {one.n_rows:,} rows in {one.folder}; {state}"

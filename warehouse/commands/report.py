"""`qhawaq report`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from warehouse.commands.context import Context
from warehouse.commands.day import DAY


@click.command()
@click.option("--ugel", metavar="CODE", help="The bulletin of one UGEL (six digits), for its own use.")
@click.option("--region", metavar="CODE", help="The bulletin of one department (two digits).")
@click.option("--as-of", type=DAY, help="As published for this day or before (default: current).")
@click.option("--to", metavar="DIR", help="Where to write it (default: bulletins/ of the home).")
@click.pass_obj
def report(context: Context, ugel: str | None, region: str | None, as_of: date | None, to: str | None) -> None:
    """Write the monthly bulletin of the country, a region or a UGEL: one page of HTML, a sheet (XLSX) and CSV files.

    The page needs no network and no script; print it from a browser. It holds what was published and no more.
    """
    from warehouse.files import write_whole
    from warehouse.report import exports, figures, page, paper

    home, progress = context
    bulletin = figures.read(home.existing(), ugel, region, as_of)
    folder = Path(to) if to else home.root / "bulletins"
    folder.mkdir(parents=True, exist_ok=True)
    with progress.step("bulletin"):
        written = folder / f"{bulletin.file_name}.html"
        write_whole(written, page.html(bulletin))
        write_whole(written.with_suffix(".pdf"), paper.write(bulletin))
        sheets = [exports.write_xlsx(bulletin, folder), *exports.write_csv(bulletin, folder)]
    click.echo(f"{written}, the same as PDF, and {len(sheets)} files of its tables")

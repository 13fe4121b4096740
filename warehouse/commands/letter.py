"""`qhawaq letter`: letters to families, for a UGEL's letterhead."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.commands.context import Context
from warehouse.errors import UsageError

KINDS = ("datos", "visita", "objecion")


@click.command()
@click.argument("kind", type=click.Choice(KINDS))
@click.option("--ugel", metavar="CODE", required=True, help="The UGEL (six digits).")
@click.option("--name", metavar="TEXT", help="What the UGEL is called (default: by code, province and department).")
@click.option("--address", metavar="TEXT", multiple=True, help="A line below the name: address, city; may be repeated.")
@click.option("--contact", metavar="TEXT", help="Where and with whom to speak (default: written by hand).")
@click.option("--to", metavar="DIR", type=click.Path(path_type=Path), help="Where (default: letters/ of the home).")
@click.pass_obj
def letter(
    context: Context,
    kind: str,
    ugel: str,
    name: str | None,
    address: tuple[str, ...],
    contact: str | None,
    to: Path | None,
) -> None:
    """Write a letter to families as PDF and as a page to print, in plain Spanish; it names no child.

    datos: what is kept, for what, who sees it and what a family may ask. visita: left where nobody was at home.
    objecion: a form by which a family objects, or asks for a look, a correction or a human's review.
    """
    from warehouse.contracts import read
    from warehouse.files import write_whole
    from warehouse.paper import letters
    from warehouse.report import figures
    from warehouse.settings import DBT_PROJECT

    home = context.home.existing()
    called = " ".join((name or figures.read(home, ugel=ugel).name).split())
    if not called:
        raise UsageError("--name: say what the UGEL is called")
    years = max(contract.retention_years or 0 for contract in read(DBT_PROJECT).values())
    head = letters.Letterhead((called, *address), contact, years, home.kind == "synthetic")
    folder = to or home.root / "letters"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"carta-{kind}-{ugel}.pdf"
    write_whole(path, letters.as_pdf(kind, head))
    write_whole(path.with_suffix(".html"), letters.as_html(kind, head))
    click.echo(f"{path} and the same as a page")

"""`qhawaq audit`: what an auditor asks for."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.commands.context import Context


@click.group()
def audit() -> None:
    """Walk a number down to file and line, or pack everything that proves it."""


@audit.command()
@click.argument("table")
@click.argument("key")
@click.pass_obj
def trace(context: Context, table: str, key: str) -> None:
    """Print the way of one row of TABLE (schema.table) down to the lines of the files it was made from.

    KEY holds the values of the table's key columns, separated by '/': for example
    'qhawaq audit trace features.child_features 123456789/2025-11-30'. To begin at a panel of a dashboard, TABLE is
    panel:DASHBOARD/TITLE, as in 'qhawaq audit trace panel:panorama/Interrumpieron 2024/00/B0/interruption'.
    """
    from warehouse.audit import panels
    from warehouse.audit import trace as tracing

    if table.startswith("panel:"):
        panel = panels.find(table.removeprefix("panel:"))
        table = panel.mart
        click.echo(f"panel {panel.title} of dashboard {panel.dashboard} ({panel.audience})\n  {panel.sql}\n")
    click.echo(tracing.trace(context.home.existing(), table, key))


@audit.command()
@click.pass_obj
def unused(context: Context) -> None:
    """List columns of marts that no panel, service, bulletin or message reads."""
    from warehouse.audit import panels

    columns = panels.unused(context.home.existing())
    click.echo("\n".join([*columns, f"{len(columns)} columns of marts are read by nobody"]))


@audit.command()
@click.option("--to", type=click.Path(path_type=Path), help="The zip to write (default: audit-<day>.zip).")
@click.pass_obj
def pack(context: Context, to: Path | None) -> None:
    """Write a zip with everything registered for auditors, each with its hash and date; no identity is in it."""
    from warehouse.audit import access_log
    from warehouse.audit import pack as packing

    home = context.home.existing()
    access_log.note(home, "pack", None, "qhawaq audit pack")
    path, entries = packing.write(home, to)
    click.echo(f"{path}: {entries} documents, listed with hash and date in index.json")

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
@click.option("--children", type=click.Path(path_type=Path), help="Write the children that it counts there, as CSV.")
@click.option("--reason", help="Why you look at them, for the access log.")
@click.pass_obj
def trace(context: Context, table: str, key: str, children: Path | None, reason: str | None) -> None:
    """Print the way of one row of TABLE (schema.table) down to the lines of the files it was made from.

    KEY holds the values of the table's key columns, separated by '/': for example
    'qhawaq audit trace features.child_features 123456789/2025-11-30'. To begin at a panel of a dashboard, TABLE is
    panel:DASHBOARD/TITLE, as in 'qhawaq audit trace panel:panorama/Cómo cambió 2024/00/B0/interruption'.

    With --children FILE and --reason TEXT the children that an indicator counts are written with each line of a file
    that tells of them; every one of them is noted in the access log.
    """
    from warehouse.audit import counted, panels
    from warehouse.audit import trace as tracing
    from warehouse.reasons import stated

    if table.startswith("panel:"):
        panel = panels.find(table.removeprefix("panel:"))
        table = panel.mart
        click.echo(f"panel {panel.title} of dashboard {panel.dashboard} ({panel.audience})\n  {panel.sql}\n")
    home = context.home.existing()
    if children is None:
        click.echo(tracing.trace(home, table, key))
        return
    found = counted.write(home, table, key, stated(reason or ""), children)
    click.echo(
        f"{children}: {found.n_pupils:,} pupils, {found.n_cases:,} of them cases, {found.n_lines:,} lines of files; "
        "exact, and each of them noted in the access log"
    )


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

"""`qhawaq status`."""

from __future__ import annotations

import json

import click

from warehouse.commands.context import Context
from warehouse.operate.status import lines


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show the state of the home from its side file; the warehouse is never opened."""
    home = context.home.existing()
    facts = {"home": str(home.root), "kind": home.kind, "waiting": len(list(home.inbox.glob("[!.]*")))}
    if home.status.exists():
        facts |= json.loads(home.status.read_text())
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    if "steps" in facts:
        click.echo("\n".join(lines(home, facts)))
    click.echo(f"  waiting      {facts['waiting']} files in {home.inbox}")

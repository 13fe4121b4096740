"""`qhawaq reidentify` and `qhawaq explain`: one child at a time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

import click

from warehouse import reasons
from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.errors import QhawaqError


@click.command()
@click.argument("child", type=int)
@click.option("--reason", required=True, help="Why this child's identity is needed; it is logged for ever.")
@click.option("--who", default=None, help="Who asks (default: the system's user).")
@click.pass_obj
def reidentify(context: Context, child: int, reason: str, who: str | None) -> None:
    """Show who CHILD is, for a stated reason; who asked, when and why is logged before it is shown."""
    from warehouse import database, keys
    from warehouse.audit import access_log
    from warehouse.identity import vault

    why = reasons.stated(reason)
    home = context.to_write()
    access_log.note(home, "reveal", str(child), why, who)
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        identity = vault.identity(db, child)
    if identity is None:
        raise QhawaqError(f"the vault holds no person with key {child}; the request was logged")
    for name, value in asdict(identity).items():
        click.echo(f"{name:<18} {value}")


@click.command()
@click.argument("child", type=int)
@click.argument("as_of", type=DAY)
@click.pass_obj
def explain(context: Context, child: int, as_of: date) -> None:
    """Show how the score of CHILD on date AS_OF comes about, term by term; the terms add up exactly."""
    from warehouse.audit import access_log
    from warehouse.pipeline import explain as step

    explanation = step.explain(context.home.existing(), child, as_of)
    access_log.note(context.home, "explain", str(child), f"qhawaq explain {as_of}")
    click.echo(explanation)

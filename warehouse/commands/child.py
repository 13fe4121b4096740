"""`qhawaq reidentify` and `qhawaq explain`: one child at a time."""

from __future__ import annotations

import getpass
from dataclasses import asdict
from datetime import date

import click

from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.errors import QhawaqError, UsageError


@click.command()
@click.argument("child", type=int)
@click.option("--reason", required=True, help="Why this child's identity is needed; it is logged for ever.")
@click.option("--who", default=None, help="Who asks (default: the system's user).")
@click.pass_obj
def reidentify(context: Context, child: int, reason: str, who: str | None) -> None:
    """Show who CHILD is, for a stated reason; the vault logs who asked, when and why, before it answers."""
    from warehouse import database, keys
    from warehouse.identity import vault

    if len(reason.strip()) < 10:
        raise UsageError("--reason: say in a sentence why the identity is needed (at least 10 characters)")
    home = context.to_write()
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets))
        identity = vault.reveal(db, child, who or getpass.getuser(), reason.strip())
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
    from warehouse.pipeline import explain as step

    click.echo(step.explain(context.home.existing(), child, as_of))

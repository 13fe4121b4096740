"""`qhawaq land`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context


@click.command()
@click.option("--backfill", is_flag=True, help="A first historical load: facts keep their own dates.")
@click.pass_obj
def land(context: Context, backfill: bool) -> None:
    """Land what waits in the inbox: validate, split identities into the vault, write raw tables, archive.

    Refused files are kept, encrypted, with the reason in raw.deliveries; the other files go on.
    """
    from warehouse.landing.land import totals
    from warehouse.pipeline import land as step

    home, progress = context
    if home.kind:
        context.narrowed()
    outcomes = step.land(home, progress, backfill)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(totals(outcomes).items()))
    click.echo(f"{len(outcomes)} files: {counted}" if outcomes else f"nothing to land in {home.inbox}")

"""`qhawaq withdraw FILE`."""

from __future__ import annotations

import getpass

import click

from warehouse import reasons
from warehouse.commands.context import Context


@click.command()
@click.argument("file")
@click.option("--reason", required=True, help="Why, in a sentence without names; the ledger keeps it.")
@click.option("--who", default=None, help="Who withdraws it (default: the system's user).")
@click.pass_obj
def withdraw(context: Context, file: str, reason: str, who: str | None) -> None:
    """Take a landed delivery out from now on, by its name in raw.deliveries.

    Its rows were known until now: closed as-of dates stay as they are. What it had replaced counts again. The next
    `qhawaq run` builds everything after it. Deliver the file again to take the withdrawal back.
    """
    from warehouse.landing.withdraw import Withdrawal
    from warehouse.landing.withdraw import withdraw as take_out

    withdrawal = Withdrawal(file, who or getpass.getuser(), reasons.stated(reason))
    done = take_out(context.to_write(), context.progress, withdrawal)
    click.echo(f"{done.file}: {done.rows:,} rows count until {done.since} and no longer; call 'qhawaq run'")

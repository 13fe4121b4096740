"""`qhawaq build`."""

from __future__ import annotations

from datetime import date

import click

from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.pipeline import build as step


@click.command()
@click.option("--select", metavar="NODES", help="Only these nodes, in dbt's syntax (closes no dates).")
@click.option("--today", type=DAY, help="The day to build for (default: the newest delivery's).")
@click.option("--full-refresh", is_flag=True, help="Build every as-of date again, closed ones too.")
@click.pass_obj
def build(context: Context, select: str | None, today: date | None, full_refresh: bool) -> None:
    """Build features and outcomes with their tests, and close the as-of dates as Parquet."""
    home, progress = context
    context.to_write()
    if select:
        from warehouse.build import dbt, firewall

        step.set_day(home, today)
        firewall.check(home, progress)
        built = dbt.build(home, progress, ("--select", *select.split()), full_refresh)
        firewall.check_ran(home, built.statements, built.growing)
        click.echo(str(built))
        return
    result = step.build(home, progress, today, full_refresh)
    click.echo(f"{result.models} models built, {result.tests} tests passed, {result.closed_dates} dates closed")

"""What commands share by which a home decides: who and why, and reading what was decided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    import duckdb

    from warehouse.commands.context import Context


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every decision states: why, and who decides."""
    for option in (
        click.pass_obj,
        click.option("--who", default=None, help="Who decides (default: the system's user)."),
        click.option("--why", required=True, help="Why, in a sentence; it is kept for ever."),
    ):
        command = option(command)
    return command


@contextmanager
def decided(context: Context) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse to read what was decided, also on a disk that can only be read."""
    from warehouse import contracts, database
    from warehouse.landing import ledger
    from warehouse.settings import DBT_PROJECT

    if can_write := database.can_write(context.home.existing()):
        context.to_write()
    with database.warehouse(context.home, read_only=not can_write) as db:
        if can_write:
            ledger.prepare(db, list(contracts.read(DBT_PROJECT).values()))
        yield db

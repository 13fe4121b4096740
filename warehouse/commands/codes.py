"""`qhawaq codes`."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any

import click

from warehouse.commands.context import Context


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every decision states: the code, why, and who decides."""
    for option in (
        click.pass_obj,
        click.option("--who", default=None, help="Who decides (default: the system's user)."),
        click.option("--why", required=True, help="Why, in a sentence; it is kept for ever."),
        click.argument("code"),
        click.argument("column"),
        click.argument("source"),
    ):
        command = option(command)
    return command


@click.group(invoke_without_command=True)
@click.pass_context
def codes(context: click.Context) -> None:
    """List codes that are on no list, with how often they came and where first; decide on one.

    Lines with such a code wait in quarantine. After `accept` or `map` they come back by themselves at the next
    landing, known from then on.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_unknown)


@codes.command("list")
@click.pass_obj
def list_unknown(context: Context) -> None:
    """List the codes that wait for a decision."""
    from warehouse import contracts, database
    from warehouse.landing import codes, ledger
    from warehouse.settings import DBT_PROJECT

    if can_write := database.can_write(context.home.existing()):
        context.to_write()
    with database.warehouse(context.home, read_only=not can_write) as db:
        if can_write:
            ledger.prepare(db, list(contracts.read(DBT_PROJECT).values()))
        unknown = codes.unknown(db)
    for one in unknown:
        shown = one.code or "(not shown: it does not look like a code)"
        click.echo(f"{one.source} {one.column} {shown}: {one.lines} lines, first {one.file} line {one.line}")
    if not unknown:
        click.echo("every code is on a list")


@codes.command()
@decision_options
def accept(context: Context, source: str, column: str, code: str, **given: str | None) -> None:
    """Accept a code as it is: add it to this home's list."""
    _decide(context, "accept", source, column, code, given)


@codes.command("map")
@decision_options
@click.argument("to")
def map_code(context: Context, source: str, column: str, code: str, **given: str | None) -> None:
    """Read a code as TO, which is on the list."""
    _decide(context, "map", source, column, code, given)


@codes.command()
@decision_options
def reject(context: Context, source: str, column: str, code: str, **given: str | None) -> None:
    """Leave lines with a code in quarantine, and list it no more."""
    _decide(context, "reject", source, column, code, given)


def _decide(
    context: Context, decision: str, source: str, column: str, code: str, given: Mapping[str, str | None]
) -> None:
    from warehouse import contracts, database
    from warehouse.landing import codes, ledger
    from warehouse.settings import DBT_PROJECT

    context.to_write()
    known = list(contracts.read(DBT_PROJECT).values())
    asked = codes.CodeDecision(
        source=source,
        column=column,
        code=code,
        decision=codes.CodeVerdict(decision),
        who=given["who"] or getpass.getuser(),
        why=given["why"] or "",
        mapped_to=given.get("to"),
    )
    with database.warehouse(context.home) as db:
        ledger.prepare(db, known)
        decided = codes.decide(db, context.home, known, asked)
    read_as = f", read as {decided.mapped_to}" if decided.mapped_to else ""
    what = f"{decided.source} {decided.column} {decided.code}: {decided.decision}{read_as}"
    click.echo(f"{what}; it counts from the next landing")

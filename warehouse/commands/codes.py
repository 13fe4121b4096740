"""`qhawaq codes`."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from typing import Any

import click

from warehouse.commands.context import Context
from warehouse.commands.deciding import decided, decision_options


def of_a_code(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every decision on a code states: the code, why, and who decides."""
    for argument in (click.argument("code"), click.argument("column"), click.argument("source")):
        command = argument(command)
    return decision_options(command)


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
    from warehouse.landing import codes

    with decided(context) as db:
        unknown = codes.unknown(db)
    for one in unknown:
        shown = one.code or "(not shown: it does not look like a code)"
        click.echo(f"{one.source} {one.column} {shown}: {one.lines} lines, first {one.file} line {one.line}")
    if not unknown:
        click.echo("every code is on a list")


@codes.command()
@of_a_code
def accept(context: Context, source: str, column: str, code: str, **given: str | None) -> None:
    """Accept a code as it is: add it to this home's list."""
    _decide(context, "accept", source, column, code, given)


@codes.command("map")
@of_a_code
@click.argument("to")
def map_code(context: Context, source: str, column: str, code: str, **given: str | None) -> None:
    """Read a code as TO, which is on the list."""
    _decide(context, "map", source, column, code, given)


@codes.command()
@of_a_code
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
        done = codes.decide(db, context.home, known, asked)
    read_as = f", read as {done.mapped_to}" if done.mapped_to else ""
    what = f"{done.source} {done.column} {done.code}: {done.decision}{read_as}"
    click.echo(f"{what}; it counts from the next landing")

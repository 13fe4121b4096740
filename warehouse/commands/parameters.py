"""`qhawaq parameters`."""

from __future__ import annotations

import getpass
from datetime import date
from typing import TYPE_CHECKING

import click

from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.commands.deciding import decided, decision_options

if TYPE_CHECKING:
    from warehouse.landing.parameters import Decided, Parameter, Statement

FROM = click.option("--from", "valid_from", type=DAY, required=True, help="From which day on it holds.")


@click.group(invoke_without_command=True)
@click.pass_context
def parameters(context: click.Context) -> None:
    """List the capacities, costs, holidays, targets and deadlines that this home states; state one, or withdraw it.

    What is stated counts beside what Qhawaq ships, and before it, from the day on which it is valid and known. It is
    known from the day on which it is stated, and never on a closed date: earlier dates and lists stay as they are.
    """
    if context.invoked_subcommand is None:
        context.invoke(list_stated)


@parameters.command("list")
@click.pass_obj
def list_stated(context: Context) -> None:
    """List what this home states, and what it has withdrawn."""
    from warehouse.landing import parameters

    with decided(context) as db:
        stated = parameters.listed(db)
    for one in stated:
        click.echo(f"{_said(one)}; {one.decided.who}: {one.decided.why}")
        if one.withdrawn:
            click.echo(f"  withdrawn, known until {one.withdrawn_on}; {one.withdrawn.who}: {one.withdrawn.why}")
    if not stated:
        click.echo("nothing is stated: what Qhawaq ships holds")


@parameters.command(short_help="State how many children a UGEL can visit per list.")
@click.argument("ugel")
@FROM
@click.option("--children", type=int, default=None, help="How many children per list.")
@click.option("--share", type=float, default=None, help="Or which share of the UGEL's pupils per list: 0.05 is 5%.")
@decision_options
def capacity(
    context: Context,
    ugel: str,
    valid_from: date,
    children: int | None,
    share: float | None,
    who: str | None,
    why: str,
) -> None:
    """State how many children a UGEL can visit per list; '*' is every UGEL without a capacity of its own.

    It cuts the lists of as-of dates from its day on, that are no earlier than the day on which it is stated.
    """
    from warehouse.landing.parameters import Capacity

    asked = Capacity(ugel_code=ugel.strip(), valid_from=valid_from, capacity_children=children, capacity_share=share)
    _state(context, asked, who, why)


@parameters.command(short_help="State what a service costs per child.")
@click.argument("service")
@click.argument("soles", type=float)
@FROM
@decision_options
def cost(context: Context, service: str, soles: float, valid_from: date, who: str | None, why: str) -> None:
    """State what it costs in soles to serve one child with a service."""
    from warehouse.landing.parameters import Cost

    _state(context, Cost(support_code=service.strip().upper(), valid_from=valid_from, unit_cost_soles=soles), who, why)


@parameters.command(short_help="State that a day is a holiday.")
@click.argument("day", type=DAY)
@click.argument("name")
@decision_options
def holiday(context: Context, day: date, name: str, who: str | None, why: str) -> None:
    """State that a day is a national holiday, and what it is called."""
    from warehouse.landing.parameters import Holiday

    _state(context, Holiday(valid_from=day, is_holiday=True, holiday_name=name.strip()), who, why)


@parameters.command("no-holiday", short_help="State that a day is none.")
@click.argument("day", type=DAY)
@decision_options
def no_holiday(context: Context, day: date, who: str | None, why: str) -> None:
    """State that a day is no holiday, though it is one of those that Qhawaq ships or this home stated."""
    from warehouse.landing.parameters import Holiday

    _state(context, Holiday(valid_from=day, is_holiday=False), who, why)


@parameters.command(short_help="State what an indicator is to reach in a year.")
@click.argument("indicator")
@click.argument("level")
@click.argument("year", type=click.IntRange(2000, 2060))
@click.argument("share", type=float)
@click.option("--source", required=True, help="Which plan or norm sets the goal.")
@decision_options
def target(
    context: Context, indicator: str, level: str, year: int, share: float, source: str, who: str | None, why: str
) -> None:
    """State which share an indicator of the nation is to reach in a school year: dropout B0 2030 0.01.

    LEVEL is B0 (primary) or F0 (secondary); docs/definitions.md says what each INDICATOR counts.
    """
    from warehouse.landing.parameters import Goal

    asked = Goal(
        indicator=indicator.strip().lower(),
        level=level.strip().upper(),
        valid_from=date(year, 1, 1),
        target_share=share,
        basis=source.strip(),
    )
    _state(context, asked, who, why)


@parameters.command(short_help="State by when an office must take up a case.")
@click.argument("office")
@click.argument("days", type=int)
@FROM
@click.option("--of", "matter", default="any", show_default=True, help="violence, or any case of the office.")
@click.option("--source", required=True, help="Which norm sets the deadline.")
@decision_options
def deadline(
    context: Context, office: str, days: int, valid_from: date, matter: str, source: str, who: str | None, why: str
) -> None:
    """State how many working DAYS an OFFICE (DEMUNA, CEM, UPE) has to take up a case that it opened.

    It holds for cases opened from its first day on. Qhawaq ships none: which norm binds an office, its lawyers say.
    """
    from warehouse.landing.parameters import Deadline

    asked = Deadline(
        office=office.strip().upper(),
        matter=matter.strip().lower(),
        valid_from=valid_from,
        working_days=days,
        basis=source.strip(),
    )
    _state(context, asked, who, why)


@parameters.command(short_help="Take back what was stated.")
@click.argument("number", type=int)
@decision_options
def withdraw(context: Context, number: int, who: str | None, why: str) -> None:
    """Take back what was stated, by its NUMBER in the list; what it had replaced counts again from then on."""
    from warehouse.landing import stating

    done = stating.withdraw(context.to_write(), number, _by(who, why))
    click.echo(f"{_said(done)}: withdrawn, known until {done.withdrawn_on}; it is gone from the next 'qhawaq run' on")


def _state(context: Context, parameter: Parameter, who: str | None, why: str) -> None:
    from warehouse.landing import stating

    done = stating.state(context.to_write(), parameter, _by(who, why))
    click.echo(f"{_said(done)}; it counts from the next 'qhawaq run' that builds this day or a later one")


def _by(who: str | None, why: str) -> Decided:
    from warehouse.landing.parameters import Decided

    return Decided(getpass.getuser() if who is None else who, why)


def _said(stated: Statement) -> str:
    """Say what was stated, and from when on it is known."""
    return f"{stated.number} {stated.parameter.kind}: {stated.parameter}, known from {stated.known_at}"

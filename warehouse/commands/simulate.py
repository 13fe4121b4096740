"""`qhawaq simulate`."""

from __future__ import annotations

from pathlib import Path

import click

from warehouse.commands.context import Context
from warehouse.errors import UsageError


def _school_years(years: str, children: int) -> range:
    """Return the school years that are asked for.

    Raises:
        UsageError: they are none, or too few children for them.
    """
    first, _, last = years.partition("-")
    if not (first.isdigit() and last.isdigit() and 2000 <= int(first) < int(last) <= 2100):
        raise UsageError(f"--years {years}: expected first-last, for example 2018-2025")
    if children < 500:
        raise UsageError("--children: a country of fewer than 500 children has empty schools")
    return range(int(first), int(last) + 1)


@click.command()
@click.option("--children", default=40_000, show_default=True, help="How many children live in the country.")
@click.option("--years", default="2018-2025", show_default=True, help="School years, first-last.")
@click.option("--seed", default=20250317, show_default=True, help="The same seed writes the same bytes.")
@click.option("--truth", type=click.Path(path_type=Path), help="The answer key's folder (default: beside the home).")
@click.option("--api", type=click.Path(path_type=Path), help="Leave JUNTOS and DEMUNA to APIs served from this folder.")
@click.option("--feedback", is_flag=True, help="Instead: synthetic staff tell what became of the listed children.")
@click.pass_obj
def simulate(
    context: Context,
    children: int,
    years: str,
    seed: int,
    truth: Path | None,
    api: Path | None,
    feedback: bool,
) -> None:
    """Write a synthetic country's deliveries into the inbox of a synthetic home.

    The answer key (true risks, what each trap touched) is written outside the home.
    """
    from warehouse.country.simulate import simulate as run

    home, progress = context
    if feedback:
        from warehouse.country import feedback as staff

        click.echo(f"{staff.deliver(home.existing())}: land it with 'qhawaq run'")
        return
    answers = truth or home.root.parent / "truth"
    files = run(
        home,
        progress,
        answers=answers,
        children=children,
        years=_school_years(years, children),
        seed=seed,
        api=api,
    )
    click.echo(f"{files} synthetic deliveries in {home.inbox}; answer key in {answers}")

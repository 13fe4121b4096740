"""`qhawaq status`."""

from __future__ import annotations

import json

import click

from warehouse.commands.context import Context
from warehouse.errors import DamagedFile
from warehouse.operate import damage
from warehouse.operate import status as state


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_obj
def status(context: Context, as_json: bool) -> None:
    """Show the state of the home from its side file, and what is damaged; the warehouse is never opened.

    It ends with exit 1 where something is wrong.
    """
    home = context.home
    wrong = damage.found(home)
    if not wrong:
        home.existing()
    facts = state.known(home)
    if as_json:
        click.echo(json.dumps(facts | {"wrong": wrong}, ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join([*state.shown(home, facts), *(f"  wrong        {one}" for one in wrong)]))
    if wrong:
        raise DamagedFile(f"{home.root}: {len(wrong)} wrong, see 'wrong' above; the first: {wrong[0]}")

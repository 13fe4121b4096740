"""`qhawaq verify`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context


@click.command()
@click.pass_obj
def verify(context: Context) -> None:
    """Read the whole home against what is stated of it, and say what is damaged and how to mend it.

    Every block of both databases, every archived delivery, closed as-of date, kept release and model. Nothing is
    changed. Exit 1 where something is wrong.
    """
    from warehouse.errors import DamagedFile
    from warehouse.operate import verify as reading

    home, progress = context
    found = reading.verify(home.existing(), progress)
    if found.wrong:
        click.echo("\n".join(found.wrong))
        raise DamagedFile(f"{home.root}: {len(found.wrong)} wrong, named above")
    click.echo(f"{home.root} is whole: {', '.join(f'{n:,} {name}' for name, n in found.read.items())}")

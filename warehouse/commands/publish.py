"""`qhawaq publish` and `qhawaq rollback`."""

from __future__ import annotations

import click

from warehouse.commands.context import Context


@click.command()
@click.pass_obj
def publish(context: Context) -> None:
    """Write, verify and switch every audience's serving files."""
    from warehouse.pipeline import publish as step
    from warehouse.pipeline.state import State

    home, progress = context
    result = step.publish(context.to_write(), progress, State.read(home).key or "00000000")
    click.echo(f"release {result.release}: {result.files} files in {home.serving}")


@click.command()
@click.option("--to", metavar="RELEASE", help="The release to go back to (default: the one before).")
@click.pass_obj
def rollback(context: Context, to: str | None) -> None:
    """Switch every serving file back to an earlier release; the last five are kept."""
    from warehouse.publish import releases

    release, files = releases.rollback(context.home.existing(), to)
    click.echo(f"release {release} is current again in {files} files")

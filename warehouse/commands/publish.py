"""`qhawaq publish` and `qhawaq rollback`."""

from __future__ import annotations

import click

from warehouse import reasons
from warehouse.commands.context import Context
from warehouse.settings import Home


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
@click.option(
    "--with-earlier-values", metavar="REASON", help="Go back although it shows corrected values as they were; logged."
)
@click.pass_obj
def rollback(context: Context, to: str | None, with_earlier_values: str | None) -> None:
    """Switch every serving file back to an earlier release; the last five are kept.

    A release that shows what a family had corrected since as it was before is refused, unless you say why it must be.
    """
    from warehouse.publish import releases

    home = context.home.existing()
    if with_earlier_values is not None:
        _note_earlier_values(home, to, reasons.stated(with_earlier_values))
    release, files = releases.rollback(home, to, with_earlier_values is not None)
    click.echo(f"release {release} is current again in {files} files")


def _note_earlier_values(home: Home, to: str | None, reason: str) -> None:
    """Note in the access log of whom a release shows earlier values again, before it does."""
    from warehouse.audit import access_log
    from warehouse.publish import corrections, releases

    release = releases.kept_release(home, to)
    children = sorted({str(one.child) for one in corrections.unsaid_by(home, release)})
    access_log.note(home, "request", children, f"rollback to {release}: {reason}")

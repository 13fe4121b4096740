"""`qhawaq subject`: a family's rights over what is held on its child."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse import clock, reasons
from warehouse.commands.context import Context
from warehouse.commands.day import DAY
from warehouse.errors import QhawaqError, UsageError
from warehouse.files import write_whole
from warehouse.settings import Home

if TYPE_CHECKING:  # imported only when it is called
    from warehouse.rights.subject import Request


def request_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what every request states: the child, why, and who asks."""
    for option in (
        click.pass_obj,
        click.option("--who", default=None, help="Who asks (default: the system's user)."),
        click.option("--reason", required=True, help="Why, in a sentence; it is logged for ever."),
        click.argument("child", type=int),
    ):
        command = option(command)
    return command


def _request(child: int, kind: str, reason: str, who: str | None, detail: str = "") -> Request:
    from warehouse.rights.subject import Request

    return Request(child, kind, who or getpass.getuser(), reasons.stated(reason), detail)


def _today(home: Home) -> date:
    """Return today; in a synthetic home the day it was built for, or its school year would be over."""
    from warehouse.build import calendar

    return calendar.read(home) if home.kind == "synthetic" else clock.today()


@click.group()
def subject() -> None:
    """Answer a family: what is held on its child, a correction, an objection, a human's review.

    CHILD is the key that lists show. Every request is logged in the vault before it is answered.
    """


@subject.command()
@request_options
@click.option("--to", type=click.Path(path_type=Path), help="Write it to this new file, readable by you only.")
def access(context: Context, child: int, reason: str, who: str | None, to: Path | None) -> None:
    """Show everything that is held on CHILD, in Spanish: records, scores, lists, who looked."""
    from warehouse.rights import subject as rights

    text = rights.access(context.to_write(), _request(child, "access", reason, who))
    if to is None:
        click.echo(text)
        return
    if to.exists():
        raise UsageError(f"{to} exists already: name a new file")
    write_whole(to, text, 0o600)
    click.echo(f"{to}: hand it to the family, then delete it")


@subject.command()
@request_options
@click.option("--source", required=True, help="The source that is wrong, such as siagie.siagie_enrollments.")
@click.option("--column", required=True, help="The column that is wrong, as the delivery names it.")
@click.option("--value", required=True, help="What it should say.")
def rectify(context: Context, child: int, reason: str, who: str | None, source: str, column: str, value: str) -> None:
    """Correct one value of CHILD's newest line of a source: a delivery of that line, changed, into the inbox."""
    from warehouse.rights import rectifying

    request = _request(child, "rectify", reason, who, f"{source}.{column}")
    correction = rectifying.Correction(source, column.lower(), value)
    path = rectifying.rectify(context.to_write(), request, correction, _today(context.home))
    _tell_backups(context.home)
    click.echo(f"{path}: land it with 'qhawaq run'; closed dates stay as they were known")


@subject.command()
@request_options
@click.option("--withdraw", is_flag=True, help="The family no longer objects.")
def oppose(context: Context, child: int, reason: str, who: str | None, withdraw: bool) -> None:
    """Note that the family objects to CHILD being scored: from the next run no score, no place on a list.

    What the law demands without a score (who is missing from school) and protection go on.
    """
    from warehouse.rights import subject as rights

    kind = "withdraw objection" if withdraw else "oppose"
    rights.oppose(context.to_write(), _request(child, kind, reason, who), _today(context.home), withdraw)
    _tell_backups(context.home)
    click.echo("noted: it counts from the next 'qhawaq run'")


@subject.command()
@request_options
@click.argument("as_of", type=DAY)
@click.argument("decision", type=click.Choice(["keep", "remove"]))
@click.option("--outcome", default="interruption", show_default=True, help="The list's outcome.")
def review(
    context: Context,
    child: int,
    reason: str,
    who: str | None,
    as_of: date,
    decision: str,
    outcome: str,
) -> None:
    """Note a human's decision on CHILD's place on the list of AS_OF: keep or remove; the reason stays in the vault."""
    from warehouse.rights import subject as rights

    request = _request(child, f"review: {decision}", reason, who, f"{outcome} {as_of}")
    rights.review(context.to_write(), request, as_of, outcome, decision, _today(context.home))
    _tell_backups(context.home)
    click.echo("noted: it counts from the next 'qhawaq run'")


@subject.command()
@request_options
@click.option("--other", type=int, help="The other one's key, where more than two keys are taken for one person.")
def part(context: Context, child: int, reason: str, who: str | None, other: int | None) -> None:
    """Part two people who stand under CHILD's key because a record of one had the other's document.

    From today on they are two, each with the records under its own number; closed as-of dates stay as they were known.
    """
    from warehouse.rights import parting

    request = _request(child, "part", reason, who, str(other or ""))
    first, second = parting.part(context.to_write(), request, _today(context.home), other)
    _tell_backups(context.home)
    click.echo(f"{first} and {second} are two people: it counts from the next 'qhawaq run'")


@subject.command()
@request_options
@click.confirmation_option(prompt="This cannot be undone. Erase this person?")
def erase(context: Context, child: int, reason: str, who: str | None) -> None:
    """Erase CHILD: its identities, its lines in every archived file, its rows; then a search proves it.

    Closed as-of dates keep rows under a key that leads to nobody. The request stays logged, by key.
    """
    from warehouse.rights import erasure, unfinished

    home = context.home.existing()
    request = _request(child, "erase", reason, who)
    today = _today(home)
    finished = unfinished.finish(home, context.progress)
    erased = finished.get(child) or erasure.erase(home, request, today)
    _tell_backups(home)
    if erased.unread:
        raise QhawaqError(
            f"erased but in {', '.join(erased.unread)}, which do not open: restore them from a backup or delete them, "
            "the next command that writes then ends it"
        )
    click.echo(f"erased: {erased.lines} lines of {erased.files} archived files")
    _publish_without(context)


@subject.command()
@request_options
@click.option("--backups", type=click.Path(exists=True, path_type=Path), multiple=True, help="A folder of backups.")
@click.option("--document", is_flag=True, help="Ask for the person's document or number, and search for it too.")
def prove(
    context: Context, child: int, reason: str, who: str | None, backups: tuple[Path, ...], document: bool
) -> None:
    """Search every file of the home, and of backups, for CHILD, who was erased; say what was looked through.

    The home no longer knows the person's document: whoever holds the family's request types it, and it is not kept.
    """
    from warehouse.audit import access_log
    from warehouse.rights import proof

    why = reasons.stated(reason)
    home = context.to_write()
    access_log.note(home, "request", str(child), f"prove: {why}", who)
    typed = str(click.prompt("Document or number (not shown)", hide_input=True)) if document else ""
    with context.progress.step("search"):
        proved = proof.prove(home, child, [path.absolute() for path in backups], tuple(filter(None, [typed.strip()])))
    click.echo("\n".join(proved.lines()))
    if proved.found:
        raise QhawaqError(
            f"{len(proved.found)} places still hold the person, named above: remove such files, call 'qhawaq run' for "
            "tables, then call this again"
        )


def _tell_backups(home: Home) -> None:
    """Note beside the backups what was decided: who restores an older one gets it carried out."""
    from warehouse.operate import backup

    if missing := backup.tell_backups(home):
        told = " and ".join(str(path) for path in (home.erased, home.decisions) if path.exists())
        click.echo(f"copy {told} into {', '.join(missing)}: backups there are older", err=True)


def _publish_without(context: Context) -> None:
    """Publish what is built, in which erased persons are no more: until then readers see them."""
    from warehouse.pipeline import publish
    from warehouse.pipeline.state import State
    from warehouse.publish import switching

    home, progress = context
    if not switching.shows_erased(home).exists() or not switching.folders(home):
        return
    try:
        with progress.step("publish"):
            published = publish.publish(home, progress, State.read(home).key or "00000000")
    except QhawaqError as error:
        raise QhawaqError(
            f"the person is erased, but in what readers see now until 'qhawaq run' ends: {error}"
        ) from None
    click.echo(
        f"release {published.release} is without the person, and earlier ones are gone; the next 'qhawaq run' counts "
        "and scores anew"
    )

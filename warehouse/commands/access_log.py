"""`qhawaq access-log`: who looked at a child, and whether the log is as it was written."""

from __future__ import annotations

import click

from warehouse import reasons
from warehouse.commands.context import Context
from warehouse.errors import DamagedFile, UsageError


@click.group("access-log")
def access_log() -> None:
    """Show who looked at a child's data, when and why: pages, names, lists, replays, requests, audits.

    Each line is sealed over all before it, and each run anchors how far the log reaches.
    """


@access_log.command("of")
@click.argument("child", type=int)
@click.option("--reason", required=True, help="Why, in a sentence; it is logged too.")
@click.option("--who", default=None, help="Who asks (default: the system's user).")
@click.pass_obj
def of_child(context: Context, child: int, reason: str, who: str | None) -> None:
    """Show every access to CHILD, by any of its keys; that this was asked is logged first."""
    from warehouse import keys
    from warehouse.audit import access_log, looks

    why = reasons.stated(reason)
    home = context.to_write()
    access_log.note(home, "accesses", str(child), why, who)
    secret = keys.load(home.secrets)
    seen = looks.of_child(home, secret, child)
    for look in seen.looks:
        click.echo(look.line())
    if seen.n_wrong:
        click.echo(
            f"{seen.n_wrong} lines of the log are not as they were written: see 'qhawaq access-log verify'", err=True
        )


@access_log.command()
@click.option("--head", "heads", multiple=True, metavar="LINES:BYTES:SEAL", help="A head that was printed or posted.")
@click.pass_obj
def verify(context: Context, heads: tuple[str, ...]) -> None:
    """Check every line against those before it, and the log against the anchors of each run.

    An auditor gives the heads that were kept elsewhere. Exit 1 where something is wrong, each thing in a sentence.
    """
    from warehouse import database, keys
    from warehouse.audit import access_log, anchors

    home = context.home.existing()
    given = [anchors.parse(head) for head in heads]
    with database.warehouse(home, read_only=True) as db:
        kept = anchors.kept(db)
    checked = anchors.check(access_log.of(home, keys.load(home.secrets)), [*kept, *given])
    if checked.wrong:
        click.echo("\n".join(checked.wrong))
        raise DamagedFile(f"{home.access_log}: {len(checked.wrong)} wrong, named above")
    click.echo(f"{checked.head.n_lines} lines, each as it was written; {len(kept) + len(given)} anchors stand in it")


@access_log.command()
@click.option("--post", is_flag=True, help="Post it to the address that QHAWAQ_HEADS_URL names, as each run does.")
@click.pass_obj
def head(context: Context, post: bool) -> None:
    """Print how far the log reaches, in one line: for a paper that is signed, or an address that is not ours."""
    from warehouse import database, keys
    from warehouse.audit import access_log, anchors
    from warehouse.notify import channels

    home = context.home.existing()
    with database.warehouse(home, read_only=True) as db:
        kept = anchors.kept(db)
    checked = anchors.check(access_log.of(home, keys.load(home.secrets)), kept)
    if checked.wrong:
        raise DamagedFile(checked.wrong[0])
    printed = anchors.printed(checked.head)
    click.echo(printed)
    if post and not channels.post_head(printed):
        raise UsageError(f"{channels.HEADS} names no address to post it to")

"""`qhawaq notify`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from textwrap import indent
from typing import TYPE_CHECKING

import click

from warehouse import clock
from warehouse.commands.context import Context

if TYPE_CHECKING:
    from warehouse.notify.notification import Preview


@click.command()
@click.option("--now", type=click.DateTime(), help="Decide about quiet hours as of this moment (UTC; default: now).")
@click.option("--dry-run", is_flag=True, help="Show what would be sent, to whom; send and note nothing.")
@click.pass_obj
def notify(context: Context, now: datetime | None, dry_run: bool) -> None:
    """Tell schools, UGELs and senders what is new for them, once, in a digest that counts and links and names nobody.

    Who is to get a bulletin gets it once a month, as PDF, with the first release of the month.

    Who hears of what stands in recipients.csv of the home (see docs/operate.md). How to send is in the environment:
    QHAWAQ_SMTP_URL, QHAWAQ_SMTP_FROM, QHAWAQ_SMTP_PASSWORD[_FILE], QHAWAQ_WEBHOOK_SECRET[_FILE], and QHAWAQ_BOARDS_URL
    for links. Cut off, call it again: nobody is told twice of what they acknowledged.
    """
    from warehouse.notify import notification

    home, progress = context
    moment = now.replace(tzinfo=UTC) if now else clock.now()
    if dry_run:
        _show(notification.preview(home.existing(), moment))
        return
    told = notification.require_acknowledged(notification.notify(home.existing(), progress, moment))
    click.echo(f"{told.new} new entries; {told.sent} messages arrived; {told.held} recipients wait for their hours")


def _show(previews: Sequence[Preview]) -> None:
    """Show messages with the names of their recipients, never their addresses."""
    for recipient, content in previews:
        click.echo(f"{recipient.name} ({recipient.role} {recipient.scope}, {recipient.channel}): {content.subject}")
        click.echo(indent(content.text, "  "))
        if content.bulletin:
            click.echo(f"  + {content.bulletin}.pdf")
        click.echo()
    click.echo(f"{len(previews)} messages would be sent; nothing was")

"""`qhawaq notify`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from warehouse import clock
from warehouse.commands.context import Context


@click.command()
@click.option("--now", type=click.DateTime(), help="Decide about quiet hours as of this moment (UTC; default: now).")
@click.pass_obj
def notify(context: Context, now: datetime | None) -> None:
    """Tell schools, UGELs and senders what is new for them, once, in a digest that counts and links and names nobody.

    Who hears of what stands in recipients.csv of the home (see docs/operate.md). How to send is in the environment:
    QHAWAQ_SMTP_URL, QHAWAQ_SMTP_FROM, QHAWAQ_SMTP_PASSWORD[_FILE], QHAWAQ_WEBHOOK_SECRET[_FILE], and QHAWAQ_BOARDS_URL
    for links. Cut off, call it again: nobody is told twice of what they acknowledged.
    """
    from warehouse.notify import notification

    home, progress = context
    moment = now.replace(tzinfo=UTC) if now else clock.now()
    told = notification.require_acknowledged(notification.notify(home.existing(), progress, moment))
    click.echo(f"{told.new} new entries; {told.sent} messages arrived; {told.held} recipients wait for their hours")

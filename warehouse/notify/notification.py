"""One round of notification: take up new entries, compose a digest per recipient, send what is unacknowledged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from warehouse.errors import QhawaqError
from warehouse.notify import bulletins, channels, digest, news, outbox, recipients
from warehouse.notify.outbox import Content, Outbox
from warehouse.notify.recipients import Recipient
from warehouse.progress import Progress
from warehouse.settings import Home

Environment = Mapping[str, str]
FAILURES_SHOWN = 5


@dataclass(frozen=True)
class Round:
    """The result of a round.

    Args:
        new: entries that are new for their recipient.
        sent: messages that were acknowledged.
        held: recipients with entries who are in their quiet hours.
        failed: messages that wait for the next round, each with its error.
    """

    new: int
    sent: int
    held: int
    failed: tuple[str, ...]


def notify(home: Home, progress: Progress, now: datetime, environment: Environment = os.environ) -> Round:
    """Notify every recipient of new entries; after an interruption the next call continues.

    Args:
        home: the home.
        progress: logs messages by the recipient's name, never by address.
        now: decides about quiet hours.
        environment: how to send (`QHAWAQ_SMTP_URL`, …) and the address of the dashboards.

    Raises:
        UsageError: the routing table or the environment cannot be used.
        HomeError: nothing is published, or another process holds the outbox.
    """
    everyone = recipients.read(home.recipients)
    awake = recipients.awake(everyone, now)
    with outbox.opened(home) as box:
        composed = _compose(home, box, everyone, now, environment)
        sending = send(home, box, awake, progress, now, environment)
    return Round(composed.new, sending.sent, composed.held, tuple(sending.failed))


class Preview(NamedTuple):
    """A message that a round would send, and to whom."""

    recipient: Recipient
    content: Content


def preview(home: Home, now: datetime, environment: Environment = os.environ) -> list[Preview]:
    """Return what a round would send now, in the order of sending; nothing is sent and nothing is noted.

    Raises:
        UsageError: the routing table cannot be used.
        HomeError: nothing is published, or the outbox is damaged.
    """
    everyone = recipients.read(home.recipients)
    awake = recipients.awake(everyone, now)
    with outbox.copied(home) as box:
        _compose(home, box, everyone, now, environment)
        return [Preview(awake[message.recipient], message.content) for message in box.unsent(list(awake))]


class Composed(NamedTuple):
    """What became of the entries of a round."""

    new: int
    held: int  # recipients with entries who are in their quiet hours


def _compose(
    home: Home, box: Outbox, everyone: Mapping[str, Recipient], now: datetime, environment: Environment
) -> Composed:
    """Take up new entries, and compose a message for each recipient who is awake."""
    subscribed = recipients.subscribed(everyone)
    awake = recipients.awake(everyone, now)
    current = news.read(home, everyone)
    new = box.take_up(current.entries, current.release, opted_out=set(everyone) - set(subscribed))
    box.withdraw(subscribed, now)
    waiting = box.waiting(current.entries)
    for name in sorted(set(waiting) & set(awake)):
        recipient = awake[name]
        ugel = current.ugels.get(recipient.scope, recipient.scope)
        link = digest.link(recipient, environment.get("QHAWAQ_BOARDS_URL", ""), ugel)
        content = digest.content(recipient, waiting[name], link, is_synthetic=home.kind == "synthetic")
        box.compose(name, waiting[name], content, now)
    return Composed(new, len(set(waiting) - set(awake)))


class Sending(NamedTuple):
    """The result of sending."""

    sent: int
    failed: list[str]  # an error per message


def send(
    home: Home,
    box: Outbox,
    awake: Mapping[str, Recipient],
    progress: Progress,
    now: datetime,
    environment: Environment,
) -> Sending:
    """Send the unacknowledged messages; an unreachable recipient does not delay the others."""
    sent = 0
    failed = []
    for message in box.unsent(list(awake)):
        box.tried(message)
        try:
            attachment = bulletins.attachment(home, message.content.bulletin)
            channels.send(message, awake[message.recipient], environment, attachment)
        except channels.NotTaken as error:
            failed.append(str(error))
            continue
        box.acknowledged(message, now)
        sent += 1
        progress.say("told", recipient=message.recipient)
    return Sending(sent, failed)


def require_acknowledged(completed: Round) -> Round:
    """Return a round in which every message was acknowledged.

    Raises:
        QhawaqError: messages wait because their receivers did not take them.
    """
    if completed.failed:
        raise QhawaqError(
            f"{completed.sent} messages arrived, {len(completed.failed)} were not taken and wait for the next call: "
            + "; ".join(completed.failed[:FAILURES_SHOWN])
        )
    return completed

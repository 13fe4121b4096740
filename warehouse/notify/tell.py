"""One round of telling: take up what stands, write what is new to whom it concerns, send what nobody acknowledged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from warehouse.errors import QhawaqError
from warehouse.notify import channels, news, outbox, recipients, words
from warehouse.notify.recipients import Recipient
from warehouse.progress import Progress
from warehouse.settings import Home

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Told:
    """What a round did.

    Args:
        new: entries that stand for a recipient who had not heard of them.
        sent: messages that were acknowledged.
        held: recipients who are waited for, as it is their quiet time.
        failed: messages that wait, each with why.
    """

    new: int
    sent: int
    held: int
    failed: tuple[str, ...]


def tell(home: Home, progress: Progress, now: datetime, environment: Environment = os.environ) -> Told:
    """Tell everybody what is new for them; whatever cuts it off, the next call goes on where it was.

    Args:
        home: the home.
        progress: hears of messages by recipient's name, never by address.
        now: decides about quiet hours.
        environment: how to send (`QHAWAQ_SMTP_URL`, …) and where the dashboards are.

    Raises:
        UsageError: the routing table or the environment cannot be used.
        HomeError: nothing is published, or another process holds the outbox.
    """
    everyone = recipients.read(home.recipients)
    wanting, awake = recipients.wanting(everyone), recipients.awake(everyone, now)
    with outbox.opened(home) as box:
        found = news.read(home, everyone)
        new = box.take_up(found.entries, found.release, set(everyone) - set(wanting))
        box.withdraw(wanting, now)
        waiting = box.waiting(found.entries)
        for name in sorted(set(waiting) & set(awake)):
            ugel = found.ugels.get(awake[name].scope, awake[name].scope)
            link = words.link(awake[name], environment.get("QHAWAQ_BOARDS_URL", ""), ugel)
            said = words.content(awake[name], waiting[name], found.sheets, link, home.kind == "synthetic")
            box.compose(name, waiting[name], said, now)
        sent, failed = _send(box, awake, progress, now, environment)
    return Told(new, sent, len(set(waiting) - set(awake)), tuple(failed))


def _send(
    box: outbox.Outbox, awake: Mapping[str, Recipient], progress: Progress, now: datetime, environment: Environment
) -> tuple[int, list[str]]:
    """Send what nobody acknowledged; one who cannot be reached holds nobody up."""
    sent, failed = 0, []
    for message in box.unsent(list(awake)):
        box.tried(message)
        try:
            channels.send(message, awake[message.recipient], environment)
        except channels.NotTaken as error:
            failed.append(str(error))
            continue
        box.acknowledged(message, now)
        sent += 1
        progress.say("told", recipient=message.recipient)
    return sent, failed


def demand(told: Told) -> Told:
    """Return what a round did.

    Raises:
        QhawaqError: messages wait because their receivers did not take them.
    """
    if told.failed:
        raise QhawaqError(
            f"{told.sent} messages arrived, {len(told.failed)} were not taken and wait for the next call: "
            + "; ".join(told.failed[:5])
        )
    return told

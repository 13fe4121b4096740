"""The ways to a recipient: mail by SMTP and a webhook over HTTPS. What arrived is what the other side acknowledged."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import smtplib
import ssl
import urllib.request
from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from warehouse.errors import QhawaqError, UsageError
from warehouse.notify.outbox import Message
from warehouse.notify.recipients import LOOPBACK, Recipient

SECONDS = 15.0  # for one message
KEPT = ("subject", "text", "counts", "link")


class NotTaken(QhawaqError):
    """The other side did not acknowledge; the message waits for the next call. Holds no address."""


def send(message: Message, to: Recipient, environment: Mapping[str, str] = os.environ) -> None:
    """Send a message to where its recipient is reached now.

    Raises:
        NotTaken: it was not acknowledged.
        UsageError: the environment does not say how to send.
    """
    try:
        CHANNELS[to.channel](message, to.address, environment)
    except (OSError, smtplib.SMTPException, http.client.HTTPException) as error:
        raise NotTaken(f"{to.name}: {_without_address(error)}") from None


def _without_address(error: Exception) -> str:
    """Return what failed; servers like to repeat addresses in what they say."""
    code = getattr(error, "smtp_code", getattr(error, "code", getattr(error, "errno", None)))
    return type(error).__name__ + (f" {code}" if isinstance(code, int) else "")


def _mail(message: Message, address: str, environment: Mapping[str, str]) -> None:
    server, sender = _relay(environment)
    with _connected(server.scheme == "smtps", str(server.hostname), server.port or 587) as smtp:
        if server.username:
            smtp.login(server.username, secret("QHAWAQ_SMTP_PASSWORD", environment))
        smtp.send_message(_written(message, address, sender))


def _relay(environment: Mapping[str, str]) -> tuple[SplitResult, str]:
    """Return the server and who writes."""
    server, sender = urlsplit(environment.get("QHAWAQ_SMTP_URL", "")), environment.get("QHAWAQ_SMTP_FROM", "")
    if server.scheme not in ("smtp", "smtps") or not server.hostname or "@" not in sender:
        raise UsageError("QHAWAQ_SMTP_URL is smtp://host:port or smtps://host:port, and QHAWAQ_SMTP_FROM who writes")
    return server, sender


def _written(message: Message, address: str, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, address, str(message.content["subject"])
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"  # the same each time: servers drop the second
    mail["Date"] = format_datetime(datetime.fromisoformat(message.made_at))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(str(message.content["text"]))
    return mail


def _connected(tls: bool, host: str, port: int) -> smtplib.SMTP:
    if tls:
        return smtplib.SMTP_SSL(host, port, timeout=SECONDS, context=ssl.create_default_context())
    smtp = smtplib.SMTP(host, port, timeout=SECONDS)
    if host not in LOOPBACK:
        smtp.starttls(context=ssl.create_default_context())  # a relay elsewhere never gets it in the clear
    return smtp


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could lead a message anywhere: it is a refusal."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def _webhook(message: Message, address: str, environment: Mapping[str, str]) -> None:
    body = {"id": message.id, "recipient": message.recipient, "made_at": message.made_at}
    sent = json.dumps(body | {name: message.content[name] for name in KEPT}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": message.id, "User-Agent": "qhawaq"}
    if key := secret("QHAWAQ_WEBHOOK_SECRET", environment):
        headers["X-Qhawaq-Signature"] = "sha256=" + hmac.new(key.encode(), sent, hashlib.sha256).hexdigest()
    asked = urllib.request.Request(address, sent, headers, method="POST")  # noqa: S310  https or this machine only
    with urllib.request.build_opener(_NoRedirect).open(asked, timeout=SECONDS):
        pass  # what is not 2xx was raised


def secret(name: str, environment: Mapping[str, str]) -> str:
    """Return a secret from the environment, or from the file that `<name>_FILE` names; empty where none is given."""
    if file := environment.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return environment.get(name, "")


CHANNELS = {"smtp": _mail, "webhook": _webhook}

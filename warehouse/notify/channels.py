"""Channels to recipients: mail by SMTP, and webhooks over HTTPS; a message arrived if the server acknowledged it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import os
import smtplib
import ssl
import threading
import urllib.request
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from warehouse.errors import QhawaqError, UsageError
from warehouse.notify.outbox import Message
from warehouse.notify.recipients import LOOPBACK, Recipient, is_address

TIMEOUT_SECONDS = 15.0  # without a byte
DEADLINE_SECONDS = 20.0  # for all of an answer to a webhook
HEADS = "QHAWAQ_HEADS_URL"  # where heads of the access log are kept by somebody else


class NotTaken(QhawaqError):
    """The server did not acknowledge a message, which waits for the next call; the error holds no address."""


class Attachment(NamedTuple):
    """A PDF that goes with a message."""

    name: str
    content: bytes


def send(
    message: Message,
    recipient: Recipient,
    environment: Mapping[str, str] = os.environ,
    attachment: Attachment | None = None,
) -> None:
    """Send a message to its recipient's current address.

    Raises:
        NotTaken: it was not acknowledged.
        UsageError: the environment does not say how to send.
    """
    try:
        CHANNELS[recipient.channel](message, recipient.address, environment, attachment)
    except (OSError, smtplib.SMTPException, http.client.HTTPException) as error:
        raise NotTaken(f"{recipient.name}: {_without_address(error)}") from None


def post_head(head: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Post how far the access log reaches to the address that the environment names; whether it names one.

    Raises:
        NotTaken: it was not acknowledged.
        UsageError: the address is none.
    """
    if not (address := environment.get(HEADS, "").strip()):
        return False
    if not is_address("webhook", address):
        raise UsageError(f"{HEADS} is no https address (http on this machine only)")
    try:
        _post({"id": head, "head": head}, address, environment)
    except (OSError, http.client.HTTPException) as error:
        raise NotTaken(f"the head of the access log was not taken: {_without_address(error)}") from None
    return True


def _without_address(error: Exception) -> str:
    """Return type and code of an error; servers often repeat addresses in its text."""
    code = getattr(error, "smtp_code", getattr(error, "code", getattr(error, "errno", None)))
    return type(error).__name__ + (f" {code}" if isinstance(code, int) else "")


def _mail(message: Message, address: str, environment: Mapping[str, str], attachment: Attachment | None) -> None:
    relay = _relay(environment)
    server = relay.server
    with _connected(server.scheme == "smtps", str(server.hostname), server.port or 587) as smtp:
        if server.username:
            smtp.login(server.username, secret("QHAWAQ_SMTP_PASSWORD", environment))
        mail = _mail_message(message, address, relay.sender)
        if attachment:
            mail.add_attachment(attachment.content, maintype="application", subtype="pdf", filename=attachment.name)
        smtp.send_message(mail)


class Relay(NamedTuple):
    """The mail server and the sender's address."""

    server: SplitResult
    sender: str


def _relay(environment: Mapping[str, str]) -> Relay:
    """Return the mail server that the environment names."""
    server = urlsplit(environment.get("QHAWAQ_SMTP_URL", ""))
    sender = environment.get("QHAWAQ_SMTP_FROM", "")
    if server.scheme not in ("smtp", "smtps") or not server.hostname or "@" not in sender:
        raise UsageError("QHAWAQ_SMTP_URL is smtp://host:port or smtps://host:port, and QHAWAQ_SMTP_FROM who writes")
    return Relay(server, sender)


def _mail_message(message: Message, address: str, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = address
    mail["Subject"] = message.content.subject
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2]}>"  # the same each time: servers drop the second
    mail["Date"] = format_datetime(datetime.fromisoformat(message.made_at))
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.content.text)
    return mail


def _connected(tls: bool, host: str, port: int) -> smtplib.SMTP:
    if tls:
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    smtp = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    if host not in LOOPBACK:
        smtp.starttls(context=ssl.create_default_context())  # never unencrypted to another machine
    return smtp


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Refuses redirects, which could lead a message anywhere."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def _webhook(message: Message, address: str, environment: Mapping[str, str], attachment: Attachment | None) -> None:
    body: dict[str, object] = {"id": message.id, "recipient": message.recipient, "made_at": message.made_at}
    if attachment:
        content = base64.b64encode(attachment.content).decode()
        body["attachment"] = {"name": attachment.name, "media_type": "application/pdf", "base64": content}
    _post(body | asdict(message.content), address, environment)


def _post(body: Mapping[str, object], address: str, environment: Mapping[str, str]) -> None:
    """Post a body with an `id`, signed where a secret is given; the same number comes again where it was not taken."""
    sent = json.dumps(body, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": str(body["id"]), "User-Agent": "qhawaq"}
    if key := secret("QHAWAQ_WEBHOOK_SECRET", environment):
        headers["X-Qhawaq-Signature"] = "sha256=" + hmac.new(key.encode(), sent, hashlib.sha256).hexdigest()
    request = urllib.request.Request(address, sent, headers, method="POST")  # noqa: S310  https or this machine only
    _within_the_deadline(request)


def _within_the_deadline(request: urllib.request.Request) -> None:
    """Send a request; an answer that is not whole in time fails: a server may send a byte now and then for ever."""
    raised: list[Exception] = []

    def send_it() -> None:
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_SECONDS):
                pass  # open raises for statuses other than 2xx
        except Exception as error:
            raised.append(error)

    sending = threading.Thread(target=send_it, daemon=True)
    sending.start()
    sending.join(DEADLINE_SECONDS)
    if sending.is_alive():
        raise TimeoutError
    if raised:
        raise raised[0]


def secret(name: str, environment: Mapping[str, str]) -> str:
    """Return a secret from the environment, or from the file that `<name>_FILE` names; empty where none is given."""
    if file := environment.get(f"{name}_FILE"):
        return Path(file).read_text(encoding="utf-8").strip()
    return environment.get(name, "")


CHANNELS = {"smtp": _mail, "webhook": _webhook}

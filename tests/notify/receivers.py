"""Receivers on this machine: a mail server and a webhook that keep what arrives, and refuse when they are told to."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class Arrived:
    """What a receiver acknowledged, in order; by number once, as receivers keep it."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False
    address: str = ""

    @property
    def once(self) -> dict[str, dict[str, Any]]:
        """Return number → message; what came again under a number was the same."""
        found: dict[str, dict[str, Any]] = {}
        for one in self.messages:
            assert found.setdefault(one["id"], one) == one
        return found


@contextmanager
def webhook() -> Iterator[Arrived]:
    """Run a webhook on a free port."""
    arrived = Arrived()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = json.loads(body) | {
                "raw": body,
                "signature": self.headers["X-Qhawaq-Signature"],
                "key": self.headers["Idempotency-Key"],
            }
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "/")
            elif arrived.refuses:
                self.send_response(503)
            else:
                arrived.messages.append(said)
                self.send_response(204)
            self.end_headers()

        do_GET = do_POST  # noqa: N815  the library's name

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    arrived.address = f"http://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield arrived
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def mailbox() -> Iterator[Arrived]:
    """Run a mail server on a free port."""
    arrived = Arrived()

    class Handler:
        async def handle_DATA(self, server: object, session: object, envelope: Any) -> str:  # noqa: N802  the library's name
            if arrived.refuses:
                return f"451 {envelope.rcpt_tos[0]} not now"
            mail: EmailMessage = message_from_bytes(envelope.content, policy=default)
            said = {"id": mail["Message-ID"], "to": envelope.rcpt_tos, "subject": mail["Subject"], "from": mail["From"]}
            text = (mail.get_body() or mail).get_content()
            files = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
            arrived.messages.append(said | {"text": text, "date": mail["Date"], "files": files})
            return "250 OK"

    with socket.socket() as free:  # the library asks its own port whether it is there: it cannot be given none
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    arrived.address = f"smtp://127.0.0.1:{port}"
    try:
        yield arrived
    finally:
        controller.stop()

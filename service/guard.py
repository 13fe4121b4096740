"""Middleware of every request: limits of size, time and concurrency, and security headers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from service import metrics, problems
from service.settings import Limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"strict-transport-security", b"max-age=31536000"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
        b"frame-ancestors 'none'; base-uri 'none'",
    ),
]
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
ALWAYS = ("/health/live", "/health/ready", "/metrics")


class Guard:
    """An ASGI application around the service's own."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], limits: Limits) -> None:
        self.app = app
        self.limits = limits
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        sender = AnswerSender(send)
        self.in_flight += 1
        metrics.IN_FLIGHT.set(self.in_flight)
        try:
            await self._answer(scope, receive, sender)
        finally:
            self.in_flight -= 1
            metrics.IN_FLIGHT.set(self.in_flight)
            _count(scope, sender.status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, sender: AnswerSender) -> None:
        if self.in_flight > self.limits.in_flight and scope["path"] not in ALWAYS:
            await problems.answer(429, "busy: again in a second", {"Retry-After": "1"})(scope, receive, sender)
            return
        try:
            async with asyncio.timeout(self.limits.seconds):
                body = await _body(receive, self.limits.body_bytes)
                if body is None:
                    detail = f"at most {self.limits.body_bytes:,} bytes at once: ask several times"
                    await problems.answer(413, detail)(scope, receive, sender)
                else:
                    await self.app(scope, _replayed(body, receive), sender)
        except TimeoutError:
            if not sender.status:
                detail = "it took too long here: again in a moment"
                await problems.answer(503, detail, {"Retry-After": "5"})(scope, receive, sender)


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Count a request; unknown methods are one label, so that nobody can make the counters grow."""
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.SECONDS.labels(route).observe(seconds)


async def _body(receive: Receive, most: int) -> bytes | None:
    """Return a whole body, or None where it is too long, whatever its header says of its length."""
    parts = []
    total = 0
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        total += len(parts[-1])
        more = message.get("more_body", False)
        if total > most:
            return None
    return b"".join(parts)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a receiver of a body that was read already, and then of later messages."""
    is_replayed = False

    async def replaying() -> Message:
        """Return the body first."""
        nonlocal is_replayed
        if is_replayed:
            return await receive()
        is_replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replaying


class AnswerSender:
    """Sends an answer with our headers, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.status = 0

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", [])
            names = {name.lower() for name, _ in headers}
            message["headers"] = [*headers, *(header for header in HEADERS if header[0] not in names)]
        await self.send(message)

"""What stands before every request: size, time, how many at once, and the headers of every answer."""

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
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
                                 b"frame-ancestors 'none'; base-uri 'none'"),
]  # fmt: skip
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE")
ALWAYS = ("/health/live", "/health/ready", "/metrics")


class Guard:
    """An ASGI application around the service's own."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], limits: Limits) -> None:
        self.app, self.limits, self.in_flight = app, limits, 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, told = time.perf_counter(), Told(send)
        self.in_flight += 1
        metrics.IN_FLIGHT.set(self.in_flight)
        try:
            await self._answer(scope, receive, told)
        finally:
            self.in_flight -= 1
            metrics.IN_FLIGHT.set(self.in_flight)
            route = getattr(scope.get("route"), "path", "none")
            method = (
                scope["method"] if scope["method"] in METHODS else "other"
            )  # who asks cannot make us count for ever
            metrics.REQUESTS.labels(method, route, str(told.status)).inc()
            metrics.SECONDS.labels(route).observe(time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, told: Told) -> None:
        if self.in_flight > self.limits.in_flight and scope["path"] not in ALWAYS:
            await problems.answer(429, "busy: again in a second", {"Retry-After": "1"})(scope, receive, told)
            return
        try:
            async with asyncio.timeout(self.limits.seconds):
                body = await _body(receive, self.limits.body_bytes)
                if body is None:
                    said = f"at most {self.limits.body_bytes:,} bytes at once: ask several times"
                    await problems.answer(413, said)(scope, receive, told)
                else:
                    await self.app(scope, _again(body, receive), told)
        except TimeoutError:
            if not told.status:
                said = "it took too long here: again in a moment"
                await problems.answer(503, said, {"Retry-After": "5"})(scope, receive, told)


async def _body(receive: Receive, most: int) -> bytes | None:
    """Return a whole body, or None where it is too long, whatever its header says of its length."""
    parts, total, more = [], 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        total += len(parts[-1])
        more = message.get("more_body", False)
        if total > most:
            return None
    return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read already, and then whatever comes."""
    given = False

    async def giving() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return giving


class Told:
    """Sends an answer with our headers, and remembers its status."""

    def __init__(self, send: Send) -> None:
        self.send, self.status = send, 0

    async def __call__(self, message: Message) -> None:
        """Send one message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            given = {name.lower() for name, _ in message.get("headers", [])}
            message["headers"] = [*message.get("headers", []), *(one for one in HEADERS if one[0] not in given)]
        await self.send(message)

"""Middleware of every request: who asks is known before a body is read; limits of size, time and number; headers."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from starlette.datastructures import Headers

from service import metrics, problems
from service.access import Caller, Refused
from service.problems import Problem, TooMany
from service.service import CALLER, Service

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
SIGN_IN = "/entrar"
SIGN_OUT = "/salir"
PAGE = re.compile(r"/(?!entrar|[/.])[a-zA-Z0-9:/-]{1,199}")  # of ours, and never elsewhere
# To everybody, and always; what signs people in begins with its own path.
OPEN = ("/health/live", "/health/ready", "/metrics", "/static/ficha.css")
CLOSE = {"Connection": "close"}


class Gone(Exception):
    """Who asked has gone before the body had come."""


class Guard:
    """An ASGI application around the service's own."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], service: Service) -> None:
        self.app = app
        self.service = service
        self.limits = service.settings.limits
        self.in_flight = 0
        self.of_caller: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say why not."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        sender = AnswerSender(send)
        try:
            await self._answer(scope, receive, sender)
        except Problem as problem:
            if not sender.status:
                await problems.answer(problem.status, problem.detail, problem.headers)(scope, receive, sender)
        except Gone:
            pass
        finally:
            _count(scope, sender.status, time.perf_counter() - began)

    async def _answer(self, scope: Scope, receive: Receive, sender: AnswerSender) -> None:
        headers = Headers(scope=scope)
        if _is_open(scope["path"]):
            self._limit_sign_ins(scope)
            await self._within_time(scope, _empty(receive), sender)
            return
        caller = self._recognized(scope, headers)
        self._check_length(headers)
        with self._place_of(caller):
            body = await self._body(receive)
            with self._place():
                scope[CALLER] = caller
                await self._within_time(scope, _replayed(body, receive), sender)

    def _limit_sign_ins(self, scope: Scope) -> None:
        """Let an address begin and end sign-ins so often, as the provider is asked for each.

        Raises:
            TooMany: it has.
        """
        if scope["path"].startswith(f"{SIGN_IN}/") and (wait := self.service.unknown_limit.wait(_address(scope))):
            raise TooMany(wait, CLOSE)

    def _recognized(self, scope: Scope, headers: Headers) -> Caller:
        """Return the caller, by headers alone.

        Raises:
            Problem: they are not known, or ask more than they may.
        """
        try:
            caller = self.service.caller(headers)
        except Refused as refused:
            if wait := self.service.unknown_limit.wait(_address(scope)):
                raise TooMany(wait, CLOSE) from None
            if _is_page(scope, headers):
                raise Problem(303, "sign in", {"Location": _sign_in_for(scope)}) from None
            is_long = "content-length" not in headers and "transfer-encoding" in headers
            more = {"WWW-Authenticate": "Bearer"} | (CLOSE if is_long or self._is_too_long(headers) else {})
            raise Problem(refused.status, refused.detail, more) from None
        if wait := self.service.request_limit.wait(caller.name):
            raise TooMany(wait)
        return caller

    def _is_too_long(self, headers: Headers) -> bool:
        stated = headers.get("content-length", "0")
        return not stated.isdecimal() or int(stated[:20]) > self.limits.body_bytes

    def _check_length(self, headers: Headers) -> None:
        if self._is_too_long(headers):
            raise self._too_long()

    def _too_long(self) -> Problem:
        return Problem(413, f"at most {self.limits.body_bytes:,} bytes at once: ask several times", CLOSE)

    @contextmanager
    def _place_of(self, caller: Caller) -> Iterator[None]:
        """Give a caller one of their places, so that nobody takes all of them."""
        if self.of_caller[caller.name] >= self.limits.in_flight_of_caller:
            raise TooMany(1, CLOSE)
        self.of_caller[caller.name] += 1
        try:
            yield
        finally:
            self.of_caller[caller.name] -= 1
            if not self.of_caller[caller.name]:
                del self.of_caller[caller.name]

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Give a request whose body has come one of all places."""
        if self.in_flight >= self.limits.in_flight:
            raise Problem(429, "busy: again in a second", {"Retry-After": "1"})
        self.in_flight += 1
        metrics.IN_FLIGHT.set(self.in_flight)
        try:
            yield
        finally:
            self.in_flight -= 1
            metrics.IN_FLIGHT.set(self.in_flight)

    async def _within_time(self, scope: Scope, receive: Receive, sender: AnswerSender) -> None:
        try:
            async with asyncio.timeout(self.limits.seconds):
                await self.app(scope, receive, sender)
        except TimeoutError:
            raise Problem(503, "it took too long here: again in a moment", {"Retry-After": "5"}) from None

    async def _body(self, receive: Receive) -> bytes:
        """Return a whole body.

        Raises:
            Problem: it is too long, whatever its header says of its length, or too slow.
            Gone: its end never comes.
        """
        parts: list[bytes] = []
        try:
            async with asyncio.timeout(self.limits.body_seconds):
                while (message := await receive()).get("more_body", False):
                    parts.append(message.get("body", b""))
                    if sum(map(len, parts)) > self.limits.body_bytes:
                        raise self._too_long()
        except TimeoutError:
            raise Problem(408, f"the body took longer than {self.limits.body_seconds:g} s", CLOSE) from None
        if message["type"] == "http.disconnect":
            raise Gone
        body = b"".join((*parts, message.get("body", b"")))
        if len(body) > self.limits.body_bytes:
            raise self._too_long()
        return body


def _is_open(path: str) -> bool:
    return path in OPEN or path == SIGN_IN or path.startswith(f"{SIGN_IN}/")


def _is_page(scope: Scope, headers: Headers) -> bool:
    """Return whether a browser asks for a page or signs out, with no key or token that could be refused."""
    if "x-api-key" in headers or "authorization" in headers:
        return False
    return (scope["method"] == "GET" or scope["path"] == SIGN_OUT) and "text/html" in headers.get("accept", "")


def _sign_in_for(scope: Scope) -> str:
    """Return where to sign in for the page that somebody wanted."""
    is_wanted = scope["method"] == "GET" and PAGE.fullmatch(scope["path"])
    return f"{SIGN_IN}?a={scope['path']}" if is_wanted else SIGN_IN


def _address(scope: Scope) -> str:
    """Return where a request comes from: as a proxy on this machine states it; of IPv6 the network of a subscriber."""
    address = str((scope.get("client") or ("",))[0])
    return ":".join(address.split(":")[:4]) if ":" in address else address


def _count(scope: Scope, status: int, seconds: float) -> None:
    """Count a request; unknown methods are one label, so that nobody can make the counters grow."""
    route = getattr(scope.get("route"), "path", "none")
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.REQUESTS.labels(method, route, str(status)).inc()
    metrics.SECONDS.labels(route).observe(seconds)


def _empty(receive: Receive) -> Receive:
    """Return a receiver of no body: what is open to everybody takes none."""
    return _replayed(b"", receive)


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

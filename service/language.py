"""The language in which a page answers: as its address asks, as somebody chose before, or as the browser likes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers

from service import sessions

SPANISH = "es"
LANGUAGES = {SPANISH: "Español", "en": "English"}  # of all texts; Spanish where nobody asks for one
COOKIE = "qhawaq-idioma"
A_YEAR = 365 * 24 * 3600
CURRENT: ContextVar[str] = ContextVar("language", default=SPANISH)
MutableScope = MutableMapping[str, Any]
App = Callable[..., Awaitable[None]]


def asked(query: str) -> str:
    """Return the language that an address asks for (`?lang=en`); empty where it asks for none of ours."""
    wanted = parse_qs(query).get("lang", [""])[-1].lower()
    return wanted if wanted in LANGUAGES else ""


def accepted(header: str) -> str:
    """Return the language of ours that an Accept-Language likes best; Spanish where it likes none."""
    liked = sorted(map(_liking, header.split(",")), key=lambda pair: -pair[1])
    return next((name for name, weight in liked if weight > 0 and name in LANGUAGES), SPANISH)


def _liking(part: str) -> tuple[str, float]:
    """Return the language of `en-US;q=0.8`, and how much it is liked; a weight that is none is as if it were 0."""
    name, _, weight = part.partition(";")
    liking = 1.0
    if weight:
        liking = 0.0
        with suppress(ValueError):
            liking = float(weight.strip().removeprefix("q="))
    return name.strip().partition("-")[0].lower(), liking if 0 <= liking <= 1 else 0.0


def of_request(query: str, headers: Mapping[str, str]) -> str:
    """Return the language of a request."""
    kept = sessions.cookie(headers, COOKIE)
    return asked(query) or (kept if kept in LANGUAGES else accepted(headers.get("accept-language", "")))


class Speaking:
    """An ASGI application around the service's own: what it says, it says in the language of the request.

    Args:
        app: the application.
        is_secure: whether browsers reach it over TLS.
    """

    def __init__(self, app: App, *, is_secure: bool = False) -> None:
        self.app = app
        self.is_secure = is_secure

    async def __call__(self, scope: MutableScope, receive: App, send: App) -> None:
        """Answer one request; who asks for a language in the address keeps it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        query = scope.get("query_string", b"").decode("latin-1")
        token = CURRENT.set(of_request(query, Headers(scope=scope)))
        chosen = asked(query)

        async def sending(message: MutableScope) -> None:
            """Send one message, with the choice."""
            if chosen and message["type"] == "http.response.start":
                kept = (b"set-cookie", _cookie(chosen, self.is_secure).encode())
                message["headers"] = [*message.get("headers", []), kept]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            CURRENT.reset(token)


def _cookie(chosen: str, is_secure: bool) -> str:
    """Return the cookie that keeps a choice."""
    secure = "; Secure" if is_secure else ""
    return f"{COOKIE}={chosen}; HttpOnly; Max-Age={A_YEAR}; Path=/; SameSite=Lax{secure}"

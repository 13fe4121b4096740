"""The reverse proxy: passes what is listed on to Grafana, refuses all else and writes it down."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from grafana.gate import routes
from grafana.gate.follow import ADMINISTRATOR, follow, opened_anew
from grafana.gate.queries import Queries, RefusedQuery

LONGEST_BODY = 64 * 1024
LARGEST_ANSWER = 8 * 1024 * 1024  # bytes of a query's frames: lists have at most 4,000 lines
AT_ONCE = 4  # queries, as many as the data source has connections
PATIENCE = 10.0  # seconds that a query waits for its turn
LONGEST_WAIT = 6.0  # seconds that a new release waits for the queries of the former one
OF_ONE = 24  # queries of one session that run or wait: twice what a dashboard asks, for who chooses again at once
SESSION = re.compile(r"[\w.%+/=-]{1,200}", re.ASCII)  # what Grafana's session looks like
SLOWEST_BODY = 10.0  # seconds in which a body must have come
SLOWEST_READER = 120.0  # seconds in which an answer must have been read
SLOWEST = 25.0  # seconds that Grafana may take to answer: its data source gives up after 30
# Of a request, what a page needs; who somebody is is said by the session's cookie and nothing else.
SENT = set(
    b"accept accept-encoding accept-language cache-control content-type cookie host if-modified-since if-none-match "
    b"origin range referer user-agent".split()
)
# Of an answer, what is of one connection (RFC 9110, 7.6.1).
HOP_BY_HOP = set(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade".split()
)
log = logging.getLogger("qhawaq.gate")


@dataclass
class Gate:
    """One Grafana and what may be asked of it."""

    grafana: httpx.AsyncClient
    queries: Queries
    cookie: str
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    asking: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: Request) -> Response:
        """Answer any request."""
        raw = request.scope["raw_path"].decode("latin-1").split("?")[0]
        try:
            if raw == routes.QUERY and request.method == "POST":
                return await self._query(request)
            if not routes.passes(request.method, raw):
                raise RefusedQuery("a path that no dashboard asks for")
            return await self._passed(request, raw)
        except (RefusedQuery, httpx.InvalidURL) as refused:
            log.warning("refused %s %s from %s: %s", request.method, _plain(raw), _who(request), refused)
            return JSONResponse({"message": f"Not passed on: {refused}."}, 403)
        except httpx.HTTPError as error:
            log.error("Grafana did not answer %s %s: %s", request.method, _plain(raw), type(error).__name__)
            return JSONResponse({"message": "Grafana does not answer."}, 502)

    async def quietly(self, what: Callable[[], Awaitable[None]]) -> None:
        """Do something while no query runs, or after a while although one does: a file that is closed answers none."""
        taken = 0
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LONGEST_WAIT):
                    for _ in range(AT_ONCE):
                        await self.turns.acquire()
                        taken += 1
            await what()
        finally:
            for _ in range(taken):
                self.turns.release()

    async def _query(self, request: Request) -> Response:
        session = request.cookies.get(self.cookie, "")
        if not SESSION.fullmatch(session):
            return JSONResponse({"message": "Sign in first."}, 401)
        asked = self.queries.passed(await _body(request))
        if self.asking[session] >= OF_ONE:
            return JSONResponse(
                {"message": "Too many queries of one reader at once: try again."}, 429, {"retry-after": "5"}
            )
        self.asking[session] += 1
        try:
            return await self._in_turn(request, session, asked)
        finally:
            self.asking[session] -= 1
            if not self.asking[session]:
                del self.asking[session]

    async def _in_turn(self, request: Request, session: str, asked: dict[str, object]) -> Response:
        try:
            await asyncio.wait_for(self.turns.acquire(), PATIENCE)
        except TimeoutError:
            return JSONResponse({"message": "Too many queries at once: try again."}, 503, {"retry-after": "5"})
        try:
            if await request.is_disconnected():
                raise RefusedQuery("its sender is gone")
            async with asyncio.timeout(SLOWEST):
                return await self._asked(request, session, asked)
        except TimeoutError:
            return JSONResponse({"message": "The query took too long."}, 504)
        finally:
            self.turns.release()

    async def _asked(self, request: Request, session: str, asked: dict[str, object]) -> Response:
        """Send a query with the session that was counted, and pass its answer on once it is whole."""
        headers = _headers(request, b"content-type", b"accept-encoding", b"cookie")
        headers.append((b"cookie", f"{self.cookie}={session}".encode()))
        found = bytearray()
        async with self.grafana.stream("POST", routes.QUERY, json=asked, headers=headers) as answer:
            async for part in answer.aiter_bytes():
                found += part
                if len(found) > LARGEST_ANSWER:
                    raise RefusedQuery(f"its answer has over {LARGEST_ANSWER:,} bytes")
        return Response(bytes(found), answer.status_code, media_type=answer.headers.get("content-type"))

    async def _passed(self, request: Request, raw: str) -> Response:
        query = request.scope["query_string"].decode("latin-1")
        url = httpx.URL(raw, query=query.encode("latin-1")) if query else httpx.URL(raw)
        content = await _body(request) if request.method == "POST" else None
        if raw == routes.LOGIN and content is not None:
            _signs_in_as_reader(content)
        sent = self.grafana.build_request(request.method, url, headers=_headers(request), content=content)
        answer = await self.grafana.send(sent, stream=True)
        made = _Passed(_parts(answer), answer.status_code)
        found = ((name.lower(), value) for name, value in answer.headers.raw)
        made.raw_headers = [(name, value) for name, value in found if name not in HOP_BY_HOP]
        return made


class _Passed(StreamingResponse):
    """An answer that is passed on as it comes; who reads too slowly is left."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(SLOWEST_READER):
                await super().__call__(scope, receive, send)


def _signs_in_as_reader(body: bytes) -> None:
    """Let nobody try the administrator's password here: a few wrong ones would lock the gate itself out.

    Raises:
        Refused: somebody does, or the body is not what the page sends.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedQuery("a login that is not JSON") from error
    names = {name.lower() for name in said} if isinstance(said, dict) else set()
    if names - {"user", "password", "email"} or "user" not in said or len(said) != len(names):
        raise RefusedQuery("a login of another shape")
    if str(said["user"]).strip().lower() in (ADMINISTRATOR, f"{ADMINISTRATOR}@localhost"):
        raise RefusedQuery("administrators sign in behind the gate")


def client(grafana: str, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client of a Grafana that keeps no cookie: one reader's session would be sent with another's request."""
    none_kept = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    # without a most: slow readers of files take no query's place
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
    return httpx.AsyncClient(
        base_url=grafana, timeout=60, trust_env=False, limits=limits, cookies=none_kept, transport=transport
    )


async def _parts(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Yield an answer's bytes as they come; whoever stops listening frees its connection."""
    try:
        async for part in answer.aiter_raw():
            yield part
    finally:
        await answer.aclose()


async def _body(request: Request) -> bytes:
    """Read a body.

    Raises:
        Refused: it is too long, or its sender is gone.
    """
    found = bytearray()
    try:
        async with asyncio.timeout(SLOWEST_BODY):
            async for part in request.stream():
                found += part
                if len(found) > LONGEST_BODY:
                    raise RefusedQuery(f"a body of over {LONGEST_BODY:,} bytes")
    except ClientDisconnect as error:
        raise RefusedQuery("its sender is gone") from error
    except TimeoutError as error:
        raise RefusedQuery(f"a body that takes over {SLOWEST_BODY:.0f} seconds") from error
    return bytes(found)


def _headers(request: Request, *without: bytes) -> list[tuple[bytes, bytes]]:
    """Return the headers to pass on, as bytes: titles of panels in them are not ASCII."""
    found = [(name, value) for name, value in request.headers.raw if name in SENT - set(without)]
    return [
        *found,
        (b"x-forwarded-for", _who(request).encode()),
        (b"x-forwarded-host", request.headers.get("host", "").encode("latin-1")),
    ]


def _who(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def _plain(path: str) -> str:
    """Return a path for the log: one line, not endless."""
    return path[:200].encode("unicode_escape").decode("ascii")


def application(
    grafana: httpx.AsyncClient, queries: Queries, cookie: str, serving: Path | None = None, password: Path | None = None
) -> Starlette:
    """Return the gate as an application; where a serving folder is given, it tells Grafana of each release there.

    `cookie` is the name of Grafana's session.
    """
    gate = Gate(grafana, queries, cookie)

    @asynccontextmanager
    async def beside(_app: Starlette) -> AsyncIterator[None]:
        task = None
        if serving and password:
            reopen = partial(gate.quietly, partial(opened_anew, grafana, password))
            task = asyncio.ensure_future(follow(serving / "current.duckdb", reopen))
        yield
        if task:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await grafana.aclose()

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]
    app = Starlette(routes=[Route("/{path:path}", gate.answer, methods=methods)], lifespan=beside)
    app.router.redirect_slashes = False
    return app

"""Errors as RFC 9457 says (application/problem+json): what, and what to do; never what was sent."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from service.access import Refused
from service.features import NoContext
from service.predict import NoModel, Unusable
from service.settings import Busy

LOG = logging.getLogger("qhawaq.serve")
MEDIA_TYPE = "application/problem+json"
Handler = Callable[[Request, Any], Awaitable[JSONResponse]]


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}


class TooMany(Problem):
    """More than a caller may ask."""

    def __init__(self, wait: float) -> None:
        seconds = max(1, math.ceil(wait))
        super().__init__(429, f"too many requests: again in {seconds} s", {"Retry-After": str(seconds)})


class Document(BaseModel):
    """The body of every error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"model": Document, "description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503)
}


def answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of an app be a problem."""
    for error, status, headers in PLAIN:
        app.add_exception_handler(error, _plainly(status, headers))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


PLAIN: tuple[tuple[type[Exception], int, dict[str, str]], ...] = (
    (Unusable, 422, {}), (NoModel, 409, {}), (Busy, 503, {"Retry-After": "5"}),
    (NoContext, 503, {}),
)  # fmt: skip


def _plainly(status: int, headers: dict[str, str]) -> Handler:
    async def handle(_: Request, error: Exception) -> JSONResponse:
        return answer(status, str(error), headers)

    return handle


async def _problem(_: Request, error: Problem) -> JSONResponse:
    return answer(error.status, error.detail, error.headers)


async def _refused(_: Request, error: Refused) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    return answer(error.status, error.detail, headers)


async def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    found = [f"{'.'.join(map(str, one['loc']))[:200]}: {one['msg'][:200]}" for one in error.errors()[:5]]
    return answer(422, "; ".join(found))


async def _http(_: Request, error: HTTPException) -> JSONResponse:
    return answer(error.status_code, str(error.detail), dict(error.headers or {}))


async def _unexpected(_: Request, error: Exception) -> JSONResponse:
    LOG.error("unexpected %s", type(error).__name__)  # its text may hold what was sent
    return answer(500, "something went wrong here; it was logged")

"""Errors by RFC 9457 (application/problem+json): the fault and the remedy, never the values of a request."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
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


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


class TooMany(Problem):
    """More than a caller may ask."""

    def __init__(self, wait: float, headers: Mapping[str, str] | None = None) -> None:
        seconds = max(1, math.ceil(wait))
        more = {"Retry-After": str(seconds)} | dict(headers or {})
        super().__init__(429, f"too many requests: again in {seconds} s", more)


class Document(BaseModel):
    """The body of every error."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    status: {"model": Document, "description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 500, 503)
}


def answer(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return an error."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of an app as a problem."""
    for error in (Problem, Refused, RequestValidationError, HTTPException, UnicodeEncodeError, Exception, *EXPECTED):
        app.add_exception_handler(error, _answer_error)


# Errors whose message is for the caller → status and headers.
EXPECTED: dict[type[Exception], tuple[int, dict[str, str]]] = {
    Unusable: (422, {}),
    NoModel: (409, {}),
    Busy: (503, {"Retry-After": "5"}),
    NoContext: (503, {}),
}
CHALLENGES = {401: {"WWW-Authenticate": "Bearer"}}  # headers of a refused caller, by status
NO_TEXT = "a text in it is no Unicode: it holds half of a surrogate pair"


async def _answer_error(_: Request, error: Exception) -> JSONResponse:
    match error:
        case Problem():
            return answer(error.status, error.detail, error.headers)
        case Refused():
            return answer(error.status, error.detail, CHALLENGES.get(error.status))
        case RequestValidationError():
            return answer(422, "; ".join(map(_field_error, error.errors()[:5])))
        case UnicodeEncodeError():  # of ours are none: JSON can spell half a pair, and no file or answer takes it
            return answer(400, NO_TEXT)
        case HTTPException():
            return answer(error.status_code, str(error.detail), dict(error.headers or {}))
    if type(error) in EXPECTED:
        status, headers = EXPECTED[type(error)]
        return answer(status, str(error), headers)
    LOG.error("unexpected %s", type(error).__name__)  # its text may hold values of a request
    return answer(500, "something went wrong here; it was logged")


def _field_error(error: Mapping[str, Any]) -> str:
    text = f"{'.'.join(map(str, error['loc']))[:200]}: {error['msg'][:200]}"
    return text.encode(errors="replace").decode()

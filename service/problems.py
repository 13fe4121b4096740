"""Errors by RFC 9457 (application/problem+json): the fault and the remedy, never the values of a request."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from service.access import Refused
from service.features import NoContext
from service.predict import NoModel, Unusable
from service.published import FormerRelease
from service.settings import Busy

LOG = logging.getLogger("qhawaq.serve")
MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is an error.

    Args:
        status: of HTTP.
        detail: what is wrong, for who reads JSON.
        headers: of the answer.
        said: what a page says of it; by default what it says of the status.
    """

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None, said: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.said = said


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
    FormerRelease: (503, {}),
}
CHALLENGES = {401: {"WWW-Authenticate": "Bearer"}}  # headers of a refused caller, by status
NO_TEXT = "a text in it is no Unicode: it holds half of a surrogate pair"


def wants_page(request: Request) -> bool:
    """Return whether a request is to be answered by a page: a browser says so, and who sends a form is one."""
    accepted = request.headers.get("accept", "")
    if request.url.path.startswith("/v1/") or ("json" in accepted and "text/html" not in accepted):
        return False
    sent = request.headers.get("content-type", "")
    return "text/html" in accepted or sent.startswith(("application/x-www-form-urlencoded", "multipart/form-data"))


async def _answer_error(request: Request, error: Exception) -> Response:
    """Answer by a page where a browser asks, else as a problem."""
    found = _problem(error)
    if found.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and wants_page(request):
        return _page(request, found, getattr(error, "said", ""))
    if found.status_code == HTTPStatus.SERVICE_UNAVAILABLE and wants_page(request):
        return _page(request, found, "")
    return found


def _page(request: Request, found: JSONResponse, said: str) -> Response:
    """Return a page that says what a problem says."""
    from service import forms, words  # they import this module

    texts = words.texts("failures")
    text = said or texts.get(str(found.status_code), texts["422"])
    page = forms.render("fallo.html", request.app.state.service, title=texts["title"], text=text)
    kept = {name: value for name, value in found.headers.items() if name in ("retry-after", "www-authenticate")}
    return HTMLResponse(page, found.status_code, kept)


def _problem(error: Exception) -> JSONResponse:
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

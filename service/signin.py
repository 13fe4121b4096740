"""Signing in and out: links of a demonstration; the identity provider's page."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service import api_keys, forms
from service.access import Caller, Refused
from service.service import AnyCaller, CurrentService, Service
from service.sessions import COOKIE, SECONDS

router = APIRouter(include_in_schema=False)


@router.get("/entrar")
def sign_in(service: CurrentService) -> HTMLResponse:
    """How to sign in here."""
    return HTMLResponse(forms.render("entrar.html", service, has_demo=bool(service.demo)))


@router.get("/entrar/demo/{token}")
def demo(service: CurrentService, token: str) -> Response:
    """Sign in as somebody of the demonstration; a real home has none."""
    caller = service.demo.get(api_keys.hashed(token))
    if caller is None or not service.children.is_synthetic():
        raise Refused(403, "this link signs nobody in: the service was started again, or the home is real")
    return begin(service, caller, is_secure=False)


@router.post("/salir")
def sign_out(
    request: Request, service: CurrentService, caller: AnyCaller, seal: Annotated[str, Form()] = ""
) -> Response:
    """End the session and forget the day's reason for names."""
    forms.verify_seal(request, service, caller, "salir", seal)
    service.sessions.end(request.headers)
    service.named.end(caller.name)
    answer = RedirectResponse("/entrar", 303)
    answer.delete_cookie(COOKIE, httponly=True, samesite="lax")
    return answer


def begin(service: Service, caller: Caller, *, is_secure: bool, seconds: float = SECONDS) -> Response:
    """Begin a session and go to the first page.

    Args:
        service: the running service.
        caller: who has signed in.
        is_secure: whether the browser may send the cookie over TLS only.
        seconds: how long the session lasts, at most a day's work.
    """
    service.access_log.note(caller.name, "signin", None, "demo" if not is_secure else "identity provider")
    answer = RedirectResponse("/", 303)
    value = service.sessions.begin(caller, seconds)
    answer.set_cookie(COOKIE, value, httponly=True, samesite="lax", secure=is_secure)
    return answer

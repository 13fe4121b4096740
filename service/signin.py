"""Signing in and out: by the identity provider's page, or by links of a demonstration."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from service import api_keys, entry, forms, sessions, words
from service.access import Caller, Refused
from service.entry import Entrance, NotSignedIn, ProviderAnswer
from service.guard import PAGE
from service.problems import Problem
from service.service import AnyCaller, CurrentService, Service

PENDING = "qhawaq-entrada"  # the cookie of a sign-in under way
router = APIRouter(include_in_schema=False)

Word = Annotated[str, Query(max_length=4096)]
Wanted = Annotated[str, Query(max_length=200)]


@router.get("/entrar")
def sign_in(service: CurrentService, aviso: str = "", a: Wanted = "") -> HTMLResponse:
    """How to sign in here; `a` is the page that somebody wanted."""
    entrance = service.entrance
    ends_there = bool(aviso == "salida" and entrance and entrance.end_address())
    page = forms.render(
        "entrar.html",
        service,
        has_demo=bool(service.demo),
        has_provider=entrance is not None,
        notice=words.of_kind("signin", "notice").get(aviso, ""),
        wanted=a if PAGE.fullmatch(a) else "",
        ends_there=ends_there,
    )
    return HTMLResponse(page)


@router.get("/entrar/demo/{token}")
def demo(request: Request, service: CurrentService, token: str) -> Response:
    """Sign in as somebody of the demonstration; a real home has none."""
    caller = service.demo.get(api_keys.hashed(token))
    if caller is None or not service.children.is_synthetic():
        raise Refused(403, "this link signs nobody in: the service was started again, or the home is real")
    return begin(request, service, caller, "demo")


@router.get("/entrar/proveedor")
def to_provider(service: CurrentService, a: Wanted = "") -> Response:
    """Go to the provider's page, and then to a page of ours."""
    try:
        address, sealed = _entrance(service).begin(a if PAGE.fullmatch(a) else "/")
    except NotSignedIn as ended:
        return _back(ended)
    answer = RedirectResponse(address, 303)
    answer.set_cookie(
        _pending(service),
        sealed,
        max_age=entry.VALID,
        httponly=True,
        samesite="lax",
        secure=service.sessions.is_secure,
    )
    return answer


@router.get(entry.BACK)
def from_provider(
    request: Request, service: CurrentService, state: Word = "", code: Word = "", error: Word = "", iss: Word = ""
) -> Response:
    """Come back from the provider's page: a session begins, or /entrar says why not."""
    sealed = sessions.cookie(request.headers, _pending(service))
    try:
        account, to = _entrance(service).account(ProviderAnswer(state, code, error, iss), sealed)
    except NotSignedIn as ended:
        return _back(ended)
    caller = Caller(account.subject, account.scopes, account.areas, account.shown)
    answer = begin(request, service, caller, "identity provider", to=to)
    answer.delete_cookie(_pending(service), httponly=True, samesite="lax", secure=service.sessions.is_secure)
    return answer


@router.get("/entrar/salida")
def out_of_provider(service: CurrentService) -> Response:
    """Go to the provider's page that ends the session there."""
    return RedirectResponse(_entrance(service).end_address() or "/entrar", 303)


@router.post("/salir")
def sign_out(
    request: Request, service: CurrentService, caller: AnyCaller, seal: Annotated[str, Form()] = ""
) -> Response:
    """End the session and forget the day's reason for names."""
    forms.verify_seal(request, service, caller, "salir", seal)
    service.sessions.end(request.headers)
    service.named.end(caller.name)
    answer = RedirectResponse("/entrar?aviso=salida", 303)
    kept = service.sessions
    answer.delete_cookie(kept.cookie_name, httponly=True, samesite="lax", secure=kept.is_secure)
    return answer


def begin(request: Request, service: Service, caller: Caller, how: str, *, to: str = "/") -> Response:
    """Begin a session, end the one before in this browser, and go to a page.

    Args:
        request: what signs in.
        service: the running service.
        caller: who has signed in.
        how: as the access log says it.
        to: the page.
    """
    service.access_log.note(caller.name, "sign-in", None, how)
    service.sessions.end(request.headers)
    answer = RedirectResponse(to, 303)
    value = service.sessions.begin(caller)
    answer.set_cookie(
        service.sessions.cookie_name, value, httponly=True, samesite="lax", secure=service.sessions.is_secure
    )
    return answer


def _entrance(service: Service) -> Entrance:
    """Return what signs people in by the provider's page.

    Raises:
        Problem: no provider is named here.
    """
    if service.entrance is None:
        raise Problem(404, "nobody signs in here: no identity provider is named")
    return service.entrance


def _pending(service: Service) -> str:
    return sessions.name_of(PENDING, is_secure=service.sessions.is_secure)


def _back(ended: NotSignedIn) -> Response:
    return RedirectResponse(f"/entrar?aviso={ended.notice}", 303)

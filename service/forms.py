"""Templates of all pages, and seals that show that a form comes from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service import wording, words
from service.access import Caller, Refused
from service.language import CURRENT, LANGUAGES
from service.problems import Problem, wants_page
from service.service import Service
from warehouse import clock, numbers, reasons
from warehouse.errors import UsageError
from warehouse.paper.words import titled, ugel

HERE = Path(__file__).parent
# The pages: path, and scopes of which one is enough.
WAYS = (
    ("/", {"education"}),
    ("/ugel", {"planning"}),
    ("/escuela", {"tutoring"}),
    ("/proteccion", {"protection"}),
    ("/audit", {"audit"}),
)
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
PAGES.filters["proper"] = titled
PAGES.filters["ugel_name"] = ugel
PAGES.filters["month_name"] = wording.month_name
PAGES.filters["day"] = wording.short_day
PAGES.filters["percent"] = numbers.percent
PAGES.globals["texts"] = words.texts
PAGES.globals["of_kind"] = words.of_kind
PAGES.globals["count"] = wording.count


def render(template: str, service: Service, *, caller: Caller | None = None, **context: object) -> str:
    """Return a page, with the ways to the caller's other pages; one of a synthetic home says so."""
    return PAGES.get_template(template).render(
        synthetic=service.children.is_synthetic(),
        language=CURRENT.get(),
        languages=LANGUAGES,
        ways=[path for path, scopes in WAYS if caller and not caller.scopes.isdisjoint(scopes)],
        signed_in=caller.called if caller else None,
        sign_out_seal=seal(service, caller, "salir") if caller else "",
        **context,
    )


def wrong_reason(request: Request, why: str) -> str:
    """Return what a page says of a reason that says nothing; empty where it is one, or where no page is asked for."""
    try:
        reasons.stated(why, "reason")
    except UsageError:
        return words.texts("visits")["wrong_why"] if wants_page(request) else ""
    return ""


def seal(service: Service, caller: Caller, subject: str) -> str:
    """Return the seal of a form: it holds today, for this caller and subject."""
    text = f"form {caller.name} {subject} {clock.today()}"
    return hmac.new(service.settings.log_key, text.encode(), hashlib.sha256).hexdigest()


def verify_seal(request: Request, service: Service, caller: Caller, subject: str, given: str) -> None:
    """Accept a form only from a page of ours.

    Raises:
        Refused: it did not, or the page is of another day.
        Problem: the seal is none.
    """
    if not given.isascii():
        raise Problem(400, "the form has no seal of ours: open the page again")
    if not _is_own(request, service):
        raise Refused(403, "the form came from another site")
    if not hmac.compare_digest(given, seal(service, caller, subject)):
        raise Refused(403, "the page is too old: open it again")


def _is_own(request: Request, service: Service) -> bool:
    """Return whether a form comes from the site that it was sent to; browsers say so, others say nothing."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    try:
        origin = urlsplit(request.headers.get("origin", "")).netloc
    except ValueError:
        return False
    public = urlsplit(service.entrance.client.address).netloc if service.entrance else ""
    return not origin or origin in (request.headers.get("host"), public)

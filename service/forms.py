"""What all pages share: templates, and forms that are believed only where they come from a page of ours."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from service.access import Caller, Refused
from service.service import Service

HERE = Path(__file__).parent
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)
PAGES.filters["day"] = lambda day: f"{day:%d/%m/%Y}"
PAGES.filters["percent"] = lambda share: f"{100 * share:.1f} %".replace(".", ",")


def render(template: str, asked: Service, **given: object) -> str:
    """Return a page; one of a synthetic home says so."""
    return PAGES.get_template(template).render(synthetic=asked.children.is_synthetic(), **given)


def seal(asked: Service, who: Caller, about: str) -> str:
    """Return what only a page that we made today, for this caller and about this, can send back."""
    said = f"form {who.name} {about} {datetime.now(UTC):%Y-%m-%d}"
    return hmac.new(asked.settings.journal_key, said.encode(), hashlib.sha256).hexdigest()


def own(request: Request, asked: Service, who: Caller, about: str, given: str) -> None:
    """Believe a form only where it came from a page of ours.

    Raises:
        Refused: it did not, or the page is of another day.
    """
    origin = urlsplit(request.headers.get("origin", "")).netloc
    if origin and origin != request.headers.get("host"):
        raise Refused(403, "the form came from another site")
    if not hmac.compare_digest(given, seal(asked, who, about)):
        raise Refused(403, "the page is too old: open it again")

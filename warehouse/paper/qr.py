"""QR codes of pages of the service, as SVG."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from warehouse.errors import UsageError

SETTING = "QHAWAQ_PAGES_URL"  # under which address people open the pages of the service
DEFAULT = "http://127.0.0.1:8010"


def page_of(child: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of a child's page.

    Raises:
        UsageError: the setting is no address.
    """
    address = (environment.get(SETTING) or DEFAULT).strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{SETTING} is an address such as https://qhawaq.example")
    return f"{address}/ficha/{child}"


def svg(text: str) -> str:
    """Return a QR code that a phone reads off paper, even a creased one (a quarter of it may be lost)."""
    import segno  # of the extras `serve` and `report`: who never prints does without

    drawing = io.BytesIO()
    code = segno.make(text, error="q", micro=False)
    code.save(drawing, kind="svg", border=2, xmldecl=False, svgclass=None, lineclass=None, omitsize=True)
    return drawing.getvalue().decode()

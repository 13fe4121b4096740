"""QR codes of pages of the service, as SVG."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping

from warehouse import addresses


def page_of(child: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of a child's page.

    Raises:
        UsageError: the setting is no address.
    """
    return f"{addresses.pages(environment)}/ficha/{child}"


def svg(text: str) -> str:
    """Return a QR code that a phone reads off paper, even a creased one (a quarter of it may be lost)."""
    import segno  # of the extras `serve` and `report`: who never prints does without

    drawing = io.BytesIO()
    code = segno.make(text, error="q", micro=False)
    code.save(drawing, kind="svg", border=2, xmldecl=False, svgclass=None, lineclass=None, omitsize=True)
    return drawing.getvalue().decode()

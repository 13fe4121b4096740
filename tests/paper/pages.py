"""What stands on the pages of a PDF."""

from __future__ import annotations

import io
from pathlib import Path

from pypdf import PdfReader


def texts(pdf: bytes | Path) -> list[str]:
    """Return the text of each page; line breaks are blanks."""
    source = io.BytesIO(pdf) if isinstance(pdf, bytes) else pdf
    return [" ".join(page.extract_text().split()) for page in PdfReader(source).pages]

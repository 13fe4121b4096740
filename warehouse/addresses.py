"""Where people open what this program makes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from warehouse.errors import UsageError

PAGES = "QHAWAQ_PAGES_URL"  # under which address people open the pages of the service
DEFAULT = "http://127.0.0.1:8010"


def pages(environment: Mapping[str, str] = os.environ) -> str:
    """Return the address of the service's pages, without a slash at its end.

    Raises:
        UsageError: the setting is no address.
    """
    address = (environment.get(PAGES) or DEFAULT).strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{PAGES} is an address such as https://qhawaq.example")
    return address

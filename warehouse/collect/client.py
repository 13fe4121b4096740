"""How an API is asked: time-outs, retries with back-off on 429 and 5xx, a token that never shows."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import QhawaqError

if TYPE_CHECKING:  # imported only when it is called: dlt takes a second
    from dlt.sources.helpers.rest_client import RESTClient

RETRIED = (429, 500, 502, 503, 504)
TIMEOUT_SECONDS, ATTEMPTS, LONGEST_WAIT_SECONDS = 30, 6, 60
SYNTHETIC_HEADER = "X-Qhawaq-Synthetic"


class CollectFailed(QhawaqError):
    """An API did not give what it should; what was collected so far is kept, encrypted, and resumed from."""


@dataclass(frozen=True, repr=False)
class Api:
    """Where an API is and how to sign in; the token never shows in a repr."""

    name: str
    url: str
    token: str | None

    @classmethod
    def configured(cls, name: str) -> Api | None:
        """Read `QHAWAQ_<NAME>_URL` and `QHAWAQ_<NAME>_TOKEN` or `…_TOKEN_FILE`; None without an address.

        Raises:
            CollectFailed: the token's file cannot be read.
        """
        prefix = f"QHAWAQ_{name.upper()}"
        url, token, file = (os.environ.get(f"{prefix}_{what}") for what in ("URL", "TOKEN", "TOKEN_FILE"))
        if file and not token:
            try:
                token = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise CollectFailed(f"{prefix}_TOKEN_FILE cannot be read ({error.strerror}): see {file}") from None
        return cls(name, url.rstrip("/"), token) if url else None

    def client(self, back_off: float = 1.0) -> RESTClient:
        """Return dlt's REST client with retries."""
        from dlt.sources.helpers import requests
        from dlt.sources.helpers.rest_client import RESTClient
        from dlt.sources.helpers.rest_client.auth import BearerTokenAuth

        session = requests.Client(
            request_timeout=TIMEOUT_SECONDS,
            raise_for_status=False,
            status_codes=RETRIED,
            request_max_attempts=ATTEMPTS,
            request_backoff_factor=back_off,
            request_max_retry_delay=LONGEST_WAIT_SECONDS,
        ).session
        auth = BearerTokenAuth(token=self.token) if self.token else None
        return RESTClient(base_url=self.url, auth=auth, session=session)

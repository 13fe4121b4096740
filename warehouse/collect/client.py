"""An API's address and token, and a client with time-outs and retries; the token never shows."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from warehouse.errors import QhawaqError

if TYPE_CHECKING:  # imported only when it is called
    from requests import Response, Session

RETRIED = (429, 500, 502, 503, 504)
TIMEOUT_SECONDS = 30
ATTEMPTS = 6
LONGEST_WAIT_SECONDS = 60
JSON = "application/json"  # the school register answers in XML where nobody asks for this
SYNTHETIC_HEADER = "X-Qhawaq-Synthetic"


class CollectFailed(QhawaqError):
    """An API failed or refused; the pages collected so far are kept, encrypted, and the next call resumes."""


@dataclass(frozen=True, repr=False)
class Api:
    """An API's address and token; the token never shows in a repr."""

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
        url, token, file = (os.environ.get(f"{prefix}_{suffix}") for suffix in ("URL", "TOKEN", "TOKEN_FILE"))
        if file and not token:
            try:
                token = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise CollectFailed(f"{prefix}_TOKEN_FILE cannot be read ({error.strerror}): see {file}") from None
        return cls(name, url.rstrip("/"), token) if url else None

    def client(self, back_off: float = 1.0) -> Client:
        """Return a client that retries on 429, 5xx and connection errors, after `Retry-After` where it is given.

        Args:
            back_off: seconds before the second try; doubled at each further try.
        """
        import requests
        from requests.adapters import HTTPAdapter
        from urllib3.util import Retry

        session = requests.Session()
        retry = Retry(
            ATTEMPTS - 1,
            status_forcelist=RETRIED,
            backoff_factor=back_off,
            backoff_max=LONGEST_WAIT_SECONDS,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        if self.token:
            session.headers["Authorization"] = f"Bearer {self.token}"
        return Client(self.url, session)


@dataclass(frozen=True, repr=False)
class Client:
    """A client of one API; connections stay open between requests."""

    url: str
    session: Session

    def get(self, path: str, params: Mapping[str, str | int] | None = None, accept: str = JSON) -> Response:
        """Return the response for a path below the API's address.

        Raises:
            requests.RequestException: no response after several tries.
        """
        return self.session.get(
            f"{self.url}/{path}", params=params, headers={"Accept": accept}, timeout=TIMEOUT_SECONDS
        )

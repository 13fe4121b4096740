"""Sessions of people who signed in here: a random cookie, known by its hash, for a day's work."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from service import api_keys
from service.access import Caller

COOKIE = "qhawaq"
OF_HOST = "__Host-"  # browsers take such a cookie over TLS only, from this host itself, and for nobody else
SECONDS = 10 * 3600  # a day's work; a restart of the service ends it earlier
MOST = 10_000  # sessions at once: the one that ends first makes room


class Sessions:
    """The open sessions of one process.

    Args:
        is_secure: whether browsers reach the service over TLS, and send its cookies nowhere else.
    """

    def __init__(self, *, is_secure: bool = False) -> None:
        self.is_secure = is_secure
        self.cookie_name = name_of(COOKIE, is_secure=is_secure)
        self.lock = threading.Lock()
        self.open: dict[str, tuple[Caller, float]] = {}  # by the hash of the cookie: caller, and until when

    def begin(self, caller: Caller, seconds: float = SECONDS) -> str:
        """Begin a session and return its cookie's value."""
        value = secrets.token_urlsafe(32)
        now = time.monotonic()
        with self.lock:
            self.open = {key: entry for key, entry in self.open.items() if entry[1] > now}
            if len(self.open) >= MOST:
                del self.open[min(self.open, key=lambda key: self.open[key][1])]
            self.open[api_keys.hashed(value)] = (caller, now + min(seconds, SECONDS))
        return value

    def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Return the caller of a request's cookie; None without an open session."""
        value = cookie(headers, self.cookie_name)
        entry = self.open.get(api_keys.hashed(value)) if value else None
        return entry[0] if entry and entry[1] > time.monotonic() else None

    def end(self, headers: Mapping[str, str]) -> None:
        """End the session of a request's cookie."""
        with self.lock:
            self.open.pop(api_keys.hashed(cookie(headers, self.cookie_name)), None)


def name_of(cookie: str, *, is_secure: bool) -> str:
    """Return a cookie's name: over TLS one that no neighbor of this host can set."""
    return OF_HOST + cookie if is_secure else cookie


def cookie(headers: Mapping[str, str], name: str) -> str:
    """Return the value of a cookie of ours; empty where there is none, or one that nobody can read."""
    try:
        sent = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return sent[name].value if name in sent else ""

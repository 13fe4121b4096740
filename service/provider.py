"""What the identity provider publishes of itself: its addresses and public keys, taken anew every ten minutes.

Requests never wait for it: a task takes it. Keys that could not be taken anew for an hour count no more.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import requests

from service.oidc import is_safe
from service.settings import Oidc

LOG = logging.getLogger("qhawaq.serve")
DISCOVERY = "/.well-known/openid-configuration"
SECONDS = 3.0  # to connect, and then to answer: less than a request has here
AGAIN_AFTER = 600.0  # seconds
AFTER_FAILURE = 5.0
AFTER_UNKNOWN_KEY = 10.0
OLDEST = 3600.0


@dataclass(frozen=True)
class Published:
    """What the provider published.

    Args:
        authorization: where people sign in.
        token: where a code is changed into tokens.
        end_session: where people sign out; empty where it has no such page.
        states_issuer: whether its answers name it (RFC 9207).
        keys: its public keys; None where a file has them.
    """

    authorization: str
    token: str
    end_session: str
    states_issuer: bool
    keys: jwt.PyJWKSet | None


class Provider:
    """The identity provider, as it published itself last."""

    def __init__(self, oidc: Oidc, clock: Callable[[], float] = time.monotonic) -> None:
        self.oidc = oidc
        self.clock = clock
        self.lock = threading.Lock()
        self.last: Published | None = None
        self.taken_at = self.tried_at = float("-inf")
        self.knows_all_keys = True

    @property
    def published(self) -> Published | None:
        """What it published within the hour; None where it has not answered."""
        return self.last if self.clock() - self.taken_at < OLDEST else None

    @property
    def keys(self) -> jwt.PyJWKSet | None:
        """Its public keys, within the hour."""
        return self.published.keys if self.published else None

    def note_unknown_key(self) -> None:
        """Have the keys taken anew soon: a token came with one that is not among them."""
        self.knows_all_keys = False

    def refresh(self) -> None:
        """Take what it publishes, where it is time."""
        with self.lock:
            if self.clock() - self.tried_at >= self._pause():
                self._take()

    def _pause(self) -> float:
        """Return how long after the last attempt the next one is due."""
        if self.tried_at != self.taken_at:
            return AFTER_FAILURE
        return AGAIN_AFTER if self.knows_all_keys else AFTER_UNKNOWN_KEY

    def _take(self) -> None:
        was_well = self.tried_at == self.taken_at
        self.tried_at = self.clock()
        try:
            self.last = _published(self.oidc)
        except (requests.RequestException, jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError) as error:
            if was_well:
                LOG.error("the identity provider does not answer as it should: %s", _why(error))
            return
        if not was_well:
            LOG.warning("the identity provider answers again")
        self.taken_at = self.tried_at
        self.knows_all_keys = True


def _why(error: Exception) -> str:
    """Return what the log says of a failure: our own words, or the kind of the error alone."""
    return str(error) if type(error) is ValueError else type(error).__name__


def _published(oidc: Oidc) -> Published:
    """Ask the provider.

    Raises:
        ValueError: its answer is not one to trust.
        requests.RequestException: it does not answer.
    """
    known = _asked(oidc.issuer.rstrip("/") + DISCOVERY)
    if known["issuer"] != oidc.issuer:
        raise ValueError("it says that it is another issuer")
    authorization, token = (_safe(known[f"{name}_endpoint"]) for name in ("authorization", "token"))
    return Published(
        authorization,
        token,
        _safe(known["end_session_endpoint"]) if known.get("end_session_endpoint") else "",
        known.get("authorization_response_iss_parameter_supported") is True,
        None if oidc.keys else jwt.PyJWKSet.from_dict(_asked(_safe(known["jwks_uri"]))),
    )


def _asked(address: str) -> Any:  # noqa: ANN401  JSON
    answer = requests.get(address, timeout=SECONDS, allow_redirects=False, headers={"Accept": "application/json"})
    if answer.status_code != requests.codes.ok:
        raise ValueError(f"it answers with status {answer.status_code}")
    return answer.json()


def _safe(address: str) -> str:
    if not is_safe(address):
        raise ValueError("it names an address that is not https")
    return address

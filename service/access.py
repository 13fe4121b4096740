"""Authentication and authorization: tokens of an identity provider, hashed keys of machines, scopes and areas."""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypedDict

import jwt

from service.live import file_mark
from service.settings import Oidc
from warehouse import clock
from warehouse.errors import DamagedFile
from warehouse.files import read_json

LOG = logging.getLogger("qhawaq.serve")
SCOPES = {
    "predict": "ask for predictions of records that the caller holds",
    "education": "read children of lists and cases of education",
    "protection": "see cases of the protection offices, and decide whose records are",
    "identity": "see who a child is, for a stated reason",
    "feedback": "record visits and what came of them",
}
ALGORITHMS = ["RS256", "ES256", "EdDSA"]
EVERYWHERE = "*"


class Refused(Exception):
    """The caller is not known, or may not do this."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class MachineKey(TypedDict):
    """An entry of the file of API keys."""

    name: str
    sha256: str
    scopes: list[str]
    areas: list[str]
    expires: str


@dataclass(frozen=True)
class Caller:
    """A recognized person or machine.

    Args:
        name: as in the access log.
        scopes: their permissions.
        areas: the places of these: `*`, `region:15`, `ugel:150101`, `school:0123456`, or of protection offices
            `province:1501`.
    """

    name: str
    scopes: frozenset[str]
    areas: frozenset[str]

    def needs(self, scope: str) -> Caller:
        """Return the caller if they have a scope.

        Raises:
            Refused: they have not.
        """
        if scope not in self.scopes:
            raise Refused(403, f"this needs the scope «{scope}»: {SCOPES[scope]}")
        return self

    def sees(self, ugel: str | None, school: str | None) -> bool:
        """Say whether a child of a UGEL and a school is within the caller's areas."""
        office = {f"region:{ugel[:2]}", f"ugel:{ugel}"} if ugel else set()
        own = {EVERYWHERE} | office | ({f"school:{school}"} if school else set())
        return not own.isdisjoint(self.areas)

    def sees_offices(self, province: str) -> bool:
        """Say whether the protection offices of a province are within the caller's areas."""
        return not {EVERYWHERE, f"region:{province[:2]}", f"province:{province}"}.isdisjoint(self.areas)


class Authenticator:
    """Recognizes callers by an API key or a bearer token."""

    def __init__(self, api_keys: Path | None, oidc: Oidc | None) -> None:
        self.api_keys = api_keys
        self.oidc = oidc
        self.machines = _machines(api_keys)
        self.issuers_keys = jwt.PyJWKSet.from_json(oidc.keys.read_text()) if oidc else None
        self.seen = self._marks()

    def _marks(self) -> list[tuple[int, int] | None]:
        return [file_mark(path) for path in (self.api_keys, self.oidc.keys if self.oidc else None)]

    def refresh(self) -> None:
        """Take up keys that were added, replaced or taken away; an unreadable file replaces nothing."""
        if (marks := self._marks()) == self.seen:
            return
        self.seen = marks
        try:
            self.machines = _machines(self.api_keys)
            if self.oidc:
                self.issuers_keys = jwt.PyJWKSet.from_json(self.oidc.keys.read_text())
        except (OSError, ValueError, DamagedFile, jwt.PyJWTError) as error:
            LOG.error("still using the keys from before: %s", type(error).__name__)
        else:
            LOG.info("keys were read again: %s of machines", len(self.machines))

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller of a request.

        Raises:
            Refused: the key or token is not known.
        """
        if key := headers.get("x-api-key"):
            return self._machine(key)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return self._person(token)
        raise Refused(401, "give a bearer token or X-API-Key")

    def _machine(self, key: str) -> Caller:
        digest = hashed(key)
        for known, entry in self.machines.items():
            if hmac.compare_digest(known, digest):
                if datetime.fromisoformat(entry["expires"]) <= clock.now():
                    raise Refused(401, "this API key has expired")
                return Caller(entry["name"], frozenset(entry["scopes"]), frozenset(entry["areas"]))
        raise Refused(401, "this API key is not known")

    def _person(self, token: str) -> Caller:
        if self.oidc is None or self.issuers_keys is None:
            raise Refused(401, "no identity provider is configured here: use X-API-Key")
        try:
            key = self.issuers_keys[jwt.get_unverified_header(token).get("kid", "")]
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self.oidc.audience,
                issuer=self.oidc.issuer,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except (jwt.PyJWTError, KeyError) as error:
            raise Refused(401, f"the token is not accepted: {type(error).__name__}") from None
        scopes, areas = _words(claims.get("scope")), _words(claims.get(self.oidc.areas_claim))
        return Caller(str(claims["sub"]), frozenset(scopes), frozenset(areas))


def _words(claim: object) -> list[str]:
    """Return a claim's values, whether it is a list or a text with blanks."""
    return list(map(str, claim)) if isinstance(claim, list) else str(claim or "").split()


def hashed(key: str) -> str:
    """Return the hash of an API key, which is random and long: one round is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def _machines(path: Path | None) -> dict[str, MachineKey]:
    """Return entries by the hash of their key; without a file no machine has one."""
    if path is None or not path.exists():
        return {}
    entries = read_json(path, list, "restore it, or remove it and make each machine a new key")
    try:
        return {entry["sha256"]: entry for entry in entries}
    except (KeyError, TypeError):
        raise DamagedFile(f"{path} is damaged: an entry has no hash of a key: restore it") from None

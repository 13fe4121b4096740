"""Authentication and authorization: tokens of an identity provider, hashed keys of machines, scopes and areas."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jwt

from service import api_keys, claims
from service.api_keys import MachineKey
from service.last_use import LastUse
from service.live import FileMark, file_mark
from service.permissions import EVERYWHERE, SCOPES
from service.provider import Provider
from service.settings import Oidc
from warehouse.errors import DamagedFile

LOG = logging.getLogger("qhawaq.serve")
LOOK_EVERY = 0.2  # seconds, at requests: a key that was taken away is refused well within a second


class Refused(Exception):
    """The caller is not known, or may not do this."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True)
class Caller:
    """A recognized person or machine.

    Args:
        name: as in the access log.
        scopes: their permissions.
        areas: the places of these: `*`, `region:15`, `ugel:150101`, `school:0123456`, or of protection offices
            `province:1501`.
        shown: what people call the account; empty where only its name is known.
    """

    name: str
    scopes: frozenset[str]
    areas: frozenset[str]
    shown: str = ""

    @property
    def called(self) -> str:
        """What people call the account: a word, so that a colleague can be named by it."""
        return self.shown if self.shown and len(self.shown.split()) == 1 else self.name

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
    """Recognizes callers by an API key or a bearer token.

    What was taken away is never accepted for want of a readable file: of a file that is damaged nothing counts.

    Raises:
        DamagedFile: a file of keys is damaged at the start.
    """

    def __init__(self, api_keys: Path | None, oidc: Oidc | None, provider: Provider | None = None) -> None:
        self.api_keys = api_keys
        self.oidc = oidc
        self.provider = provider
        self.last_use = LastUse(api_keys)
        self.seen = self._marks()
        self.looked_at = time.monotonic()
        self.machines = _machines(api_keys)
        self.keys_of_file = _issuers_keys(oidc)

    def _marks(self) -> list[FileMark | None]:
        return [file_mark(path) for path in (self.api_keys, self.oidc.keys if self.oidc else None)]

    def refresh(self) -> None:
        """Take up keys that were added, replaced or taken away; a file that cannot be read has none."""
        self.looked_at = time.monotonic()
        if (marks := self._marks()) == self.seen:
            return
        before = self.seen
        self.seen = marks
        if marks[0] != before[0]:
            self._take_machines()
        if marks[1] != before[1]:
            self._take_issuers()

    def _take_machines(self) -> None:
        former = self.machines
        try:
            self.machines = _machines(self.api_keys)
        except (OSError, DamagedFile) as error:
            self.machines = {}
            LOG.error("no machine is let in until this is mended: %s", error)
            return
        added, taken = (
            ", ".join(sorted(entry.name for key, entry in some.items() if key not in others)) or "none"
            for some, others in ((self.machines, former), (former, self.machines))
        )
        LOG.warning("keys of machines were read again: new %s; taken away %s", added, taken)

    def _take_issuers(self) -> None:
        try:
            self.keys_of_file = _issuers_keys(self.oidc)
        except (OSError, DamagedFile) as error:
            self.keys_of_file = None
            LOG.error("nobody with a token is let in until this is mended: %s", error)
            return
        LOG.warning("keys of the identity provider were read again")

    def issuers_keys(self) -> jwt.PyJWKSet | None:
        """Return the public keys of the identity provider: those of the file where one is named, else its own."""
        has_file = self.oidc is not None and self.oidc.keys is not None
        return self.keys_of_file if has_file or self.provider is None else self.provider.keys

    def write_last_use(self, is_end: bool = False) -> None:
        """Write when keys were last used, at most once a minute."""
        self.last_use.write(frozenset(self.machines), is_end)

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Return the caller of a request.

        Raises:
            Refused: the key or token is not known.
        """
        if time.monotonic() - self.looked_at >= LOOK_EVERY:
            self.refresh()
        if key := headers.get("x-api-key"):
            return self._machine(key)
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token:
            return self._person(token)
        raise Refused(401, "give a bearer token or X-API-Key")

    def _machine(self, key: str) -> Caller:
        """Return the machine of a key, which is looked up by its hash: how long that takes tells nothing of others."""
        entry = self.machines.get(api_keys.hashed(key))
        if entry is None:
            raise Refused(401, "this API key is not known")
        if entry.is_expired:
            raise Refused(401, "this API key has expired")
        self.last_use.note(entry.sha256)
        return Caller(entry.name, frozenset(entry.scopes), frozenset(entry.areas))

    def _person(self, token: str) -> Caller:
        """Return the person of a token: with the scopes that it names, and those of its roles."""
        keys = self.issuers_keys()
        if self.oidc is None or keys is None:
            raise Refused(401, "no keys of an identity provider are at hand here: use X-API-Key")
        try:
            found = claims.verified(token, keys, self.oidc, self.oidc.audience)
        except claims.NotAccepted as error:
            if self.provider and isinstance(error, claims.UnknownKey):
                self.provider.note_unknown_key()
            raise Refused(401, f"the token is not accepted: {error}") from None
        account = claims.account(self.oidc, found)
        scopes = account.scopes | set(claims.words(found.get("scope")))
        return Caller(account.subject, scopes, account.areas, account.shown)


def _machines(path: Path | None) -> dict[str, MachineKey]:
    """Return entries by the hash of their key; without a file no machine has one."""
    return {entry.sha256: entry for entry in api_keys.read(path)}


def _issuers_keys(oidc: Oidc | None) -> jwt.PyJWKSet | None:
    """Return the public keys of the identity provider.

    Raises:
        DamagedFile: the file holds none.
    """
    if oidc is None or oidc.keys is None:
        return None
    try:
        return jwt.PyJWKSet.from_json(oidc.keys.read_text(encoding="utf-8"))
    except (ValueError, AttributeError, TypeError, jwt.PyJWTError):
        raise DamagedFile(f"{oidc.keys} holds no public keys (JWKS): fetch it again from the provider") from None

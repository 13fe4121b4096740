"""What a token of the identity provider says, once its signature, times, issuer and audience were judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jwt

from service import permissions, roles
from service.settings import Oidc

ALGORITHMS = ["RS256", "ES256", "EdDSA"]  # of key pairs alone: a public key is no secret to sign with
SKEW = 60  # seconds by which the clocks of this machine and of the identity provider may differ
NEEDED = ["exp", "iss", "aud", "sub"]

Claims = Mapping[str, Any]


class NotAccepted(Exception):
    """A token is not accepted; the message says by which rule, and nothing of the token."""


class UnknownKey(NotAccepted):
    """A token is of a key that the provider has not published, or not yet."""


@dataclass(frozen=True)
class Account:
    """An account of the provider, and what it may do here.

    Args:
        subject: its name for good.
        shown: what people call it.
        scopes: those of its roles.
        areas: the places of these.
    """

    subject: str
    shown: str
    scopes: frozenset[str]
    areas: frozenset[str]


def verified(token: str, keys: jwt.PyJWKSet, oidc: Oidc, audience: str) -> Claims:
    """Return the claims of a token.

    Raises:
        NotAccepted: it is not one of this issuer for this audience, or not of now.
        UnknownKey: it names a key that is not among those at hand.
    """
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
        if (key := _key(keys, kid)) is None:
            raise UnknownKey("UnknownKey")
        return jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=audience,
            issuer=oidc.issuer,
            leeway=SKEW,
            options={"require": NEEDED},
        )
    except (jwt.PyJWTError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise NotAccepted(type(error).__name__) from None


def _key(keys: jwt.PyJWKSet, kid: object) -> jwt.PyJWK | None:
    return next((key for key in keys.keys if key.key_id and key.key_id == kid), None)


def account(oidc: Oidc, *tokens: Claims) -> Account:
    """Return the account that tokens are about: the first says who it is, all say what they may do here."""
    first = tokens[0]
    named = [name for claims in tokens for name in roles_of(oidc, claims)]
    areas = [area for claims in tokens for area in words(claims.get(oidc.areas_claim))]
    return Account(
        str(first["sub"]),
        str(first.get("preferred_username") or "")[:80],
        roles.scopes_of(named),
        frozenset(filter(permissions.AREA.fullmatch, areas)),
    )


def roles_of(oidc: Oidc, claims: Claims) -> list[str]:
    """Return the names of roles that a token holds, ours and others."""
    return [name for claim in oidc.roles_claims for name in words(_at(claims, claim))]


def _at(claims: object, path: str) -> object:
    """Return a claim by its name, or by the names on the way to it with dots between; None where there is none."""
    if not isinstance(claims, Mapping):
        return None
    first, _, rest = path.partition(".")
    return claims[path] if path in claims else _at(claims.get(first), rest) if rest else None


def words(claim: object) -> list[str]:
    """Return a claim's values, whether it is a list or a text with blanks."""
    return list(map(str, claim)) if isinstance(claim, list) else str(claim or "").split()

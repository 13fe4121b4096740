"""The identity provider that the environment names, and this service as its client: read once, at the start."""

from __future__ import annotations

import ipaddress
import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from service.settings import Oidc, SignInClient
from warehouse.errors import QhawaqError

PREFIX = "QHAWAQ_OIDC_"
PUBLIC_URL = "QHAWAQ_PUBLIC_URL"


def from_environment() -> Oidc | None:
    """Return the identity provider that the environment names; None where it names none.

    Raises:
        QhawaqError: only some of what a sign-in needs is there, an address is not safe, or others can read the secret.
    """
    client = _client()
    issuer = _given("ISSUER")
    audience = _given("AUDIENCE") or (client.client_id if client else "")
    if client and not issuer:
        raise QhawaqError(f"{PREFIX}CLIENT needs {PREFIX}ISSUER, the provider's address")
    return _named(issuer, audience, client) if issuer and audience else None


def _named(issuer: str, audience: str, client: SignInClient | None) -> Oidc:
    keys = _given("KEYS")
    named = Oidc(issuer, audience, Path(keys) if keys else None, client=client)
    if named.is_asked and not is_safe(issuer):
        raise QhawaqError(f"{PREFIX}ISSUER is an https address: http is for this machine alone")
    claim = _given("ROLES_CLAIM")
    return replace(named, roles_claims=(claim,)) if claim else named


def _given(name: str) -> str:
    return os.environ.get(PREFIX + name, "").strip()


def _client() -> SignInClient | None:
    """Return this service as the provider's client; None where people do not sign in here."""
    client_id = _given("CLIENT")
    file = _given("SECRET_FILE")
    address = os.environ.get(PUBLIC_URL, "").strip().rstrip("/")
    if not (client_id or file):
        return None
    if not (client_id and file and address):
        raise QhawaqError(f"to sign people in, all of {PREFIX}CLIENT, {PREFIX}SECRET_FILE and {PUBLIC_URL} are needed")
    if not is_safe(address) or urlsplit(address)._replace(scheme="", netloc="").geturl():
        raise QhawaqError(f"{PUBLIC_URL} is how browsers reach this service, as https://qhawaq.example.pe: no path")
    return SignInClient(client_id, _secret(Path(file)), address)


def _secret(file: Path) -> str:
    """Return the client's secret, from a file that nobody else can read."""
    try:
        mode = file.stat().st_mode
        secret = file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise QhawaqError(f"{PREFIX}SECRET_FILE names {file}, which cannot be read as a secret") from None
    if mode & 0o077:
        raise QhawaqError(f"{file} can be read by others: chmod 600 {file}")
    if not secret:
        raise QhawaqError(f"{file} is empty: it holds the client's secret")
    return secret


def is_safe(address: str) -> bool:
    """Return whether an address is one to send secrets to: by TLS, or on this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or not address.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"

"""The secret of a home: an age identity, from which all keys are derived by HMAC with a label.

It comes from the environment or a secret file, or is generated once with mode 0600. Without it the vault and the
archive are permanently unreadable.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from warehouse import files
from warehouse.errors import HomeError
from warehouse.settings import SMALLEST_DATABASE

ENVIRONMENT = "QHAWAQ_SECRET"
ENVIRONMENT_FILE = "QHAWAQ_SECRET_FILE"


@dataclass(frozen=True, repr=False)
class Keys:
    """Keys derived from the secret; the secret itself never shows in a repr."""

    secret: str

    def _derived(self, label: str) -> bytes:
        """Return the key for a purpose."""
        return hmac.new(self.secret.encode(), label.encode(), hashlib.sha256).digest()

    @cached_property
    def vault(self) -> str:
        """The encryption key of the vault's DuckDB file."""
        return base64.b64encode(self._derived("vault")).decode()

    @cached_property
    def pads(self) -> tuple[bytes, bytes]:
        """The outer and inner pad of HMAC-SHA256 (RFC 2104) for pseudonyms, so that SQL can compute it."""
        key = self._derived("pseudonym").ljust(64, b"\0")
        return bytes(b ^ 0x5C for b in key), bytes(b ^ 0x36 for b in key)


def hmac_sql(keys: Keys, value: str) -> str:
    """Return SQL for HMAC-SHA256 of a text expression, as hexadecimal (RFC 2104; the pads carry the key)."""
    outer, inner = ("".join(f"\\x{byte:02X}" for byte in pad) for pad in keys.pads)
    return f"sha256('{outer}'::blob || unhex(sha256('{inner}'::blob || encode({value}))))"


def key_sql(keys: Keys, value: str) -> str:
    """Return SQL for an integer pseudonym below 2^52: safe in JSON, browsers and doubles."""
    return f"('0x' || substr({hmac_sql(keys, value)}, 1, 13))::bigint"


def load(secrets: Path) -> Keys:
    """Read the secret, or generate it on first use.

    Raises:
        HomeError: the secret is not an age identity, its file is readable by others, or it is missing where
            something is sealed with it already: another secret would open nothing of that.
    """
    if value := os.environ.get(ENVIRONMENT):
        return _checked(value.strip(), ENVIRONMENT)
    path = _file(secrets)
    if not path.exists():
        check_not_lost(secrets)
        _generate(path)
    if path.stat().st_mode & 0o077:
        raise HomeError(f"{path} can be read by others: chmod 600 {path}")
    return _checked(path.read_bytes().decode(errors="replace").strip(), str(path))


def check_not_lost(secrets: Path) -> None:
    """Check that a home without its secret holds nothing that is sealed with it.

    Raises:
        HomeError: it does: a new secret would open nothing of that.
    """
    path = _file(secrets)
    if os.environ.get(ENVIRONMENT) or path.exists():
        return
    if sealed := next(_sealed(secrets.parent), None):
        raise HomeError(
            f"the secret {path} is missing, and {sealed} was sealed with it: put your copy of the secret there "
            f"(chmod 600), or name it by {ENVIRONMENT_FILE}; another one is not made"
        )


def _file(secrets: Path) -> Path:
    return Path(os.environ.get(ENVIRONMENT_FILE) or secrets / "age.key")


def _sealed(home: Path) -> Iterator[Path]:
    """Yield what is sealed with a home's secret: vault, access log, notes of deletions, archive, collected pages."""
    for name, least in (("vault.duckdb", SMALLEST_DATABASE), ("access_log.jsonl", 1), ("retaining", 1)):
        if (path := home / name).exists() and path.stat().st_size >= least:
            yield path
    for folder in ("archive", "spill", "erasing"):
        yield from (home / folder).rglob("*.age")


def _checked(value: str, origin: str) -> Keys:
    """Return the keys of a secret that is an age identity."""
    import pyrage

    try:
        pyrage.x25519.Identity.from_str(value)
    except pyrage.IdentityError as error:
        raise HomeError(
            f"{origin} holds no age identity (AGE-SECRET-KEY-1…): put your copy of the secret there"
        ) from error
    return Keys(value)


def _generate(path: Path) -> None:
    """Write a new secret; it is never partly written and never readable by others."""
    import pyrage

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write_whole(path, f"{pyrage.x25519.Identity.generate()}\n", 0o600, is_new=True)

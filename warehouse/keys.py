"""The secret of a home: an age identity, from which all keys are derived by HMAC with a label.

It comes from the environment or a secret file, or is generated once with mode 0600. Without it the vault and the
archive are permanently unreadable. A home remembers the fingerprint of its secret (`sealed_with.json`) and refuses
another; after a rotation the same file holds, sealed, the keys that may never change.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from warehouse import files
from warehouse.errors import DamagedFile, HomeError, NotWritten
from warehouse.settings import SMALLEST_DATABASE

ENVIRONMENT = "QHAWAQ_SECRET"
ENVIRONMENT_FILE = "QHAWAQ_SECRET_FILE"
MARK = "sealed_with.json"  # in the home: the fingerprint of its secret, and the constant keys, sealed
ROTATING = "rotating.json"  # in the home while its secret is being replaced
OWN = "age.key"  # in the home's secrets, where no environment names one
CONSTANT = ("pseudonym", "journal")  # what was made with these is stored, and cannot be made again
MARK_ADVICE = "restore it from a backup: without it nobody knows with which keys this home was made"


@dataclass(frozen=True, repr=False)
class Keys:
    """Keys derived from the secret; the secret itself never shows in a repr.

    Args:
        secret: the age identity.
        kept: the constant keys by label, of a home whose secret was replaced: they come from its first one.
    """

    secret: str
    kept: tuple[tuple[str, bytes], ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """What names the secret without telling anything of it."""
        return self._derived("fingerprint").hex()[:16]

    def constant(self, label: str) -> bytes:
        """Return a key that stays when the secret is replaced."""
        return dict(self.kept).get(label) or self._derived(label)

    @property
    def access_log(self) -> bytes:
        """The key of the access log's chain."""
        return self.constant("journal")

    def replaced_by(self, secret: str) -> Keys:
        """Return the keys of another secret for the same home."""
        return Keys(secret, tuple((label, self.constant(label)) for label in CONSTANT))

    def _derived(self, label: str) -> bytes:
        """Return the key for a purpose."""
        return hmac.new(self.secret.encode(), label.encode(), hashlib.sha256).digest()

    @cached_property
    def vault(self) -> str:
        """The encryption key of the vault's DuckDB file.

        It depends on the kept keys: without them, a vault that has pseudonyms of theirs does not open, and none is made
        with another key.
        """
        kept = hashlib.sha256(b"".join(key for _, key in self.kept)).hexdigest() if self.kept else ""
        return base64.b64encode(self._derived(f"vault{kept}")).decode()

    @cached_property
    def pads(self) -> tuple[bytes, bytes]:
        """The outer and inner pad of HMAC-SHA256 (RFC 2104) for pseudonyms, so that SQL can compute it."""
        key = self.constant("pseudonym").ljust(64, b"\0")
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
        HomeError: the secret is not an age identity, is not that of the home, its file is readable by others, or it is
            missing where something is sealed with it already: another secret would open nothing of that.
    """
    if (secrets.parent / ROTATING).exists():
        raise HomeError(
            "the home's secret is being replaced: wait for 'qhawaq rotate-secret', or call it again where it was cut "
            "off; it ends what it began"
        )
    given = at_hand(secrets)
    if given is None:
        check_not_lost(secrets)
        generate(_file(secrets))
        given = of_file(_file(secrets))
    return _recognized(secrets, given)


def at_hand(secrets: Path) -> Keys | None:
    """Return the keys of the secret that the environment or the home's own file holds, None where there is none.

    Raises:
        HomeError: it is not an age identity, or its file is readable by others.
    """
    if value := os.environ.get(ENVIRONMENT):
        return _checked(value.strip(), ENVIRONMENT)
    path = _file(secrets)
    return of_file(path) if path.exists() else None


def of_file(path: Path) -> Keys:
    """Return the keys of the secret in a file.

    Raises:
        HomeError: it is not an age identity, or the file is readable by others.
    """
    if path.stat().st_mode & 0o077:
        raise HomeError(f"{path} can be read by others: chmod 600 {path}")
    return _checked(path.read_bytes().decode(errors="replace").strip(), str(path))


def _recognized(secrets: Path, given: Keys) -> Keys:
    """Return the keys if they are those of the home; a home that remembers none yet takes what opens it.

    Raises:
        HomeError: the home was sealed with another secret.
    """
    home = secrets.parent
    if not (home / MARK).exists():
        if home.is_dir() and _opens(home, given):
            with suppress(OSError, NotWritten):  # a home that can only be read is remembered later
                remember(home, given)
        return given
    if (stated := sealed_with(home)) != given.fingerprint:
        raise HomeError(
            f"{home} is sealed with the secret {stated}, and {origin(secrets)} holds the secret {given.fingerprint}: "
            f"put the right one there, or name its file by {ENVIRONMENT_FILE}"
        )
    return Keys(given.secret, kept_of(home, given.secret))


def origin(secrets: Path) -> str:
    """Return where the secret of a home comes from."""
    return ENVIRONMENT if os.environ.get(ENVIRONMENT) else str(_file(secrets))


def sealed_with(home: Path) -> str | None:
    """Return the fingerprint of the secret that a home or a backup is sealed with, None where it remembers none.

    Raises:
        DamagedFile: the file that says it is damaged.
    """
    path = home / MARK
    if not path.exists():
        return None
    stated = files.read_json(path, dict, MARK_ADVICE).get("fingerprint")
    if not isinstance(stated, str):
        raise DamagedFile(f"{path} is damaged: {MARK_ADVICE}")
    return stated


def kept_of(home: Path, secret: str) -> tuple[tuple[str, bytes], ...]:
    """Return the constant keys that a home holds, sealed with its secret; none where that was never replaced.

    Raises:
        DamagedFile: they do not open.
    """
    import pyrage

    sealed = files.read_json(home / MARK, dict, MARK_ADVICE).get("kept")
    if sealed is None:
        return ()
    try:
        plain = pyrage.decrypt(base64.b64decode(sealed), [pyrage.x25519.Identity.from_str(secret)])
        return tuple((label, bytes.fromhex(key)) for label, key in json.loads(plain).items())
    except (pyrage.DecryptError, ValueError, TypeError, AttributeError):
        raise DamagedFile(f"{home / MARK} is damaged: {MARK_ADVICE}") from None


def remember(home: Path, keys: Keys) -> None:
    """Have a home remember the fingerprint of its secret, and the constant keys that come from an earlier one."""
    import pyrage

    plain = json.dumps({label: key.hex() for label, key in keys.kept}).encode()
    recipient = pyrage.x25519.Identity.from_str(keys.secret).to_public()
    sealed = base64.b64encode(pyrage.encrypt(plain, [recipient])).decode() if keys.kept else None
    files.write_whole(home / MARK, json.dumps({"fingerprint": keys.fingerprint, "kept": sealed}, indent=1), 0o600)


def _opens(home: Path, keys: Keys) -> bool:
    """Return whether a secret opens a home's vault, or without one a sealed file; true where nothing is sealed."""
    vault = home / "vault.duckdb"
    if vault.exists() and vault.stat().st_size >= SMALLEST_DATABASE:
        from warehouse import database  # it imports this module

        return database.opens_vault(vault, keys)
    sealed = sorted(_sealed_files(home), key=lambda path: path.stat().st_size)
    return any(opens_file(path, keys) for path in sealed[:3]) or not sealed


def opens_file(path: Path, keys: Keys) -> bool:
    """Return whether a secret opens a sealed file."""
    import pyrage

    try:
        pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(keys.secret)])
    except pyrage.DecryptError:
        return False
    return True


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
    return Path(os.environ.get(ENVIRONMENT_FILE) or secrets / OWN)


def _sealed(home: Path) -> Iterator[Path]:
    """Yield what is sealed with a home's secret: vault, access log, notes of deletions, archive, collected pages."""
    for name, least in (("vault.duckdb", SMALLEST_DATABASE), ("access_log.jsonl", 1), ("retaining", 1), (MARK, 1)):
        if (path := home / name).exists() and path.stat().st_size >= least:
            yield path
    yield from _sealed_files(home)


def _sealed_files(home: Path) -> Iterator[Path]:
    """Yield the files of a home in the age format that are named so."""
    for folder in ("archive", "spill", "erasing", "visits"):
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


def generate(path: Path) -> None:
    """Write a new secret; it is never partly written and never readable by others."""
    import pyrage

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write_whole(path, f"{pyrage.x25519.Identity.generate()}\n", 0o600, is_new=True)

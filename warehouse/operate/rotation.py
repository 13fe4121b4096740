"""Another secret for a home: everything sealed is sealed anew, and the keys of children stay.

It is noted before the first step, and each step looks what is done already: cut off, another call ends it. Until then
no command opens anything sealed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse import database, files, keys
from warehouse.errors import DamagedFile, HomeError, HomeInUse, NotWritten, UsageError
from warehouse.files import read_json, write_whole
from warehouse.keys import Keys
from warehouse.landing import archive
from warehouse.machine import RESTORE
from warehouse.operate import beside, contents
from warehouse.settings import SMALLEST_DATABASE, Home

NEXT = "age-next.key"  # in the home's secrets, until it takes the place of its own
ADVICE = "it notes a replacement of the secret that was cut off: restore a backup, which opens with the former secret"


@dataclass(frozen=True)
class Rotation:
    """A replacement of a home's secret that was begun.

    Args:
        old: the keys before.
        new: the keys afterwards.
        file: where the new secret lies.
        is_own: whether it takes the place of the secret in the home, or the environment has to name it.
    """

    old: Keys
    new: Keys
    file: Path
    is_own: bool


@dataclass(frozen=True)
class Rotated:
    """A replacement that has ended.

    Args:
        old: the fingerprint of the secret before.
        new: the fingerprint of the secret now.
        old_file: where the former secret lies, where that is known.
        new_file: where the new secret lies.
        is_own: whether commands find it there by themselves.
        n_files: how many files were looked at, beside the vault.
        unread: those that open with neither secret, as they are damaged.
    """

    old: str
    new: str
    old_file: str
    new_file: Path
    is_own: bool
    n_files: int
    unread: tuple[str, ...]


def rotate(home: Home, to: Path | None) -> Rotated:
    """Seal a home with another secret, or end what was begun.

    Args:
        home: the home.
        to: where the new secret lies, or is made; without it, in the place of the home's own.

    Raises:
        UsageError: the secret comes from the environment and `to` is not given, or it holds the one that is in use.
        HomeError: another process uses a database of the home.
    """
    with database.warehouse(home) if home.warehouse.exists() else nullcontext():  # nobody lands or erases meanwhile
        rotation = _noted(home) if home.rotating.exists() else _begun(home, to)
        sealed = list(_sealed(home))
        unread = tuple(str(path.relative_to(home.root)) for path in sealed if not _reseal(path, rotation))
        _reseal_vault(home, rotation)
        beside.remember_secret(home, rotation.old)
        keys.remember(home.root, rotation.new)
    old_file = _switch(home, rotation)
    home.rotating.unlink()
    files.sync(home.root)
    return Rotated(
        old=rotation.old.fingerprint,
        new=rotation.new.fingerprint,
        old_file=old_file,
        new_file=home.secrets / keys.OWN if rotation.is_own else rotation.file,
        is_own=rotation.is_own,
        n_files=len(sealed),
        unread=unread,
    )


def _begun(home: Home, to: Path | None) -> Rotation:
    """Make the new secret where there is none yet, and note what is begun."""
    old = keys.load(home.secrets)
    if to is None and (os.environ.get(keys.ENVIRONMENT) or os.environ.get(keys.ENVIRONMENT_FILE)):
        raise UsageError(
            f"the secret comes from {keys.origin(home.secrets)}: name by --to the file where the new one lies or is "
            "made, and afterwards name that file where this one is named"
        )
    file = (to or home.secrets / NEXT).absolute()
    if not file.exists():
        keys.generate(file)
    new = old.replaced_by(keys.of_file(file).secret)
    if new.fingerprint == old.fingerprint:
        raise UsageError(f"{file} holds the secret that is in use: name a file that does not exist yet")
    _check_vault(home, old)
    rotation = Rotation(old, new, file, to is None)
    _note(home, rotation)
    return rotation


def _check_vault(home: Home, old: Keys) -> None:
    """Open the vault for writing, so that nothing is begun while somebody uses it or where it is damaged."""
    if home.vault.exists():
        with database.scratch(home) as db:
            database.attach_vault(db, home, old)


def _note(home: Home, rotation: Rotation) -> None:
    """Note what is begun; the former secret only sealed with the new one, which alone can end it."""
    import pyrage

    recipient = pyrage.x25519.Identity.from_str(rotation.new.secret).to_public()
    note = {
        "file": str(rotation.file),
        "is_own": rotation.is_own,
        "new": rotation.new.fingerprint,
        "old_secret": base64.b64encode(pyrage.encrypt(rotation.old.secret.encode(), [recipient])).decode(),
    }
    write_whole(home.rotating, json.dumps(note, indent=1), 0o600)


def _noted(home: Home) -> Rotation:
    """Return what was begun.

    Raises:
        HomeError: the new secret is not where it was.
        DamagedFile: the note is damaged.
    """
    import pyrage

    note: dict[str, Any] = read_json(home.rotating, dict, ADVICE)
    try:
        file = Path(note["file"])
        is_own = bool(note["is_own"])
        fingerprint = str(note["new"])
        secret = _new_secret(home, file, fingerprint)
        old = pyrage.decrypt(base64.b64decode(note["old_secret"]), [pyrage.x25519.Identity.from_str(secret)]).decode()
    except (KeyError, TypeError, ValueError, pyrage.DecryptError):
        raise DamagedFile(f"{home.rotating} is damaged: {ADVICE}") from None
    if keys.sealed_with(home.root) == fingerprint:
        return Rotation(Keys(old), Keys(secret, keys.kept_of(home.root, secret)), file, is_own)
    former = Keys(old, keys.kept_of(home.root, old))
    return Rotation(former, former.replaced_by(secret), file, is_own)


def _new_secret(home: Home, file: Path, fingerprint: str) -> str:
    """Return the new secret from its file, or from where it has been put already."""
    found = [keys.of_file(path) for path in (file, home.secrets / keys.OWN) if path.exists()]
    if given := keys.at_hand(home.secrets):
        found.append(given)
    secret = next((one.secret for one in found if one.fingerprint == fingerprint), None)
    if secret is None:
        raise HomeError(f"the new secret {fingerprint} is not in {file} any more: put it back there, then call again")
    return secret


def _sealed(home: Home) -> Iterator[Path]:
    """Yield every sealed file of a home but the vault, in the archive first."""
    yield from sorted(path for path in home.root.rglob("*.age") if not path.name.startswith("."))
    if home.retaining.exists():
        yield home.retaining


def _reseal(path: Path, rotation: Rotation) -> bool:
    """Seal a file with the new secret; say whether it opens with that now. One that is damaged is left as it is."""
    import pyrage

    try:
        content = archive.unsealed(path, rotation.old)
    except DamagedFile:
        return archive.held(path, rotation.new) is not None
    sha256 = hashlib.sha256(content).hexdigest()

    def check(aside: Path) -> None:
        if archive.held(aside, rotation.new) != sha256:
            raise NotWritten(f"{path} does not open as it was written: {files.LOOK_AT_THE_DISK}")

    with files.writing(path, path.stat().st_mode & 0o777, check) as stream:
        stream.write(pyrage.encrypt(content, [pyrage.x25519.Identity.from_str(rotation.new.secret).to_public()]))
    return True


def _reseal_vault(home: Home, rotation: Rotation) -> None:
    """Copy the vault into one of the new key, compare every value, and let it take its place.

    Raises:
        HomeInUse: somebody uses it.
        DamagedFile: it cannot be read whole.
    """
    if not home.vault.exists() or home.vault.stat().st_size < SMALLEST_DATABASE or _is_resealed(home, rotation.new):
        return
    with database.scratch(home) as db:
        database.attach_vault(db, home, rotation.old)  # a log that a killed process left becomes part of the file
        db.execute("checkpoint vault; detach vault")
        database.attach_vault(db, home, rotation.old, read_only=True)  # nobody can write it until the new one is there
        with files.replacing(home.vault) as aside:
            _copy(db, aside, rotation.new)
            if home.vault.with_name(f"{home.vault.name}.wal").exists():
                raise HomeInUse(f"another process has written {home.vault}: call again")


def _is_resealed(home: Home, new: Keys) -> bool:
    try:
        with database.scratch(home) as db:
            database.attach_vault(db, home, new, read_only=True)
    except HomeInUse:
        raise
    except HomeError:
        return False
    return True


def _copy(db: duckdb.DuckDBPyConnection, aside: Path, new: Keys) -> None:
    try:
        db.execute(f"attach {database.quoted(str(aside), chr(39))} as fresh (encryption_key '{new.vault}')")
        db.execute("copy from database vault to fresh")
        held, written = ({name: contents.digest(db, name, of) for name in _tables(db)} for of in ("vault", "fresh"))
        db.execute("checkpoint fresh; detach fresh")
    except duckdb.Error as error:  # its text can hold the key
        raise DamagedFile(f"the vault cannot be copied whole ({type(error).__name__}): {RESTORE}") from None
    if held != written:
        raise NotWritten(f"the copy of the vault is not what was read: {files.LOOK_AT_THE_DISK}")


def _tables(db: duckdb.DuckDBPyConnection) -> list[str]:
    return [table.partition(".")[2] for table in contents.tables(db, "vault")]


def _switch(home: Home, rotation: Rotation) -> str:
    """Put the new secret in the place of the home's own; return where the former one lies."""
    if not rotation.is_own:
        return keys.origin(home.secrets) if _is_at_hand(home, rotation.old) else "where you keep it"
    former = home.secrets / f"age-{rotation.old.fingerprint}.key"
    write_whole(former, f"{rotation.old.secret}\n", 0o600)
    write_whole(home.secrets / keys.OWN, f"{rotation.new.secret}\n", 0o600)
    rotation.file.unlink(missing_ok=True)
    return str(former)


def _is_at_hand(home: Home, given: Keys) -> bool:
    found = keys.at_hand(home.secrets)
    return found is not None and found.fingerprint == given.fingerprint

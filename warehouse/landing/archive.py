"""The encrypted archive: what was delivered, in the age format, so that any age tool can open it with the key."""

from __future__ import annotations

from pathlib import Path

from warehouse import files
from warehouse.deliveries import Status
from warehouse.errors import HomeError
from warehouse.keys import Keys
from warehouse.settings import Home


def archived(home: Home, status: Status, file: str, sha256: str) -> Path:
    """Return where a delivery with this name and content lies once archived; superseding moves no file."""
    folder = Status.LANDED if status == Status.SUPERSEDED else status
    return home.archive / folder / f"{sha256[:16]}_{file}.age"


def keep(home: Home, keys: Keys, path: Path, status: Status, file: str, sha256: str) -> None:
    """Encrypt a delivery into the archive and remove it from the inbox; safe to repeat at any moment."""
    import pyrage

    target = archived(home, status, file, sha256)
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        recipient = pyrage.x25519.Identity.from_str(keys.secret).to_public()
        with files.replacing(target) as aside, path.open("rb") as plain, aside.open("wb") as sealed:
            pyrage.encrypt_io(plain, sealed, [recipient])
    path.unlink()


def seal(path: Path, content: bytes, keys: Keys) -> None:
    """Write a small file so that only the home's secret opens it, the old or the new content, never a part."""
    import pyrage

    with files.replacing(path) as aside:
        aside.write_bytes(pyrage.encrypt(content, [pyrage.x25519.Identity.from_str(keys.secret).to_public()]))


def unsealed(path: Path, keys: Keys) -> bytes:
    """Return what was sealed."""
    import pyrage

    return pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(keys.secret)])


def opened(home: Home, keys: Keys, file: str, sha256: str, status: Status = Status.LANDED) -> bytes:
    """Return the content of an archived delivery, unpacked if it came packed.

    Raises:
        HomeError: it is not in the archive any more.
    """
    import gzip

    path = archived(home, status, file, sha256)
    if not path.exists():
        raise HomeError(f"{path.name} is not in the archive: was it deleted because its time was over?")
    content = unsealed(path, keys)
    return gzip.decompress(content) if file.endswith(".gz") else content

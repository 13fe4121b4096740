"""The encrypted archive of deliveries, in the age format: any age tool opens it with the home's secret."""

from __future__ import annotations

from pathlib import Path

from warehouse import files
from warehouse.deliveries import Status
from warehouse.errors import HomeError
from warehouse.keys import Keys
from warehouse.settings import Home

UNNAMED = "unnamed"  # the name of a refused file whose own name is unsafe


def archived(home: Home, status: Status, file: str, sha256: str) -> Path:
    """Return the archive path of a delivery; a superseded or withdrawn one stays in the folder of landed ones."""
    folder = Status.LANDED if status in (Status.SUPERSEDED, Status.WITHDRAWN) else status
    return home.archive / folder / f"{sha256[:16]}_{file}.age"


def delivered_name(path: Path) -> str:
    """Return the name of an archived delivery in the ledger."""
    return path.name.partition("_")[2].removesuffix(".age")


def keep(home: Home, keys: Keys, path: Path, status: Status, file: str, sha256: str) -> None:
    """Encrypt a delivery into the archive and remove it from the inbox; idempotent."""
    import pyrage

    target = archived(home, status, file, sha256)
    if not target.exists():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        recipient = pyrage.x25519.Identity.from_str(keys.secret).to_public()
        with files.replacing(target) as aside, path.open("rb") as plain, aside.open("wb") as sealed:
            pyrage.encrypt_io(plain, sealed, [recipient])
    path.unlink()


def seal(path: Path, content: bytes, keys: Keys) -> None:
    """Encrypt content with the home's secret into a file, which holds the old or the new content, never a part."""
    import pyrage

    with files.replacing(path) as aside:
        aside.write_bytes(pyrage.encrypt(content, [pyrage.x25519.Identity.from_str(keys.secret).to_public()]))


def unsealed(path: Path, keys: Keys) -> bytes:
    """Return the plain content of a sealed file."""
    import pyrage

    return pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(keys.secret)])


def opened(home: Home, keys: Keys, file: str, sha256: str, status: Status = Status.LANDED) -> bytes:
    """Return the content of an archived delivery, decompressed if it was delivered compressed.

    Raises:
        HomeError: the archive no longer holds it.
    """
    import gzip

    path = archived(home, status, file, sha256)
    if not path.exists():
        raise HomeError(f"{path.name} is not in the archive: was it deleted because its time was over?")
    content = unsealed(path, keys)
    return gzip.decompress(content) if file.endswith(".gz") else content

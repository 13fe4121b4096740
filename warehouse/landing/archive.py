"""The encrypted archive of deliveries, in the age format: any age tool opens it with the home's secret."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from warehouse import files
from warehouse.deliveries import Status
from warehouse.errors import DamagedFile, HomeError, NotWritten
from warehouse.keys import Keys
from warehouse.settings import Home

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNNAMED = "unnamed"  # the name of a refused file whose own name is unsafe


def archived(home: Home, status: Status, file: str, sha256: str) -> Path:
    """Return the archive path of a delivery; a superseded or withdrawn one stays in the folder of landed ones."""
    folder = Status.LANDED if status in (Status.SUPERSEDED, Status.WITHDRAWN) else status
    return home.archive / folder / f"{sha256[:16]}_{file}.age"


def delivered_name(path: Path) -> str:
    """Return the name of an archived delivery in the ledger."""
    return path.name.partition("_")[2].removesuffix(".age")


class Changed(Exception):
    """A delivery is not any more what was read of it."""


class _Read(io.RawIOBase):
    """A file that is read: the hash of its content, and the first error, of which age keeps nothing but a text."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file = file
        self.hash = hashlib.sha256()
        self.error: OSError | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Read some bytes."""
        try:
            block = self._file.read(size)
        except OSError as error:
            self.error = error
            raise
        self.hash.update(block)
        return block


class _Hashed(io.RawIOBase):
    """Takes content and keeps nothing but its hash."""

    def __init__(self) -> None:
        super().__init__()
        self.hash = hashlib.sha256()

    def write(self, content: ReadableBuffer, /) -> int:
        """Take some bytes."""
        self.hash.update(content)
        return memoryview(content).nbytes


def put(home: Home, keys: Keys, path: Path, status: Status, file: str, sha256: str) -> None:
    """Encrypt a delivery into the archive, where it is then known to open and to hold what was read; idempotent.

    A damaged file of the archive is replaced.

    Raises:
        Changed: the delivery has another content by now.
        NotWritten: the disk does not hold what was written.
    """
    import pyrage

    target = archived(home, status, file, sha256)
    if holds(target, keys, sha256):
        return

    def check(aside: Path) -> None:
        if not holds(aside, keys, sha256):
            raise NotWritten(f"{target} does not open as it was written: {files.LOOK_AT_THE_DISK}")

    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    recipient = pyrage.x25519.Identity.from_str(keys.secret).to_public()
    with path.open("rb") as opened, files.naming(path), files.writing(target, check=check) as sealed:
        plain = _Read(opened)
        try:
            pyrage.encrypt_io(plain, sealed, [recipient])
        except pyrage.EncryptError as error:
            raise plain.error or error from None
        if plain.hash.hexdigest() != sha256:
            raise Changed


def take_away(path: Path) -> None:
    """Remove a delivery from the inbox, once the archive holds it."""
    path.unlink()
    files.sync(path.parent)


def holds(path: Path, keys: Keys, sha256: str) -> bool:
    """Return whether a file of the archive opens and holds the content of a hash."""
    return path.exists() and held(path, keys) == sha256


def held(path: Path, keys: Keys) -> str | None:
    """Return the hash of what a file of the archive holds, None where it does not open."""
    import pyrage

    plain = _Hashed()
    with path.open("rb") as file, files.naming(path):
        sealed = _Read(file)
        try:
            pyrage.decrypt_io(sealed, plain, [pyrage.x25519.Identity.from_str(keys.secret)])
        except (pyrage.DecryptError, OSError):  # an error of age itself has no number
            if sealed.error:
                raise sealed.error from None
            return None
    return plain.hash.hexdigest()


def seal(path: Path, content: bytes, keys: Keys) -> None:
    """Encrypt content with the home's secret into a file, which holds the old or the new content, never a part."""
    seal_to(path, content, recipient(keys))


def seal_to(path: Path, content: bytes, public_key: str) -> None:
    """Encrypt content into a file that opens with the secret of a public key."""
    import pyrage

    files.write_whole(path, pyrage.encrypt(content, [pyrage.x25519.Recipient.from_str(public_key)]))


def recipient(keys: Keys) -> str:
    """Return the public key of a secret, which seals and opens nothing."""
    import pyrage

    return str(pyrage.x25519.Identity.from_str(keys.secret).to_public())


def unsealed(path: Path, keys: Keys) -> bytes:
    """Return the plain content of a sealed file.

    Raises:
        DamagedFile: it does not open.
    """
    import pyrage

    try:
        return pyrage.decrypt(path.read_bytes(), [pyrage.x25519.Identity.from_str(keys.secret)])
    except pyrage.DecryptError:
        raise DamagedFile(
            f"{path} does not open: it is damaged or sealed with another secret: send the same delivery again, or "
            "restore the file from a backup"
        ) from None


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

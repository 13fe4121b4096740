"""Backups: a copy of a home with the hash of every file, restored only where every hash agrees.

Secrets and the inbox are left out: a backup that carried the key would open the vault for whoever finds it, and what is
not landed yet holds identities in the open; senders still have it.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from warehouse import database, files, keys
from warehouse.errors import DamagedFile, HomeError
from warehouse.files import write_whole
from warehouse.notify import outbox
from warehouse.settings import Home

LEFT_OUT = ("inbox", "secrets", "spill")
MANIFEST = "backup.json"
KEEP = 7


def folder(home: Home) -> Path:
    """Return where backups go: $QHAWAQ_BACKUPS, else a folder beside the home."""
    return Path(os.environ.get("QHAWAQ_BACKUPS") or home.root.with_name(f"{home.root.name}-backups")).absolute()


def write(home: Home, to: Path, keep: int = KEEP) -> dict[str, object]:
    """Copy a home into a new folder while nobody else can write it; forget all but the newest backups.

    Args:
        home: the home.
        to: where backups go.
        keep: how many stay.

    Raises:
        HomeError: the backups would lie in the home, or another process writes the warehouse or tells people.
    """
    if to.is_relative_to(home.root):
        raise HomeError(f"{to} lies in the home itself: name another place for backups")
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside = to / f".{name}.tmp"
    aside.mkdir(parents=True, mode=0o700)
    with database.warehouse(home) as db:  # holds the lock: landing and builds wait, and so does the vault
        db.execute("checkpoint")
        with outbox.alone(home):
            hashes = {str(path): _copied(home.root / path, aside / path) for path in _files(home)}
    links = {str(path): str((home.root / path).readlink()) for path in _links(home)}
    said = {"kind": home.kind, "written_at": name, "files": hashes, "links": links}
    write_whole(aside / MANIFEST, json.dumps(said, indent=1))
    aside.rename(to / name)
    for old in sorted(path for path in to.iterdir() if (path / MANIFEST).exists())[:-keep]:
        shutil.rmtree(old)
    return {"backup": str(to / name), "files": len(hashes)}


def _paths(home: Home) -> Iterator[Path]:
    for path in sorted(home.root.rglob("*")):
        inner = path.relative_to(home.root)
        if inner.parts[0] not in LEFT_OUT:
            yield inner


def _files(home: Home) -> list[Path]:
    """Return the files, the warehouse last: closing our second handle of it would give its lock away."""
    found = [path for path in _paths(home) if (home.root / path).is_file() and not (home.root / path).is_symlink()]
    return sorted(found, key=lambda path: (home.root / path == home.warehouse, path))


def _links(home: Home) -> list[Path]:
    return [path for path in _paths(home) if (home.root / path).is_symlink()]


def _copied(source: Path, target: Path) -> str:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    shutil.copy2(source, target)
    return files.sha256(target)


def restore(backup: Path, to: Path) -> dict[str, object]:
    """Make a home of a backup. Its secret has to be put into `secrets/` by hand.

    Raises:
        HomeError: there is no backup, or something lies where the home should go.
        DamagedFile: a file is missing or not what the manifest states; nothing is restored.
    """
    if not (backup / MANIFEST).exists():
        raise HomeError(f"{backup} is no backup: it holds no {MANIFEST}")
    if to.exists() and any(to.iterdir()):
        raise HomeError(f"{to} is not empty: restore beside it, look, and then move it")
    said = json.loads((backup / MANIFEST).read_text())
    _check(backup, said["files"])
    aside = to.with_name(f".{to.name}.restoring")
    shutil.rmtree(aside, ignore_errors=True)
    for name in said["files"]:
        _copied(backup / name, aside / name)
    for name, target in said["links"].items():
        (aside / name).symlink_to(target)
    home = Home(aside)
    home.claim(said["kind"])
    aside.chmod(0o700)
    if to.exists():
        to.rmdir()
    aside.rename(to)
    return {"home": str(to), "files": len(said["files"]), "written_at": said["written_at"]}


def _check(backup: Path, stated: dict[str, str]) -> None:
    if missing := sorted(name for name in stated if not (backup / name).is_file()):
        raise DamagedFile(f"{backup} lacks {', '.join(missing[:5])}: take another backup")
    if changed := [name for name, sha256 in stated.items() if files.sha256(backup / name) != sha256]:
        raise DamagedFile(f"{backup}: {', '.join(changed[:5])} are not what the manifest states: take another backup")


def rehearse(home: Home, backup: Path) -> dict[str, object]:
    """Restore a backup into a temporary home, open its warehouse and its vault as the pipeline does, and remove it.

    Raises:
        DamagedFile: it cannot be restored.
    """
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=backup.parent) as place:
        again = Home(Path(place) / "home")
        restore(backup, again.root)
        with database.warehouse(again, read_only=True) as db:
            tables = len(db.execute("select * from duckdb_tables()").fetchall())
            database.attach_vault(db, again, keys.load(home.secrets), read_only=True)
        return {"tables": tables, "bytes": sum(path.stat().st_size for path in again.root.rglob("*") if path.is_file())}

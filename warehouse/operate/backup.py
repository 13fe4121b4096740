"""Backups: copies of a home with a hash per file, restored only if every hash agrees.

Secrets and the inbox are excluded: with the key, a lost backup would reveal the vault, and files in the inbox hold
identities in the clear; their senders still have them.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse import clock, database, files, keys
from warehouse.errors import DamagedFile, HomeError
from warehouse.files import write_whole
from warehouse.notify import outbox
from warehouse.settings import Home

LEFT_OUT = ("inbox", "secrets", "spill")
MANIFEST = "backup.json"
KEEP = 7


@dataclass(frozen=True)
class Backup:
    """A backup that was written."""

    folder: Path
    n_files: int


@dataclass(frozen=True)
class Restored:
    """A home that was restored from a backup."""

    home: Path
    n_files: int
    written_at: str  # when the backup was written, as its folder's name


@dataclass(frozen=True)
class Rehearsal:
    """A backup that was restored, opened and removed again."""

    n_tables: int  # of the warehouse
    n_bytes: int  # of all files


def folder(home: Home) -> Path:
    """Return the folder of backups: $QHAWAQ_BACKUPS, else one beside the home."""
    return Path(os.environ.get("QHAWAQ_BACKUPS") or home.root.with_name(f"{home.root.name}-backups")).absolute()


def write(home: Home, to: Path, keep: int = KEEP) -> Backup:
    """Copy a home into a new folder while no other process can write it; delete all but the newest backups.

    Args:
        home: the home.
        to: the folder of backups.
        keep: the number of backups to keep.

    Raises:
        HomeError: the backups would lie in the home, or another process writes the warehouse or sends notifications.
    """
    if to.is_relative_to(home.root):
        raise HomeError(f"{to} lies in the home itself: name another place for backups")
    name = f"{clock.now():%Y%m%dT%H%M%S%f}"
    aside = to / f".{name}.tmp"
    aside.mkdir(parents=True, mode=0o700)
    with database.warehouse(home) as db:  # its lock stops landing and builds, and so writes to the vault
        db.execute("checkpoint")
        with outbox.alone(home):
            hashes = {str(path): _copied(home.root / path, aside / path) for path in _files(home)}
    links = {str(path): str((home.root / path).readlink()) for path in _links(home)}
    stated = {"kind": home.kind, "written_at": name, "files": hashes, "links": links}
    write_whole(aside / MANIFEST, json.dumps(stated, indent=1))
    _sync_folders(aside)
    aside.rename(to / name)
    files.sync(to)
    for old in sorted(path for path in to.iterdir() if (path / MANIFEST).exists())[:-keep]:
        shutil.rmtree(old)
    return Backup(to / name, len(hashes))


def _paths(home: Home) -> Iterator[Path]:
    """Yield the paths of a backup, relative to the home."""
    for path in sorted(home.root.rglob("*")):
        inner = path.relative_to(home.root)
        if inner.parts[0] not in LEFT_OUT:
            yield inner


def _files(home: Home) -> list[Path]:
    """Return the files, the warehouse last: closing a second handle of it would release its lock."""
    paths = [path for path in _paths(home) if (home.root / path).is_file() and not (home.root / path).is_symlink()]
    return sorted(paths, key=lambda path: (home.root / path == home.warehouse, path))


def _links(home: Home) -> list[Path]:
    return [path for path in _paths(home) if (home.root / path).is_symlink()]


def _copied(source: Path, target: Path) -> str:
    """Copy a file and return the copy's hash."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return files.copied(source, target)


def _sync_folders(folder: Path) -> None:
    """Have every name below a folder on disk, the innermost first."""
    for path in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        files.sync(path)
    files.sync(folder)


def restore(backup: Path, to: Path) -> Restored:
    """Restore a backup as a home. Its secret has to be put into `secrets/` by hand.

    Raises:
        HomeError: the folder is no backup, or the home's folder is not empty.
        DamagedFile: a file is missing or differs from the manifest; nothing is restored.
    """
    if not (backup / MANIFEST).exists():
        raise HomeError(f"{backup} is no backup: it holds no {MANIFEST}")
    if to.exists() and any(to.iterdir()):
        raise HomeError(f"{to} is not empty: restore beside it, look, and then move it")
    stated = files.read_json(backup / MANIFEST, dict, "take another backup")
    if not {"kind", "written_at", "files", "links"} <= stated.keys():
        raise DamagedFile(f"{backup / MANIFEST} is damaged, it does not state everything: take another backup")
    _check(backup, stated["files"])
    aside = to.with_name(f".{to.name}.restoring")
    shutil.rmtree(aside, ignore_errors=True)
    for name, sha256 in stated["files"].items():
        if _copied(backup / name, aside / name) != sha256:
            raise DamagedFile(f"{backup}: {name} changed while it was restored: call again")
    for name, target in stated["links"].items():
        (aside / name).symlink_to(target)
    home = Home(aside)
    home.claim(stated["kind"])
    aside.chmod(0o700)
    if to.exists():
        to.rmdir()
    _sync_folders(aside)
    aside.rename(to)
    files.sync(to.parent)
    return Restored(to, len(stated["files"]), stated["written_at"])


def _changed(backup: Path, stated: dict[str, str]) -> list[str]:
    """Return the files whose content is not the stated one."""
    return [name for name, sha256 in stated.items() if files.sha256(backup / name) != sha256]


def _check(backup: Path, stated: dict[str, str]) -> None:
    """Refuse a backup whose files differ from the hashes that its manifest states."""
    if missing := sorted(name for name in stated if not (backup / name).is_file()):
        raise DamagedFile(f"{backup} lacks {', '.join(missing[:5])}: take another backup")
    if changed := _changed(backup, stated):
        raise DamagedFile(f"{backup}: {', '.join(changed[:5])} are not what the manifest states: take another backup")


def rehearse(home: Home, backup: Path) -> Rehearsal:
    """Restore a backup into a temporary home, open its warehouse and vault, and remove it.

    Raises:
        DamagedFile: it cannot be restored.
    """
    with tempfile.TemporaryDirectory(prefix="rehearsal-", dir=backup.parent) as temporary:
        again = Home(Path(temporary) / "home")
        restore(backup, again.root)
        with database.warehouse(again, read_only=True) as db:
            n_tables = database.value(db, "select count(*) from duckdb_tables()")
            database.attach_vault(db, again, keys.load(home.secrets), read_only=True)
        n_bytes = sum(path.stat().st_size for path in again.root.rglob("*") if path.is_file())
    return Rehearsal(n_tables, n_bytes)

"""Backups: copies of a home with a hash per file, restored only if every hash agrees.

Secrets and the inbox are excluded: with the key, a lost backup would reveal the vault, and files in the inbox hold
identities in the clear; their senders still have them.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse import clock, database, files, keys
from warehouse.errors import DamagedFile, HomeError
from warehouse.files import read_json, write_whole
from warehouse.notify import outbox
from warehouse.operate import beside, contents
from warehouse.operate.contents import Rows
from warehouse.settings import Home

LEFT_OUT = ("inbox", "secrets", "spill")
MANIFEST = "backup.json"
KEEP = 7
ANOTHER = "take another backup"


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
    rows: Rows  # that its databases have to have


@dataclass(frozen=True)
class Rehearsal:
    """A backup that was restored, opened and removed again."""

    n_tables: int  # of both databases, each read whole
    n_bytes: int  # of all files


def folder(home: Home) -> Path:
    """Return the folder of backups: $QHAWAQ_BACKUPS, else one beside the home."""
    return Path(os.environ.get("QHAWAQ_BACKUPS") or home.root.with_name(f"{home.root.name}-backups")).absolute()


def write(home: Home, to: Path, keep: int = KEEP) -> Backup:
    """Copy a home into a new folder while no other process can write it; delete all but the newest backups.

    Both databases of the copy are read whole before it counts: a damaged home makes no backup, and no good one goes.

    Args:
        home: the home.
        to: the folder of backups.
        keep: the number of backups to keep.

    Raises:
        HomeError: the backups would lie in the home, or another process writes the warehouse or sends notifications.
        DamagedFile: a database of the home cannot be read.
    """
    if to.is_relative_to(home.root):
        raise HomeError(f"{to} lies in the home itself: name another place for backups")
    to.mkdir(parents=True, exist_ok=True, mode=0o700)
    files.remove_unfinished_folders(to)
    earlier = _earlier(to)
    name = f"{clock.now():%Y%m%dT%H%M%S%f}"
    stated: dict[str, Any] = {"kind": home.kind, "written_at": name, "number": max(earlier.values(), default=0) + 1}
    with files.new_folder(to / name) as aside:
        stated |= _copy(home, aside)
        contents.check(Home(aside), home.secrets, stated["rows"])
        write_whole(aside / MANIFEST, json.dumps(stated, indent=1))
    _note_folder(home, to)
    beside.remember(home, to, is_new=True)
    for old in sorted(earlier, key=lambda path: (earlier[path], path), reverse=True)[keep - 1 :]:
        shutil.rmtree(old)
    return Backup(to / name, len(stated["files"]))


def tell_backups(home: Home) -> list[str]:
    """Note beside all backups of a home whom it erased and what was decided.

    Returns:
        The folders that are not there, or whose lists cannot be read or written.
    """
    folders = {str(folder(home)): folder(home).is_dir()} | {name: True for name in _folders(home)}
    return [name for name, is_expected in folders.items() if is_expected and not _is_told(home, Path(name))]


def _is_told(home: Home, to: Path) -> bool:
    """Tell one folder; whether it could be: no other command waits for a disk of backups."""
    try:
        if is_there := to.is_dir():
            beside.remember(home, to)
    except (OSError, DamagedFile):
        return False
    return is_there


def sealed_by(home: Home, now: str) -> dict[Path, list[str]]:
    """Return, by folder, the names of a home's backups that open with another secret than that of a fingerprint."""
    others = {}
    for place in sorted({folder(home), *map(Path, _folders(home))}):
        if names := sorted(path.name for path in _earlier(place) if _opens_with(path) != now):
            others[place] = names
    return others


def _opens_with(backup: Path) -> str | None:
    try:
        return keys.sealed_with(backup)
    except DamagedFile:
        return None


def _folders(home: Home) -> list[str]:
    """Return the folders into which backups of a home were written."""
    return (
        read_json(home.backed_up, list, "remove it, and copy erased.json beside every backup")
        if home.backed_up.exists()
        else []
    )


def _note_folder(home: Home, to: Path) -> None:
    if str(to) not in (known := _folders(home)):
        write_whole(home.backed_up, json.dumps([*known, str(to)], indent=1))


def _copy(home: Home, aside: Path) -> dict[str, Any]:
    """Copy a home while no other process can write it; return what the manifest states of its content."""
    with database.warehouse(home) as db:  # its lock stops landing and builds, and so writes to the vault
        db.execute("checkpoint")
        rows = contents.counted(home, home.secrets, db)
        with outbox.alone(home):
            hashes = {str(path): _copied(home.root / path, aside / path) for path in _files(home)}
    links = {str(path): str((home.root / path).readlink()) for path in _links(home)}
    return {"rows": rows, "files": hashes, "links": links}


def _earlier(folder: Path) -> dict[Path, int]:
    """Return the backups in a folder with their numbers: their names tell the clock, which may have been set back."""
    found = {}
    for path in folder.glob(f"[0-9]*/{MANIFEST}"):
        with suppress(DamagedFile):  # it can be restored no more: it neither counts nor goes
            found[path.parent] = int(read_json(path, dict, ANOTHER).get("number", 0))
    return found


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


def _check_stated(backup: Path, stated: dict[str, Any]) -> None:
    if not {"kind", "written_at", "files", "links"} <= stated.keys():
        raise DamagedFile(f"{backup / MANIFEST} is damaged, it does not state everything: {ANOTHER}")


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
    stated = read_json(backup / MANIFEST, dict, ANOTHER)
    _check_stated(backup, stated)
    _check(backup, stated["files"])
    to.parent.mkdir(parents=True, exist_ok=True)
    files.remove_unfinished_folders(to.parent, to.name)
    with files.new_folder(to) as aside:
        for name, sha256 in stated["files"].items():
            if _copied(backup / name, aside / name) != sha256:
                raise DamagedFile(f"{backup}: {name} changed while it was restored: call again")
        for name, target in stated["links"].items():
            (aside / name).symlink_to(target)
        Home(aside).claim(stated["kind"])
        beside.list_since(Home(aside), backup.parent)
        if to.exists():
            to.rmdir()
    return Restored(to, len(stated["files"]), stated["written_at"], stated.get("rows", {}))


def _changed(backup: Path, stated: dict[str, str]) -> list[str]:
    """Return the files whose content is not the stated one."""
    return [name for name, sha256 in stated.items() if files.sha256(backup / name) != sha256]


def _check(backup: Path, stated: dict[str, str]) -> None:
    """Refuse a backup whose files differ from the hashes that its manifest states."""
    if missing := sorted(name for name in stated if not (backup / name).is_file()):
        raise DamagedFile(f"{backup} lacks {', '.join(missing[:5])}: {ANOTHER}")
    if changed := _changed(backup, stated):
        raise DamagedFile(f"{backup}: {', '.join(changed[:5])} are not what the manifest states: {ANOTHER}")


def rehearse(home: Home, backup: Path) -> Rehearsal:
    """Restore a backup into a temporary home, read both databases whole, and remove it.

    Raises:
        DamagedFile: it cannot be restored, or a database is not what the backup states.
    """
    again = Home(backup.parent / f".rehearsal.{os.getpid()}.part")  # killed, the next backup removes it
    try:
        restored = restore(backup, again.root)
        contents.check(again, home.secrets, restored.rows)
        n_bytes = sum(path.stat().st_size for path in again.root.rglob("*") if path.is_file())
    finally:
        shutil.rmtree(again.root, ignore_errors=True)
    return Rehearsal(sum(map(len, restored.rows.values())), n_bytes)

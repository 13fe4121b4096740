"""Rewriting of warehouse and vault after a deletion: until then a database's file still holds what was deleted."""

from __future__ import annotations

from pathlib import Path

from warehouse import database, files
from warehouse.database import quoted
from warehouse.errors import DamagedFile
from warehouse.keys import Keys
from warehouse.settings import Home


def compact(home: Home, secret: Keys) -> None:
    """Rewrite warehouse and vault, so that no unused block of a file and no unfinished copy holds deleted values."""
    files.remove_unfinished(home.root)
    _rewrite(home, home.warehouse, f"storage_version '{database.STORAGE_VERSION}'", "")
    key = f"encryption_key '{secret.vault}'"
    _rewrite(home, home.vault, key, f" ({key})")


def _rewrite(home: Home, path: Path, options: str, opening: str) -> None:
    """Copy a database into a new file that replaces it."""
    with files.replacing(path) as aside:
        with database.scratch(home) as db:
            db.execute(f"attach {quoted(str(path), chr(39))} as old{opening}")
            db.execute(f"attach {quoted(str(aside), chr(39))} as fresh ({options})")
            db.execute("copy from database old to fresh")
            db.execute("checkpoint fresh; detach fresh; detach old")
        if path.with_name(path.name + ".wal").exists():
            raise DamagedFile(
                f"{path} has a write-ahead log left: call 'qhawaq land', which opens and closes it, then again"
            )

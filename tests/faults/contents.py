"""What a home holds after a command, as plain values: two homes with the same content have the same history."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pyrage

from tests import logs
from warehouse import database, keys
from warehouse.operate import backup, rotation
from warehouse.publish import switching
from warehouse.settings import Home

Content = dict[str, Any]
# Of days that the clock gives only whether they are set: another test lets the clock be wrong.
TABLES = {
    "ledger": "select file, status, accepted_rows, deleted_on is null, withdrawn_on is null from raw.deliveries",
    "attendance": "select mes, count(*) from raw.siagie_attendance group by all",
    "pupils": "select id_anio, count(*) from raw.siagie_enrollments group by all",
    "merges": "select child_key, merged_into, known_until is null from raw.child_merges",
    "erasures": "select file, n_lines from raw.erasures",
    "objections": "select distinct child_key, is_withdrawn from raw.objections",
    "codes": "select distinct source, column_name, code, decision, mapped_to from raw.codes",
    "parameters": "select parameter_number, kind, ugel_code, capacity_children, withdrawn_on is null from raw.parameters",
    "live": "select model_version, is_live from ml.model_versions",
}
VAULT = {
    "persons": "select child_key from vault.persons",
    "parts": "select child_key, merged_into from vault.parts",
    "aliases": "select count(*) from vault.aliases",
    "names": "select count(*) from vault.siagie_enrollments",
}
ARRIVED: list[dict[str, Any]] = []  # messages that receivers of this process got


def of_home(root: Path, name: str = "home") -> Content:
    """Return what the home holds."""
    home = Home(root / name)
    with database.warehouse(home, read_only=True) as db:
        held = {name: db.execute(f"{sql} order by all").fetchall() for name, sql in TABLES.items()}
    held |= dict(zip(VAULT, in_vault(home, *(f"{sql} order by all" for sql in VAULT.values())), strict=True))
    features = sorted(path.name for path in home.features.iterdir() if not path.name.startswith("."))
    manifest = home.features / "manifest.json"
    retired = len(json.loads(home.retention.read_text())) if home.retention.exists() else 0
    unfinished = sorted(path.name for path in home.root.glob("*") if path.name in ("retaining", "erasing"))
    return held | {
        "archive": {path.name: sha256(content) for path, content in opened(home).items()},
        "inbox": {path.name: sha256(path.read_bytes()) for path in home.inbox.iterdir()},
        "features": features,
        "closed": sorted(json.loads(manifest.read_text()).items()) if manifest.exists() else None,
        "retired": retired,
        "unfinished": unfinished,
    }


def of_resealed(root: Path) -> Content:
    """Return what the home holds, and whether anything is left of its secret's replacement, which landing waits for."""
    home = Home(root / "home")
    left = [path.name for path in (home.rotating, home.secrets / rotation.NEXT) if path.exists()]
    return of_home(root) | {"left": left, "log": logs.n_lines(home)}


def opened(home: Home) -> dict[Path, bytes]:
    """Return every delivery of the archive, deciphered."""
    identity = [pyrage.x25519.Identity.from_str(keys.load(home.secrets).secret)]
    return {path: pyrage.decrypt(path.read_bytes(), identity) for path in home.archive.rglob("*.age")}


def sha256(content: bytes) -> str:
    """Return a hash as text."""
    return hashlib.sha256(content).hexdigest()


def in_vault(home: Home, *questions: str) -> list[list[tuple[Any, ...]]]:
    """Ask the vault; it is opened once, as that takes longer than what is asked."""
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return [db.execute(sql).fetchall() for sql in questions]


def of_arriving(root: Path) -> Content:
    """Return what the home holds in which deliveries wait."""
    return of_home(root, "arriving")


def holds_deliveries(root: Path, sent: dict[str, str]) -> bool:
    """Return whether each delivery is in the inbox or the archive, by its hash."""
    home = Home(root / "arriving")
    found = {sha256(path.read_bytes()) for path in home.inbox.iterdir() if path.is_file()}
    if sent.keys() <= {path.name for path in home.inbox.iterdir()} and found >= set(sent.values()):
        return True
    identity = [pyrage.x25519.Identity.from_str((home.secrets / "age.key").read_text().strip())]
    for path in home.archive.rglob("*.age"):
        try:
            found.add(sha256(pyrage.decrypt(path.read_bytes(), identity)))
        except pyrage.DecryptError:
            continue
    return found >= set(sent.values())


def of_backups(root: Path) -> Content:
    """Return how many backups there are, whether each is whole, and what else lies there."""
    found = sorted(path for path in (root / "backups").iterdir() if path.is_dir())
    whole = [_is_whole(path) for path in found if not path.name.startswith(".")]
    return {"backups": whole, "left": [path.name for path in found if path.name.startswith(".")]}


def _is_whole(folder: Path) -> bool:
    stated = json.loads((folder / backup.MANIFEST).read_text())["files"]
    return not backup._changed(folder, stated)


def keeps_backups(root: Path) -> bool:
    """Return whether at least the two of the template are there, or as many newer ones."""
    return of_backups(root)["backups"].count(True) > 1


def of_collected(root: Path) -> Content:
    """Return what was collected, and what the home notes of it."""
    home = Home(root / "synthetic")
    inbox = {path.name: sha256(path.read_bytes()) for path in home.inbox.iterdir() if not path.name.startswith(".")}
    noted = set(json.loads(home.synthetic.read_text())["sha256"])
    known = json.loads(home.collected.read_text())
    pages = [path.name for path in (home.spill / "collect").rglob("*.age")]
    return {"inbox": inbox, "known": known, "pages": pages, "may land": noted >= set(inbox.values())}


def of_restored(root: Path) -> Content:
    """Return what was restored and what lies beside it."""
    again = root / "again"
    held = {str(path.relative_to(again)): sha256(path.read_bytes()) for path in again.rglob("*") if path.is_file()}
    return {"held": held, "beside": sorted(path.name for path in root.iterdir())}


def of_outbox(root: Path) -> Content:
    """Return who was told of how much, a message once however often it was sent, and what waits."""
    told = {one["id"]: (one["recipient"], one["counts"]) for one in ARRIVED}
    with sqlite3.connect(Home(root / "home").outbox) as db:
        waiting = db.execute("select count(*) from messages where acknowledged_at is null").fetchall()
    return {"told": sorted(told.values(), key=str), "waiting": waiting}


def of_keys(root: Path) -> Content:
    """Return which machines have a key, and for what."""
    known = json.loads(Home(root / "home").api_keys.read_text())
    return {"keys": sorted([one["name"], one["scopes"], one["areas"]] for one in known)}


def of_published(root: Path) -> Content:
    """Return what each audience reads by its link, and whether all of it is of the release that the pointer names."""
    home = Home(root / "published")
    release = switching.current(home)
    assert release
    switching.check(home, release)
    rows, releases = {}, set()
    for folder in sorted(switching.manifest(home, release)):
        with duckdb.connect(str(home.serving / folder / switching.CURRENT), read_only=True) as db:
            releases |= {row[0] for row in db.execute("select release_id from release").fetchall()}
            tables = [name for (name,) in db.execute("select table_name from duckdb_tables() order by all").fetchall()]
            rows[folder] = {table: db.execute(f"select count(*) from {table}").fetchone() for table in tables}
    left = sorted(path.name for path in home.serving.rglob("*.part*"))
    return {"rows": rows, "of one release": releases == {release}, "left": left}


def of_rolled_back(root: Path) -> Content:
    """Return which release is current and from which somebody went back, beside what is published."""
    home = Home(root / "published")
    return of_published(root) | {"release": switching.current(home), "from": switching.gone_back_from(home)}

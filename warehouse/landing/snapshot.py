"""A sealed copy of the names that the service needs, so that its pages answer while landing writes the vault.

It holds the children whose pages are published, and what was noted of their visits. It is written before landing opens
the vault for writing, and again when it has closed it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb

from warehouse import database, keys
from warehouse.database import quoted
from warehouse.errors import DamagedFile, HomeInUse
from warehouse.identity.people import SAME_PERSON
from warehouse.keys import Keys
from warehouse.landing import archive, journal, visit_notes
from warehouse.landing.visit_notes import Note
from warehouse.settings import Home

NAMED = ("n_doc", "id_persona", "nombres", "apellido_paterno", "apellido_materno", "_file", "_line")
IDENTITY = ("document", "siagie_person", "given_names", "first_surname", "second_surname", "file", "line")
SAME = f"""
create or replace temp table same as
select child_key as shown, child_key from wanted
union select wanted.child_key, m.child_key from wanted join {SAME_PERSON} as m on m.merged_into = wanted.child_key
"""
IDENTITIES = f"""
select same.shown, {", ".join(NAMED)} from vault.siagie_enrollments as e join same on e.child_key = same.child_key
qualify row_number() over (partition by same.shown order by e.known_at desc, e._line desc) = 1
"""
GUARDIANS = """
select same.shown, apoderado_nombres from vault.siagie_enrollments as e join same on e.child_key = same.child_key
where trim(apoderado_nombres) <> ''
qualify row_number() over (partition by same.shown order by e.known_at desc, e._line desc) = 1
"""
NOTES = f"""
select same.shown, {", ".join(visit_notes.COLUMNS)} from vault.visit_notes as n
join same on n.child_key = same.child_key order by recorded_at, number
"""
LISTS = ("priority_list", "immediate_cases", "cases")
Snapshot = dict[str, Any]  # identities: child → identity; notes: child → notes; each child is a text


def path_of(home: Home) -> Path:
    """Return the file of the copy."""
    return home.root / "names.age"


def write(home: Home, secret: Keys) -> None:
    """Write the copy anew; where nothing is published or landed yet, or only by former code, there is none to write."""
    published = home.serving / "service" / "current.duckdb"
    if not (published.exists() and home.vault.exists()) or _is_current(home, published):
        return
    with suppress(HomeInUse, duckdb.CatalogException), database.scratch(home) as db:
        database.attach_vault(db, home, secret, read_only=True)
        db.execute(f"attach {quoted(str(published.resolve()), chr(39))} as published (read_only)")
        _keep(home, secret, _copied(db))


def _is_current(home: Home, published: Path) -> bool:
    """Return whether vault, secret and release are older than the copy: for a country it takes a while to write."""
    made_of = (home.vault, published, published.resolve(), home.root / keys.MARK)
    changed = [path.lstat().st_mtime_ns for path in made_of if path.exists()]
    return path_of(home).exists() and path_of(home).stat().st_mtime_ns > max(changed)


def _copied(db: duckdb.DuckDBPyConnection) -> Snapshot:
    listed = " union ".join(f"select child_key::bigint as child_key from published.{name}" for name in LISTS)
    db.execute(f"create or replace temp table wanted as {listed}")
    db.execute(SAME)
    guardians = dict(db.execute(GUARDIANS).fetchall())
    identities = {
        str(row[0]): dict(zip(IDENTITY, row[1:], strict=True)) | {"guardian": guardians.get(row[0])}
        for row in db.execute(IDENTITIES).fetchall()
    }
    return {"identities": identities, "notes": _notes(db)}


def _notes(db: duckdb.DuckDBPyConnection) -> dict[str, list[Note]]:
    if not visit_notes.is_kept(db):
        return {}
    notes: dict[str, list[Note]] = {}
    for child, *row in db.execute(NOTES).fetchall():
        notes.setdefault(str(child), []).append(dict(zip(visit_notes.COLUMNS, row, strict=True)))
    return notes


def _keep(home: Home, secret: Keys, copied: Snapshot) -> None:
    archive.seal(path_of(home), json.dumps(copied, default=str, ensure_ascii=False).encode(), secret)


def read(home: Home, secret: Keys) -> Snapshot | None:
    """Return the copy; None where there is none that opens."""
    with suppress(FileNotFoundError, DamagedFile, ValueError):
        found: Snapshot = json.loads(archive.unsealed(path_of(home), secret))
        return found
    return None


def forget(home: Home, secret: Keys, children: set[str], pattern: str = "") -> None:
    """Take some children out of the copy, and their numbers out of what was noted of others.

    A copy that does not open goes.
    """
    if not path_of(home).exists():
        return
    if (held := read(home, secret)) is None:
        path_of(home).unlink()
        return
    left = {part: {key: of for key, of in held[part].items() if key not in children} for part in held}
    _keep(home, secret, left | {"notes": _without(left["notes"], pattern)})


def _without(notes: dict[str, list[Note]], pattern: str) -> dict[str, list[Note]]:
    """Return notes without the numbers that a pattern finds."""
    return {child: [_redacted(note, pattern) for note in of] for child, of in notes.items()} if pattern else notes


def _redacted(note: Note, pattern: str) -> Note:
    return note | {name: journal.redacted(note[name], pattern) for name in ("note", "with_whom")}

"""What lies beside backups, which are older: whom the home has erased since, and what families decided since."""

from __future__ import annotations

import json
from itertools import filterfalse
from pathlib import Path

import duckdb

from warehouse import database, files, keys
from warehouse.files import read_json, write_whole
from warehouse.landing import archive
from warehouse.publish import decisions
from warehouse.publish.decisions import Decision, Kind
from warehouse.settings import Home

ERASED = "erased.json"  # whom homes have erased, by key
DECIDED = "decisions.json"  # what families and reviewers decided, by key


def remember(home: Home, to: Path, is_new: bool = False) -> None:
    """Note beside the backups whom the home has erased, and what families decided: those that are older lack it.

    Args:
        home: the home.
        to: the folder of backups.
        is_new: a backup was written there just now: both lists are there then, be they empty.
    """
    there = _listed(to / ERASED)
    known = there | _listed(home.erased)
    if known != there or (is_new and not (to / ERASED).exists()):
        write_whole(to / ERASED, json.dumps(known, indent=1))
    decided = decisions.read(home.decisions)
    before = decisions.read(to / DECIDED)
    if set(decided) - set(before) or (is_new and not (to / DECIDED).exists()):
        decisions.write(to / DECIDED, [*before, *decided])
    _copy_corrections(home, to, decided)


def _copy_corrections(home: Home, to: Path, decided: list[Decision]) -> None:
    """Have beside the backups, sealed, what corrections say, and nothing of those that the home has removed."""
    for correction in _corrections(decided):
        own = decisions.sealed(home.root, correction.number)
        copy = decisions.sealed(to, correction.number)
        if not correction.file:
            for path in decisions.all_sealed(to, correction.number):
                path.unlink()
        elif own.exists():
            if not (copy.exists() and copy.read_bytes() == own.read_bytes()):
                _copy(own, copy)  # also where a new secret has sealed it anew
            _seal_for_former(home, to, correction.number)


def _corrections(decided: list[Decision]) -> list[Decision]:
    return [decision for decision in decided if decision.kind is Kind.RECTIFICATION]


def _seal_for_former(home: Home, to: Path, number: int) -> None:
    """Seal a correction for former secrets too, while backups lie there that open with one of them.

    It tells who holds a former secret and that folder one value more than the backups themselves.
    """
    there = {found for path in to.glob("[0-9]*") if (found := keys.sealed_with(path))}
    for fingerprint, public_key in _former(home).items():
        copy = decisions.sealed(to, number, fingerprint)
        if fingerprint not in there:
            copy.unlink(missing_ok=True)
        elif not copy.exists():
            copy.parent.mkdir(exist_ok=True, mode=0o700)
            content = archive.unsealed(decisions.sealed(home.root, number), keys.load(home.secrets))
            archive.seal_to(copy, content, public_key)


def _former(home: Home) -> dict[str, str]:
    """Return the public keys of former secrets by fingerprint."""
    path = home.former_secrets
    return read_json(path, dict, "remove it: corrections are then asked for again") if path.exists() else {}


def remember_secret(home: Home, former: keys.Keys) -> None:
    """Remember the public key of a secret that is being replaced: backups of before open with it alone."""
    known = _former(home) | {former.fingerprint: archive.recipient(former)}
    write_whole(home.former_secrets, json.dumps(known, indent=1), 0o600)


def list_since(home: Home, folder: Path) -> None:
    """List in a restored home what the next command has to carry out first: the secret is not there yet."""
    _list_erased(home, _listed(folder / ERASED))
    _list_decided(home, folder)


def _list_erased(home: Home, known: dict[str, str]) -> None:
    """List whom the next command has to erase before it does anything else."""
    since = {child: day for child, day in known.items() if child not in _listed(home.erased)}
    if since:
        write_whole(home.to_erase, json.dumps(since, indent=1))


def _list_decided(home: Home, beside: Path) -> None:
    """List the decisions since the backup, and corrections of before it that had not landed: no backup has an inbox."""
    held = decisions.read(home.decisions)
    since = filterfalse(held.__contains__, decisions.read(beside / DECIDED))
    due = [*_unlanded(home, held), *since]
    if due:
        decisions.write(home.to_decide, due)
    secret = keys.sealed_with(home.root) or ""
    for correction in _corrections(due):
        of_secret = decisions.sealed(beside, correction.number, secret)
        copies = filter(Path.exists, (of_secret, decisions.sealed(beside, correction.number)))
        if copy := next(copies, None):
            _copy(copy, decisions.sealed(home.root, correction.number))


def _unlanded(home: Home, held: list[Decision]) -> list[Decision]:
    """Return the corrections whose file a restored warehouse does not know."""
    corrected = [decision for decision in held if decision.file]
    delivered = _delivered(home) if corrected else set()
    return [decision for decision in corrected if decision.file not in delivered]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(exist_ok=True, mode=0o700)
    files.copied(source, target)


def _delivered(home: Home) -> set[str]:
    """Return the files that a restored warehouse knows."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return set(database.column(db, "select file from raw.deliveries"))


def _listed(path: Path) -> dict[str, str]:
    return (
        read_json(path, dict, "put back a copy of it: it lists whom a restored home has to erase again")
        if path.exists()
        else {}
    )

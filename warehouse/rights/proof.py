"""Proof of an erasure that an auditor can repeat: where an erased person is still found, and what was searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product, starmap
from pathlib import Path

from warehouse import keys
from warehouse.errors import QhawaqError
from warehouse.keys import Keys
from warehouse.publish import decisions
from warehouse.publish.decisions import Kind
from warehouse.rights import canary, erased, school_record
from warehouse.rights.canary import Canaries, SearchedFile
from warehouse.settings import Home

# Where the key of an erased person may stand, for it leads to nobody → why.
CLOSED = (
    "closed as-of dates stay as they were known, under a key that leads to nobody; nobody is scored or listed by it"
)
MAY_HOLD_THE_KEY = {
    "features.": CLOSED,
    "outcomes.": CLOSED,
    "scores.": CLOSED,
    "ml.": CLOSED,
    "vault.retired": "keyed hashes answer whether somebody was erased, so that a later delivery gets a new key",
    "access_log.jsonl": "who looked at the child stays known",
    "erased.json": "a restored backup erases these keys before anything is shown",
    school_record.TABLE: "the law has a school keep this record; it is in no list, score, count or page: see its `why`",
    "raw.erased_persons": "nobody is scored or listed by these keys",
    "decisions.json": "what the family decided is carried out again where an older backup is restored",
    "features/as_of=": CLOSED,
}


@dataclass
class Proof:
    """What a search found."""

    child: int
    looked: Counter[str] = field(default_factory=Counter)  # place → files that were searched
    kept: Counter[str] = field(default_factory=Counter)  # why the key may stand there → hits
    backups: list[str] = field(default_factory=list)  # that are older and hold the person
    found: list[str] = field(default_factory=list)  # places that must not hold it
    unread: list[str] = field(default_factory=list)  # files that do not open
    closed: Counter[str] = field(default_factory=Counter)  # kind of what no search looks into → files it is in

    def lines(self) -> Iterator[str]:
        """Yield the proof in sentences."""
        looked = ", ".join(f"{n} {place}" for place, n in self.looked.items())
        yield f"child {self.child}; files that were looked through: {looked}"
        yield from (f"  stays  {n} times: {why}" for why, n in self.kept.items())
        yield from (
            f"  older  {name} holds the person; 'qhawaq restore' of it erases it first" for name in self.backups
        )
        yield from (f"  does not open, nobody can say what it holds: {name}" for name in self.unread)
        yield from (f"  not looked into, in {n} files: {kind}" for kind, n in self.closed.items())
        yield from (f"  FOUND  {place}" for place in self.found)
        if not self.found:
            yield "nothing else holds the person"


def prove(home: Home, child: int, backups: Sequence[Path] = (), values: tuple[str, ...] = ()) -> Proof:
    """Search a home, and backups of it, for an erased person.

    Args:
        home: the home.
        child: a key of the person.
        backups: folders of backups.
        values: documents or numbers of the person, as the auditor was given them.

    Raises:
        QhawaqError: no person with this key was erased here.
    """
    if str(child) not in erased.listed_in(home.erased):
        raise QhawaqError(f"{home.erased} lists no person with key {child}: nobody was erased by it")
    secret = keys.load(home.secrets)
    proof = Proof(child)
    for file in canary.in_files(home, secret, Canaries((child,), (), is_thorough=True)):
        proof.looked[file.place] += 1
        _judge(proof, file)
    _judge_values(proof, home, secret, values)
    _judge_corrections(proof, home, [home.root, *backups])
    for folder in backups:
        _search_backups(proof, folder, secret, Canaries((child,), values, is_thorough=True))
    return proof


def _judge(proof: Proof, file: SearchedFile) -> None:
    """Note where the key stands: where it may, and where it must not."""
    proof.closed.update(file.unread)
    if file.tables is None:
        proof.unread.append(file.name)
        return
    for table, hits in file.tables.items():
        if not hits:
            continue
        where = f"{file.name} {table}".strip()
        if why := _allowed(file, table):
            proof.kept[why] += hits
        else:
            proof.found.append(f"{where}: {hits} times")


def _allowed(file: SearchedFile, table: str) -> str | None:
    """Return why the key may stand there, None where it must not."""
    names = {"warehouse": table, "vault": f"vault.{table.rpartition('.')[2]}"}
    name = names.get(file.place, file.name)
    return next((why for begin, why in MAY_HOLD_THE_KEY.items() if name.startswith(begin)), None)


def _judge_values(proof: Proof, home: Home, secret: Keys, values: tuple[str, ...]) -> None:
    """Note every place that holds a document or number of the person: there may be none."""
    for file in canary.in_files(home, secret, Canaries((), values, is_thorough=True)):
        hits = sum((file.tables or {}).values())
        if hits:
            proof.found.append(f"{file.name}: a document or number, {hits} times")


def _judge_corrections(proof: Proof, home: Home, folders: Iterable[Path]) -> None:
    """Note what is still kept, sealed, of corrections that the person's family asked for."""
    numbers = [
        one.number
        for one in decisions.read(home.decisions)
        if proof.child in one.owned and one.kind is Kind.RECTIFICATION
    ]
    paths = starmap(decisions.sealed, product(folders, numbers))
    proof.found += [f"{path}: what was corrected of the person" for path in filter(Path.exists, paths)]


def _search_backups(proof: Proof, folder: Path, secret: Keys, canaries: Canaries) -> None:
    """Note which backups hold the person still, and whether restoring them would erase it."""
    is_listed = str(proof.child) in erased.listed_in(folder / "erased.json")
    backups = sorted(path.parent for path in folder.glob("[0-9]*/backup.json"))
    for backup in backups:
        hits = _hits_in_backup(proof, Home(backup), secret, canaries)
        if hits and is_listed:
            proof.backups.append(str(backup))
        elif hits:
            proof.found.append(f"{backup}: {hits} times, and {folder / 'erased.json'} does not list the key")
    _search_beside(proof, canary.in_files(Home(folder), secret, canaries, backups), folder)


def _search_beside(proof: Proof, files: Iterable[SearchedFile], folder: Path) -> None:
    """Note which files beside the backups hold the person still."""
    for file in files:
        hits = sum((file.tables or {}).values())
        if hits and not _allowed(file, ""):
            proof.found.append(f"{folder / file.name}: {hits} times")


def _hits_in_backup(proof: Proof, backup: Home, secret: Keys, canaries: Canaries) -> int:
    """Return how often a backup holds the person where it must not; note what was looked through."""
    hits = 0
    for file in canary.in_files(backup, secret, canaries):
        proof.looked["of backups"] += 1
        proof.closed.update(file.unread)
        if file.tables is None:
            proof.unread.append(f"{backup.root}/{file.name}")
        hits += sum(n for table, n in (file.tables or {}).items() if not _allowed(file, table))
    return hits

"""Decisions of families and reviewers in a small file of the home, by pseudonym: which child may stand on no list.

The warehouse holds them too. The file is there for what cannot wait for it: going back to an earlier release, where the
warehouse may be damaged, and a restored backup, whose warehouse is older than the decision.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import compress
from operator import attrgetter
from pathlib import Path

from warehouse.errors import DamagedFile
from warehouse.files import read_json, write_whole
from warehouse.settings import Home

ADVICE = "restore it from a backup: it says whom nobody may see on a list"


class Kind(StrEnum):
    """What was decided."""

    OBJECTION = "objection"
    REVIEW = "review"
    RECTIFICATION = "rectification"
    PARTING = "parting"


@dataclass(frozen=True)
class Decision:
    """One decision.

    Args:
        kind: what was decided.
        number: its number among those of its kind.
        child: the key that was named.
        owned: all keys of the child at that time.
        hides: whether the child is off the list by it.
        day: on which it was decided.
        as_of: the list's date, of a review.
        detail: the list's outcome, the column that was rectified, or the other one's key.
        file: the delivery by which a value was rectified.
    """

    kind: Kind
    number: int
    child: int
    owned: tuple[int, ...]
    hides: bool
    day: str
    as_of: str = ""
    detail: str = ""
    file: str = ""


@dataclass(frozen=True)
class Hidden:
    """Who is on no list: children by key, and places on the list of one date."""

    children: frozenset[str]
    places: frozenset[tuple[str, str]]  # key and as-of date


def read(path: Path) -> list[Decision]:
    """Return the decisions that a file holds, in their order.

    Raises:
        DamagedFile: it is damaged.
    """
    if not path.exists():
        return []
    try:
        return [
            Decision(**entry | {"kind": Kind(entry["kind"]), "owned": tuple(entry["owned"])})
            for entry in read_json(path, list, ADVICE)
        ]
    except (KeyError, TypeError, ValueError):
        raise DamagedFile(f"{path} is damaged, an entry is no decision: {ADVICE}") from None


def write(path: Path, decisions: Iterable[Decision]) -> None:
    """Write decisions; of two with one kind and number the later one counts."""
    numbered = {(one.kind, one.number): one for one in decisions}
    write_whole(path, json.dumps(list(map(asdict, numbered.values())), indent=1), 0o600)


def note(home: Home, decision: Decision) -> None:
    """Add a decision, before it is carried out: cut off there, the same number is noted again."""
    write(home.decisions, [*read(home.decisions), decision])


def asked(home: Home, decision: Decision) -> None:
    """Take what was asked for again off the list of what a restored backup could not carry out."""
    if not home.to_ask.exists():
        return
    left = [one for one in read(home.to_ask) if not _is_same(one, decision)]
    if left:
        write(home.to_ask, left)
    else:
        home.to_ask.unlink()


def _is_same(one: Decision, other: Decision) -> bool:
    return (one.kind, one.detail) == (other.kind, other.detail) and not set(one.owned).isdisjoint(other.owned)


def sealed(folder: Path, number: int, former: str = "") -> Path:
    """Return the file that holds, sealed, what a rectification says: in a home, or beside its backups.

    Args:
        folder: the home or the folder of backups.
        number: the rectification's number.
        former: the fingerprint of a former secret, for backups that open with that.
    """
    return folder / "decided" / f"rectification-{number}{former and '.'}{former}.age"


def all_sealed(folder: Path, number: int) -> list[Path]:
    """Return the files that hold what a rectification says, whatever they are sealed with."""
    return [path for path in (folder / "decided").glob(f"rectification-{number}.*") if path.suffix == ".age"]


def next_number(home: Home, kind: Kind) -> int:
    """Return the number of the next decision of a kind that only the file numbers."""
    return max((one.number for one in read(home.decisions) if one.kind is kind), default=0) + 1


def hidden(decisions: Sequence[Decision]) -> Hidden:
    """Return who is on no list now: of several decisions on one thing the last one counts."""
    children: dict[str, bool] = {}
    places: dict[tuple[str, str], bool] = {}
    for one in sorted(decisions, key=attrgetter("number")):
        for key in map(str, one.owned):
            if one.kind is Kind.OBJECTION:
                children[key] = one.hides
            elif one.kind is Kind.REVIEW:
                places[key, one.as_of] = one.hides
    return Hidden(
        frozenset(compress(children, children.values())),
        frozenset(compress(places, places.values())),
    )

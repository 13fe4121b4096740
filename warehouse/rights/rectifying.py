"""Rectification: a delivery of the child's own line with one value changed, so that ledger and lineage cover it too.

What was asked for is kept sealed, in the home and beside its backups: a restored backup, which is older, delivers the
same correction again.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

from warehouse.contracts import Contract
from warehouse.deliveries import HAS_ROWS
from warehouse.errors import HomeError, QhawaqError, UsageError
from warehouse.landing import archive, encodings, inbox
from warehouse.publish import decisions
from warehouse.publish.decisions import Decision, Kind
from warehouse.rights.subject import Request, Subject
from warehouse.settings import Home


@dataclass(frozen=True)
class Correction:
    """What a family had corrected.

    Args:
        source: the source that is wrong, by its name or its table.
        column: the column that is wrong.
        value: what it should say.
    """

    source: str
    column: str
    value: str


def rectify(home: Home, request: Request, correction: Correction, today: date) -> Path:
    """Deliver the child's newest line of a source, with one value changed, into the inbox; return the file.

    Raises:
        UsageError: no such source or column, the source replaces whole files, or it cannot hold the value.
        QhawaqError: the vault holds no such person, or the source has no line of the child's.
    """
    with Subject(home, request) as subject:
        contract = _rectifiable(subject.contracts, correction)
        number = decisions.next_number(home, Kind.RECTIFICATION)
        period, row = _corrected(subject, contract, correction, number)
        names = (f"{contract.stem}_{period}_{today:%Y%m%d}_RECT{number:03}" for number in itertools.count(1))
        file = next(file for name in names if not _is_taken(home, file := inbox.named(contract, name)))
        home.decided.mkdir(mode=0o700, exist_ok=True)
        archive.seal(decisions.sealed(home.root, number), json.dumps(asdict(correction)).encode(), subject.keys)
        about = f"{contract.name}.{correction.column}"
        subject.decide(Kind.RECTIFICATION, number, hides=False, today=today, detail=about, file=file)
        return _deliver(home, contract, file, row)


def again(home: Home, decision: Decision) -> bool:
    """Deliver a correction again that a restored backup does not hold; whether it had to be.

    Raises:
        QhawaqError: what was asked for does not open here, or the child has no line that it is about.
    """
    if _is_taken(home, decision.file):
        return False
    with Subject(home, request_of(decision)) as subject:
        if not decision.file:
            raise HomeError("what was asked for is not beside the backup")
        correction = _kept(subject, decision)
        contract = _rectifiable(subject.contracts, correction)
        _, row = _corrected(subject, contract, correction, decision.number)
        _deliver(home, contract, decision.file, row)
    return True


def _kept(subject: Subject, decision: Decision) -> Correction:
    """Return what was asked for.

    Raises:
        HomeError: it is not there.
        DamagedFile: it does not open.
    """
    sealed = decisions.sealed(subject.home.root, decision.number)
    if not sealed.exists():
        raise HomeError("what was asked for is not beside the backup")
    return Correction(**json.loads(archive.unsealed(sealed, subject.keys)))


def request_of(decision: Decision) -> Request:
    """Return the request by which a decision is carried out again, as the logs name it."""
    why = f"decided on {decision.day}, and the restored backup was older"
    return Request(decision.child, str(decision.kind), "qhawaq restore", why, decision.detail)


def forget(home: Home, gone: Iterable[int]) -> None:
    """Remove what was corrected of persons who are deleted, and such deliveries that have not landed.

    A decision that names no file any more says beside the backups that nothing is kept of it there either.
    """
    keys = set(gone)
    known = decisions.read(home.decisions)
    due = [one for one in known if one.file and keys.intersection(one.owned)]
    for one in due:
        decisions.sealed(home.root, one.number).unlink(missing_ok=True)
        (home.inbox / one.file).unlink(missing_ok=True)
    if due:
        decisions.write(home.decisions, [*known, *(replace(one, file="") for one in due)])


def _rectifiable(sources: list[Contract], correction: Correction) -> Contract:
    """Return the contract of a source in which a column can be corrected to a value."""
    contract = _with_children(sources, correction.source)
    column = correction.column
    if contract.has_whole_files and contract.scope.files is None:
        raise UsageError(f"{contract.name} replaces whole files: its sender ({contract.sender}) has to correct it")
    names = [column.name for column in contract.columns]
    if column not in names:
        raise UsageError(f"{contract.name} has no column {column}: {', '.join(names)}")
    if column in contract.key:
        raise UsageError(f"{column} is part of the key of {contract.name}: its sender has to correct it")
    if not contract.is_quoted and {contract.separator, "\n", "\r"} & set(correction.value):
        raise UsageError(f"--value: {contract.name} can hold no '{contract.separator}' and no line break")
    return contract


def _with_children(sources: list[Contract], source: str) -> Contract:
    """Return the contract of a source about children, by its name or its table."""
    known = {contract.name: contract for contract in sources if contract.aliases}
    for name, contract in known.items():
        if source in (name, contract.table):
            return contract
    raise UsageError(f"no source {source} with children: {', '.join(sorted(known))}")


def _line_of(content: bytes, line: int, contract: Contract) -> dict[str, str]:
    """Return the values of one line of a delivery by column (the header is line 1)."""
    lines = content.splitlines()
    text = "\n".join(encodings.readable(part) for part in (lines[0], lines[line - 1]))
    header, values = csv.reader(
        io.StringIO(text),
        delimiter=contract.separator,
        quoting=csv.QUOTE_MINIMAL if contract.is_quoted else csv.QUOTE_NONE,
    )
    return dict(zip((name.strip().strip('"').lower() for name in header), values, strict=True))


def _corrected(subject: Subject, contract: Contract, correction: Correction, number: int) -> tuple[str, dict[str, str]]:
    """Return the child's newest line of a source with one value changed, and its delivery's period.

    What earlier corrections say that wait in the inbox is in it too: this line replaces theirs.

    Raises:
        QhawaqError: the source has no line of the child's.
    """
    owned = ", ".join(map(str, subject.all_keys()))
    record = subject.warehouse.execute(
        f"select r._file, r._line, d.sha256, d.period from raw.{contract.table} as r join raw.deliveries as d "
        f"on d.file = r._file and d.{HAS_ROWS} where r.child_key in ({owned}) "
        "order by r._delivered_at desc, r.known_at desc, d.landed_at desc, r._line desc limit 1"
    ).fetchone()
    if record is None:
        raise QhawaqError(f"{contract.name} has no line of child {subject.request.child}")
    file, line, sha256, period = record
    content = archive.opened(subject.home, subject.keys, file, sha256)
    waiting = {one.column: one.value for one in _waiting(subject, contract, number)}
    return period, _line_of(content, line, contract) | waiting | {correction.column: correction.value}


def _waiting(subject: Subject, contract: Contract, before: int) -> Iterator[Correction]:
    """Yield earlier corrections of the child's line of a source that have not landed yet, in their order."""
    owned = set(subject.all_keys())
    home = subject.home
    known = {one.number: one for path in (home.decisions, home.to_decide) for one in _rectifications(path)}
    for number, one in sorted(known.items()):
        is_of_line = one.detail.startswith(f"{contract.name}.") and not owned.isdisjoint(one.owned)
        if number < before and is_of_line and any(home.inbox.glob(f"{Path(one.file).stem}.*")):
            yield _kept(subject, one)


def _rectifications(path: Path) -> list[Decision]:
    return [one for one in decisions.read(path) if one.kind is Kind.RECTIFICATION and one.file]


def _deliver(home: Home, contract: Contract, file: str, row: dict[str, str]) -> Path:
    """Write a corrected line as a delivery."""
    return inbox.deliver(home, contract, Path(file).stem, [name.upper() for name in row], [row.values()])


def _is_taken(home: Home, file: str) -> bool:
    """Return whether a delivery of this name is in the inbox or in the archive, be it under another ending."""
    name = Path(file).stem
    return bool(name) and (any(home.inbox.glob(f"{name}.*")) or any(home.archive.rglob(f"*_{name}.*.age")))

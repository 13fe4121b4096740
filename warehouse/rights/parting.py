"""Parting of two people who stand under one key, by a person's decision; the past stays as it was known."""

from __future__ import annotations

from datetime import date

from warehouse import database
from warehouse.errors import HomeError, QhawaqError, UsageError
from warehouse.identity.people import SAME_PERSON
from warehouse.landing import dating, ledger
from warehouse.publish import decisions
from warehouse.publish.decisions import Decision, Kind
from warehouse.rights import rectifying
from warehouse.rights.subject import Request, Subject
from warehouse.settings import Home


def part(home: Home, request: Request, today: date, other: int | None = None) -> tuple[int, int]:
    """Part two people who stand under one key; return both keys. Closed as-of dates stay as they were known.

    Args:
        home: the home.
        request: the request, about either of them.
        today: the day from which they are two.
        other: the other one's key, where more than two keys are taken for one person.

    Raises:
        QhawaqError: the vault holds no such person, or only one key is known of it.
        UsageError: it is not said who is to be parted from the person.
    """
    with Subject(home, request) as subject:
        pair = _cut_off(subject)
        if pair is None:
            pair = _pair(subject, other)
            number = decisions.next_number(home, Kind.PARTING)
            apart = next(key for key in pair if key != request.child)  # said also where it need not be asked
            subject.decide(Kind.PARTING, number, hides=False, today=today, detail=str(apart))
            _part(subject, pair, today)
        _copy_merges(subject)
        return pair


def again(home: Home, decision: Decision) -> None:
    """Part two people again whom a restored backup takes for one.

    Raises:
        QhawaqError: the backup does not take these two for one, or the decision does not name both.
    """
    if not decision.detail:
        raise HomeError("it is not noted who was parted from the child")
    with Subject(home, rectifying.request_of(decision)) as subject:
        if _cut_off(subject) is None:
            _part(subject, _pair(subject, int(decision.detail)), date.fromisoformat(decision.day))
        _copy_merges(subject)


def _part(subject: Subject, pair: tuple[int, int], today: date) -> None:
    known_at = dating.effective_date(today, dating.last_closed(subject.warehouse))
    subject.vault.execute(
        "insert into vault.parts (child_key, merged_into, known_at) values (?, ?, ?)", [*pair, known_at]
    )


def _copy_merges(subject: Subject) -> None:
    merges = subject.vault.execute(ledger.MERGES).to_arrow_table()
    with database.transaction(subject.warehouse):
        ledger.copy_merges(subject.warehouse, merges)


def _cut_off(subject: Subject) -> tuple[int, int] | None:
    """Return a pair that the vault has parted already and the warehouse has not: the call before was cut off."""
    parted = subject.vault.execute(
        "select child_key, merged_into from vault.parts where ? in (child_key, merged_into) order by all",
        [subject.request.child],
    ).fetchall()
    together = subject.warehouse.execute(
        "select child_key, merged_into from raw.child_merges where known_until is null"
    ).fetchall()
    return next((pair for pair in parted if pair in together), None)


def _pair(subject: Subject, other: int | None) -> tuple[int, int]:
    """Return the merge that takes the person and another one for the same: (given up, kept)."""
    child = subject.request.child
    pairs = subject.vault.execute(
        f"select child_key, merged_into from {SAME_PERSON} where ? in (child_key, merged_into) order by all", [child]
    ).fetchall()
    chosen = [pair for pair in pairs if other in (None, *pair)]
    if not pairs:
        raise QhawaqError(f"key {child} stands for one person only: its records are corrected by their sender")
    if len(chosen) != 1:
        keys_of_others = ", ".join(str(key) for pair in pairs for key in pair if key != child)
        raise UsageError(f"--other: say who is to be parted from {child}: {keys_of_others}")
    return chosen[0]

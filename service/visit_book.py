"""What was done for children: visits of the current release and of the journal, each once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from service import words
from service.published import FormerRelease, PublishedFile, Row
from service.settings import Busy
from warehouse import clock
from warehouse.errors import HomeError
from warehouse.landing.journal import JournalEntry
from warehouse.landing.visit_journal import Staff, VisitJournal

CORRECTED_WITHIN = timedelta(days=1)
PUBLISHED = "select * exclude (release_id) from visits where child_key in (select unnest(?))"
REACHED = ("contactado", "atendido")
NOBODY = Staff("", "")


@dataclass(frozen=True, kw_only=True)
class VisitLine:
    """A visit, or an assignment, which has no outcome.

    Args:
        number: of the visit, or file and line that tell of it.
        child: the pseudonym.
        on: the day.
        state: of the case from then on, in lower case.
        matter: why the child is listed, and the school year: `matter:year`.
        at: the moment at which it was recorded, empty where only the warehouse knows it.
        who: the account that recorded it, empty where unknown.
        entry: as the journal has it; None of those that it has no more.
    """

    number: str
    child: str
    on: date
    state: str
    matter: str
    outcome: str | None = None
    reason: str | None = None
    given: str | None = None
    offered: tuple[str, ...] = ()
    accepted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    next_step: str | None = None
    next_on: date | None = None
    at: str = ""
    who: str = ""
    in_charge: str = ""
    has_note: bool = False  # as far as the journal knows
    entry: JournalEntry | None = field(default=None, repr=False)

    @property
    def said(self) -> str:
        """What came of it, as people read it."""
        if self.outcome is None:
            return words.of_cases("state")["ASIGNADO"]
        known = words.outcomes().get(self.outcome)
        return known.text if known else self.outcome

    def may_be_corrected_by(self, caller: str) -> bool:
        """Whether a caller recorded it here within a day."""
        if self.entry is None or self.outcome is None or self.who != caller:
            return False
        return clock.now() - self.entry.recorded_at < CORRECTED_WITHIN


@dataclass(frozen=True)
class Pending:
    """How things stand with a child, of what the warehouse and the journal know together."""

    state: str  # of the newest visit or assignment, in lower case
    state_on: date | None = None
    visited_on: date | None = None
    contacted_on: date | None = None  # the newest visit that reached somebody
    outcome: str | None = None  # of the newest visit, as people read it
    next_step: str | None = None  # code
    due_on: date | None = None  # what was promised at the newest visit
    assigned_to: str | None = None
    n_visits: int = 0


class VisitBook:
    """Answers for a child's page and for lists."""

    def __init__(self, published: PublishedFile, journal: VisitJournal | None) -> None:
        self.published = published
        self.journal = journal

    def pending(self, children: Sequence[str]) -> dict[str, Pending]:
        """Return how things stand with those children of whom anything is recorded."""
        lines: dict[str, list[VisitLine]] = {}
        for line in self.lines(children):
            lines.setdefault(line.child, []).append(line)
        return {child: _pending(of_child) for child, of_child in lines.items()}

    def lines(self, children: Sequence[str]) -> list[VisitLine]:
        """Return the visits of children, the newest first, without those that were corrected or taken back.

        Raises:
            Busy: the home's secret is being replaced.
        """
        try:
            entries = self.journal.entries() if self.journal else []
        except HomeError:
            raise Busy("the journal cannot be read now: again in a moment") from None
        replaced = {entry.replaces for entry in entries}
        known = {line.number: line for line in (*self._published(children), *self._own(entries, set(children)))}
        return sorted((one for one in known.values() if one.number not in replaced), key=_age, reverse=True)

    def _own(self, entries: Iterable[JournalEntry], wanted: set[str]) -> Iterable[VisitLine]:
        """Return the journal's, which say more than the same of a release."""
        worded = self.journal.worded if self.journal else set()
        told = (entry for entry in entries if entry.child in wanted and not entry.is_taken_back)
        return (_of_entry(entry, entry.number in worded) for entry in told)

    def _published(self, children: Sequence[str]) -> Iterable[VisitLine]:
        try:
            rows = self.published.query(PUBLISHED, [list(children)])
        except FormerRelease:  # its visits are not published yet
            return []
        staff = self.journal.staff() if self.journal and rows else {}
        return [_of_row(row, staff.get(row["visit_key"], NOBODY)) for row in rows]


def _age(line: VisitLine) -> tuple[date, str, str]:
    return line.on, line.at, line.number


def _pending(lines: Sequence[VisitLine]) -> Pending:
    """Return how things stand, from lines with the newest first."""
    visits = [line for line in lines if line.outcome is not None]
    stands = Pending(
        state=lines[0].state,
        state_on=lines[0].on,
        contacted_on=next((line.on for line in visits if line.state in REACHED), None),
        assigned_to=next((line.in_charge for line in lines if line.in_charge), None),
        n_visits=len(visits),
    )
    if not visits:
        return stands
    newest = visits[0]
    return replace(
        stands,
        visited_on=newest.on,
        outcome=newest.said,
        next_step=newest.next_step,
        due_on=newest.next_on,
    )


def _of_entry(entry: JournalEntry, has_note: bool) -> VisitLine:
    row = entry.rows[0]
    return VisitLine(
        number=entry.number,
        child=entry.child,
        on=date.fromisoformat(row["FECHA"]),
        state=row["ESTADO"].lower(),
        matter=f"{row['ASUNTO'].lower()}:{row['ANIO']}",
        outcome=row["RESULTADO"],
        reason=row["MOTIVO"],
        given=next((one["SERVICIO"] for one in entry.rows if one["SERVICIO"]), None),
        offered=_listed(row["OFRECIDOS"]),
        accepted=_listed(row["ACEPTADOS"]),
        refused=_listed(row["RECHAZADOS"]),
        next_step=row["PROXIMO_PASO"],
        next_on=date.fromisoformat(row["PROXIMA_FECHA"]) if row["PROXIMA_FECHA"] else None,
        at=entry.at,
        who=entry.who,
        in_charge=entry.in_charge,
        has_note=has_note,
        entry=entry,
    )


def _of_row(row: Row, staff: Staff) -> VisitLine:
    return VisitLine(
        number=row["visit_key"],
        child=row["child_key"],
        on=row["visited_on"],
        state=row["case_state"],
        matter=f"{row['matter']}:{row['school_year']}",
        outcome=row["outcome_code"],
        reason=_upper(row["dismissed_reason"]),
        given=row["support_code"],
        offered=_listed(row["services_offered"]),
        accepted=_listed(row["services_accepted"]),
        refused=_listed(row["services_refused"]),
        next_step=row["next_step"],
        next_on=row["next_on"],
        who=staff.who,
        in_charge=staff.in_charge,
    )


def _upper(code: str | None) -> str | None:
    return code.upper() if code else None


def _listed(codes: Any) -> tuple[str, ...]:  # noqa: ANN401  a text or nothing
    return tuple(codes.split()) if codes else ()

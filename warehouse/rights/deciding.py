"""Decisions that a restored backup does not know yet: carried out by the first command that writes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from operator import attrgetter

import duckdb

from warehouse import database, keys
from warehouse.errors import QhawaqError
from warehouse.progress import Progress
from warehouse.publish import decisions
from warehouse.publish.decisions import Decision, Kind
from warehouse.rights import erased, parting, rectifying, subject
from warehouse.settings import Home

OBJECTION = "insert into raw.objections (request_number, child_key, is_withdrawn, known_at) values (?, ?, ?, ?)"
REVIEW = """
insert into raw.human_reviews (request_number, child_key, as_of_date, outcome, decision, reviewed_on)
values (?, ?, ?, ?, ?, ?)
"""
AGAIN: dict[Kind, Callable[[Home, Decision], object]] = {
    Kind.RECTIFICATION: rectifying.again,
    Kind.PARTING: parting.again,
}
TABLES = {Kind.OBJECTION: "raw.objections", Kind.REVIEW: "raw.human_reviews"}


def carry_out(home: Home, progress: Progress) -> None:
    """Carry out decisions since the backup; cut off, it is called again. What cannot be done again is asked for."""
    due = decisions.read(home.to_decide)
    with database.warehouse(home) as db:
        db.execute(subject.DDL)
        done = sum(_insert(db, decision) for decision in due if decision.kind in TABLES)
    gone = erased.listed_in(home.to_erase).keys()  # of whom this home erases next nothing is done
    others = [one for one in due if one.kind not in TABLES and gone.isdisjoint(map(str, one.owned))]
    refused = _carried_out(home, sorted(others, key=attrgetter("number")))
    decisions.write(home.decisions, [*decisions.read(home.decisions), *due])
    if refused:
        decisions.write(home.to_ask, [*decisions.read(home.to_ask), *refused])
    home.to_decide.unlink()
    _tell(progress, done, len(others) - len(refused), refused)


def _tell(progress: Progress, counted: int, made: int, refused: dict[Decision, str]) -> None:
    if counted:
        progress.say("objections and reviews since the backup count again", decisions=counted)
    if made:
        progress.say("corrections and partings since the backup are made again", decisions=made)
    for decision, why in refused.items():
        what = f"{decision.kind} of {decision.day} is not in this backup: call 'qhawaq subject' for it again"
        progress.say(what, child=decision.child, about=decision.detail, because=why)


def _carried_out(home: Home, due: list[Decision]) -> dict[Decision, str]:
    """Correct and part again; return of what cannot be done why."""
    if due:
        keys.load(home.secrets)  # without the home's secret nothing is tried, and all of it stays due
    return {decision: why for decision in due if (why := _refusal(home, decision))}


def _refusal(home: Home, decision: Decision) -> str:
    """Correct or part again; return why that cannot be done."""
    try:
        AGAIN[decision.kind](home, decision)
    except QhawaqError as error:
        return str(error)
    return ""


def _insert(db: duckdb.DuckDBPyConnection, decision: Decision) -> bool:
    """Insert a decision under its number, unless it is there."""
    table = TABLES[decision.kind]
    if db.execute(f"select 1 from {table} where request_number = ?", [decision.number]).fetchone():
        return False
    day = date.fromisoformat(decision.day)
    if decision.kind is Kind.OBJECTION:
        db.execute(OBJECTION, [decision.number, decision.child, not decision.hides, day])
    else:
        said = "remove" if decision.hides else "keep"
        db.execute(REVIEW, [decision.number, decision.child, decision.as_of, decision.detail, said, day])
    return True

"""Decisions that a restored backup does not know yet: carried out by the first command that writes."""

from __future__ import annotations

from datetime import date

import duckdb

from warehouse import database
from warehouse.progress import Progress
from warehouse.publish import decisions
from warehouse.publish.decisions import Decision, Kind
from warehouse.rights import subject
from warehouse.settings import Home

OBJECTION = "insert into raw.objections (request_number, child_key, is_withdrawn, known_at) values (?, ?, ?, ?)"
REVIEW = """
insert into raw.human_reviews (request_number, child_key, as_of_date, outcome, decision, reviewed_on)
values (?, ?, ?, ?, ?, ?)
"""
TABLES = {Kind.OBJECTION: "raw.objections", Kind.REVIEW: "raw.human_reviews"}


def carry_out(home: Home, progress: Progress) -> None:
    """Carry out decisions since the backup; cut off, it is called again.

    A corrected value came in a file of its own, and who was parted is for a person to say: both are asked for.
    """
    due = decisions.read(home.to_decide)
    with database.warehouse(home) as db:
        db.execute(subject.DDL)
        done = [_insert(db, decision) for decision in due if decision.kind in TABLES]
    decisions.write(home.decisions, [*decisions.read(home.decisions), *due])
    home.to_decide.unlink()
    if any(done):
        progress.say("objections and reviews since the backup count again", decisions=sum(done))
    for decision in due:
        if decision.kind not in TABLES:
            what = f"{decision.kind} of {decision.day} is not in this backup: call 'qhawaq subject' for it again"
            progress.say(what, child=decision.child, about=decision.detail)


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

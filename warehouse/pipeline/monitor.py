"""What is looked at every day: are sources late, does the model drift, is anything kept too long."""

from __future__ import annotations

from datetime import date

from warehouse import database
from warehouse.errors import QhawaqError
from warehouse.pipeline import drift as drift_of
from warehouse.pipeline import retain as retention
from warehouse.progress import Progress
from warehouse.settings import Home

LATE = "select source, age_days, expected_days from operations.freshness where is_late order by source"


def late(home: Home) -> dict[str, object]:
    """Say which sources have not delivered for longer than their contract expects."""
    with database.warehouse(home) as db:
        rows = db.execute(LATE).fetchall()
    return {"late": {source: {"days": days, "expected": expected} for source, days, expected in rows}}


def drift(home: Home, progress: Progress) -> dict[str, object]:
    """Note the drift of the live model and what to do; where no model is live there is nothing to compare."""
    try:
        findings, advice = drift_of.check(home, progress)
    except QhawaqError as reason:
        return {"figures": 0, "advice": str(reason)}
    beyond = sorted(finding.name for finding in findings if finding.is_exceeded)
    return {"figures": len(findings), "beyond": len(beyond), "advice": str(advice)}


def retain(home: Home, progress: Progress, today: date) -> dict[str, object]:
    """Delete what is due, or finish a deletion that was cut off; say what was proved."""
    proof = retention.finish(home, progress)
    if any(retention.due(home, progress, today)):
        proof = retention.carry_out(home, progress, today)
    if proof is None:
        return {"deliveries": 0, "dates": 0}
    return {name: proof[name] for name in ("deliveries", "dates", "files", "persons")}

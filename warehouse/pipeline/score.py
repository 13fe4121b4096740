"""The step that scores the current dates and builds the marts, after counts for officials are decided."""

from __future__ import annotations

from dataclasses import dataclass

from warehouse import database, keys
from warehouse.audit import accesses
from warehouse.build import code, dbt, firewall, orchestration, tested
from warehouse.pipeline import drift
from warehouse.progress import Progress
from warehouse.publish import disclosure
from warehouse.settings import Home


@dataclass(frozen=True)
class ScoreResult:
    """How many models were built and how many tests passed."""

    models: int
    tests: int


def score(home: Home, progress: Progress, full_refresh: bool = False) -> ScoreResult:
    """Score the current dates, give reasons, decide what officials see, and build the marts with their tests."""
    progress.say("cells for officials decided", new=before_marts(home))
    firewall.check(home, progress)
    result = dbt.build(home, progress, dbt.SCORES, full_refresh)
    firewall.check_ran(home, result.statements, result.growing)
    scored(home)
    return ScoreResult(result.models, result.tests)


def before_marts(home: Home) -> int:
    """Decide on counts for officials, and read in what ran and how often children's data was looked at.

    Where the newest date is unlike those that trained the live model, its probabilities are withheld first.

    Returns:
        How many rows of counts were decided.
    """
    drift.withhold(home)
    with database.warehouse(home) as db:
        orchestration.read_in(db, home)
        accesses.count(db, home, keys.load(home.secrets))
        return disclosure.decide_all(db)


def scored(home: Home) -> None:
    """Note that scores and marts are built and tested, so that what was tested counts as tested."""
    with database.warehouse(home) as db:
        tested.done(db, code.code_hash())

"""The steps of the main job; the command line and Airflow call the same functions."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import duckdb

from warehouse import contracts, database, keys
from warehouse.audit import accesses
from warehouse.build import built, closing, dbt, feature_catalog, orchestration, state
from warehouse.errors import HomeError, QhawaqError
from warehouse.landing import ledger
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.publish import disclosure, publishing
from warehouse.registry import model_config, registry_tables, waivers
from warehouse.settings import DBT_PROJECT, Home, write_whole

OUTCOME = "interruption"
Noted = TypeVar("Noted")
DEFAULT_RULE = "rule:abc"


def set_calendar(home: Home, today: date | None) -> date:
    """Store the day for which the warehouse is built: the newest delivery's date where none is given.

    Raises:
        HomeError: nothing has landed yet.
    """
    return _noted(home, lambda db: _set_calendar(db, home, today))


def _set_calendar(db: duckdb.DuckDBPyConnection, home: Home, today: date | None) -> date:
    ledger.prepare(db, list(contracts.read(DBT_PROJECT).values()))
    newest = "select max(delivered_at) from raw.deliveries where status in ('landed', 'superseded')"
    found = today or database.value(db, newest)
    if found is None:
        raise HomeError(f"nothing has landed in {home.root}: put deliveries into {home.inbox} and call 'qhawaq land'")
    with database.transaction(db):
        db.execute("delete from raw.calendar")
        db.execute("insert into raw.calendar values (?)", [found])
    return found


def calendar(home: Home) -> date:
    """Return the day for which the warehouse is built."""
    db = database.warehouse(home)
    try:
        day = database.value(db, "select today from raw.calendar")
        if day is None:
            raise HomeError("the warehouse has no day yet: call 'qhawaq build' first")
        return day
    finally:
        db.close()


def build(home: Home, progress: Progress, today: date | None = None, full_refresh: bool = False) -> dict[str, object]:
    """Build features and outcomes with their tests, then close the as-of dates."""
    day = begin(home, today)
    made = dbt.build(home, progress, dbt.FEATURES, full_refresh)
    closed = close(home, progress, full_refresh)
    return {"today": str(day), "models": made.models, "tests": made.tests, "closed_dates": closed}


def begin(home: Home, today: date | None = None) -> date:
    """Set the day and note what features and outcomes are about to be built of; return the day."""

    def note(db: duckdb.DuckDBPyConnection) -> date:
        day = _set_calendar(db, home, today)
        built.begin(db, state.code_hash())
        orchestration.read_in(db, home)
        return day

    return _noted(home, note)


def close(home: Home, progress: Progress, again: bool = False) -> int:
    """Close the as-of dates of features and outcomes that are built and tested; return how many."""
    closed = closing.close(home, progress, again=again)
    _noted(home, lambda db: built.half_done(db, state.code_hash()))
    return len(closed)


def _noted(home: Home, note: Callable[[duckdb.DuckDBPyConnection], Noted]) -> Noted:
    db = database.warehouse(home)
    try:
        return note(db)
    finally:
        db.close()


def capacity_share() -> float:
    """Return the share of its pupils that a UGEL can visit per list, from the seed's newest row for all."""
    with (DBT_PROJECT / "seeds" / "ugel_capacity.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["ugel_code"] == "*"]
    return float(max(rows, key=lambda row: row["valid_from"])["capacity_share"])


def train(home: Home, progress: Progress, outcome: str = OUTCOME) -> dict[str, object]:
    """Train on matured labels if they are new; register the model with its gate's result."""
    today, share, spec = calendar(home), capacity_share(), learning.spec()
    db = database.warehouse(home)
    try:
        if not enough_years(db, today, outcome):
            return {"trained": None, "reason": "too few years have matured"}
        from ml import train as training  # the heavy libraries, only now

        rows, known = learning.rows(db, home, outcome, spec, today), registry_tables.fingerprints(db, outcome)
        trained = training.train(
            rows, outcome, spec, learning.policy(), today=str(today), share=share, say=progress.say, known=known
        )
        if isinstance(trained, training.NotTrained):
            return {"trained": None, "reason": trained.value}
        file, sha256 = training.register(home.models, trained, spec, share, home.kind == "synthetic")
        name = trained.version
        version = registry_tables.Version(
            name, outcome, trained.algorithm, False, file, sha256, today, str(trained.gate),
            trained.fingerprint, trained.fitted.calibration.slope, trained.terms.base,
        )  # fmt: skip
        registry_tables.add(db, version, trained.metrics, trained.terms.tables(name))
        return {"trained": name, "gate": str(trained.gate)}
    finally:
        db.close()


def not_due(home: Home, outcome: str = OUTCOME) -> str | None:
    """Say why no training is due, or None where labels have matured that no model was trained on."""
    today, spec = calendar(home), learning.spec()
    db = database.warehouse(home)
    try:
        if not enough_years(db, today, outcome):
            return "too few years have matured"
        from ml.data import dataset

        known = registry_tables.fingerprints(db, outcome)
        is_known = known and dataset.fingerprint(learning.rows(db, home, outcome, spec, today), spec) in known
        return "no new matured labels" if is_known else None
    finally:
        db.close()


def live(home: Home, outcome: str = OUTCOME) -> str | None:
    """Return the model or rule that is live."""
    return _noted(home, lambda db: registry_tables.live(db, outcome))


def let_live(home: Home, version: str, outcome: str = OUTCOME) -> None:
    """Let a model or rule be live that was live before: it has passed its gates then."""
    day = calendar(home)
    _noted(home, lambda db: registry_tables.make_live(db, outcome, version, day))
    _noted(home, lambda db: model_config.write(db, home, outcome))


def enough_years(db: duckdb.DuckDBPyConnection, today: date, outcome: str) -> bool:
    """Say whether labels of three years are final: one to train on, one to decide, one to test."""
    return (
        database.value(
            db,
            "select count(distinct year(as_of_date)) from outcomes.child_outcomes where outcome = ? "
            "and label_status = 'final' and label_known_at <= ?",
            [outcome, today],
        )
        > 2
    )


def deploy(home: Home, version: str | None = None, waiver: Path | None = None) -> dict[str, object]:
    """Move the live row to a model whose gates passed; where none passes and none is live, to the best rule.

    Args:
        home: the home.
        version: which model; the newest where none is named.
        waiver: a file by which a person lets a refused model go live.

    Raises:
        QhawaqError: the named version does not exist, its gates refused it, or the waiver is not for it.
    """
    db = database.warehouse(home)
    try:
        today = database.value(db, "select today from raw.calendar")
        live = registry_tables.live(db, OUTCOME)
        found = _named(db, home, version, waiver) if version else registry_tables.newest(db, OUTCOME)
        chosen = version or _chosen(db, found, live)
        if chosen != live:
            registry_tables.make_live(db, OUTCOME, chosen, today)
        model_config.write(db, home, OUTCOME)
        return {"live": chosen, "gate": found.gate if found else "no model: too few matured years"}
    finally:
        db.close()


def _may_go_live(version: registry_tables.Version) -> bool:
    from ml.judging.gates import GateResult

    return GateResult.from_stored(version.gate).may_go_live


def _chosen(db: duckdb.DuckDBPyConnection, found: registry_tables.Version | None, live: str | None) -> str:
    """Return the model if its gate passed, else what is live, else the best rule."""
    if found and _may_go_live(found) and not _gone(db, found):
        return found.model_version
    return live or registry_tables.best_rule(db, OUTCOME, DEFAULT_RULE)


def _gone(db: duckdb.DuckDBPyConnection, version: registry_tables.Version) -> list[str]:
    """Return the features that a model was trained on and the feature mart does not have any more."""
    used = set(registry_tables.features(db, version.model_version))
    return sorted(used - {feature.name for feature in feature_catalog.read() if feature.in_model})


def _named(
    db: duckdb.DuckDBPyConnection, home: Home, version: str, waiver: Path | None
) -> registry_tables.Version:  # fmt: skip
    """Return a version that may go live, by its gates or by a waiver.

    Raises:
        QhawaqError: there is none of that name, its gates refused it, or its features are gone.
    """
    found = registry_tables.find(db, OUTCOME, version)
    if found is None:
        raise QhawaqError(f"no model {version}: 'qhawaq status' shows the newest")
    if gone := _gone(db, found):
        raise QhawaqError(f"{version} may not go live: no model may use {', '.join(gone)} any more")
    if not _may_go_live(found):
        _waive(db, home, found, waiver)
    return found


def _waive(db: duckdb.DuckDBPyConnection, home: Home, found: registry_tables.Version, waiver: Path | None) -> None:
    """Keep the waiver by which a refused model goes live.

    Raises:
        QhawaqError: there is none, or it is not for this model and its gates.
    """
    if waiver is None:
        raise QhawaqError(f"{found.model_version} may not go live: {found.gate}")
    from ml.judging.gates import GateResult

    said, sha256 = waivers.read(waiver)
    said.permits(found.model_version, GateResult.from_stored(found.gate).broken)
    write_whole(home.models / found.model_version / "waiver.yml", waiver.read_text(encoding="utf-8"))
    registry_tables.note_waiver(db, found.model_version, sha256)


def score(home: Home, progress: Progress, full_refresh: bool = False) -> dict[str, object]:
    """Score the current dates, give reasons, decide what officials see, and build the marts with their tests."""
    progress.say("cells for officials decided", new=before_marts(home))
    made = dbt.build(home, progress, dbt.SCORES, full_refresh)
    scored(home)
    return {"models": made.models, "tests": made.tests}


def before_marts(home: Home) -> int:
    """Decide on counts for officials, and read in what ran and how often children's data was looked at.

    Returns:
        How many rows of counts were decided.
    """

    def note(db: duckdb.DuckDBPyConnection) -> int:
        orchestration.read_in(db, home)
        accesses.count(db, home, keys.load(home.secrets))
        return disclosure.decide_all(db)

    return _noted(home, note)


def scored(home: Home) -> None:
    """Note that scores and marts are built and tested, so that what was tested counts as tested."""
    _noted(home, lambda db: built.done(db, state.code_hash()))


def publish(home: Home, progress: Progress, key: str) -> dict[str, object]:
    """Publish the marts to each audience's serving files."""
    release, files = publishing.publish(home, progress, key)
    _noted(home, lambda db: model_config.write(db, home, OUTCOME))  # from where on a UGEL's capacity reaches now
    return {"release": release, "files": files}

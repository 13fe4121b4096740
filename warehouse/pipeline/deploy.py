"""The step that makes a model live whose gates passed, else the best rule; and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from ml.judging.gates import GateResult
from warehouse import database, files
from warehouse.build import calendar, feature_catalog
from warehouse.errors import DamagedFile, QhawaqError
from warehouse.files import write_whole
from warehouse.pipeline.learning import OUTCOME, OUTCOMES
from warehouse.registry import model_config, versions, waivers
from warehouse.registry.versions import Version
from warehouse.settings import Home

DEFAULT_RULE = "rule:abc"
NOTHING = "nothing"


@dataclass(frozen=True)
class DeployResult:
    """What is live, and the newest or named model's gates."""

    live: str
    gate: str


def deploy(home: Home, version: str | None = None, waiver: Path | None = None, outcome: str = OUTCOME) -> DeployResult:
    """Move the live row to a model whose gates passed; where none passes and none is live, to the best rule.

    For repetition no rule stands in: nothing is live then.

    Args:
        home: the home.
        version: which model; the newest where none is named.
        waiver: a file by which a person lets a refused model go live.
        outcome: of the model.

    Raises:
        QhawaqError: the named version does not exist, its gates refused it, or the waiver is not for it.
    """
    with database.warehouse(home) as db:
        today = database.value(db, "select today from raw.calendar")
        before = versions.live(db, outcome)
        candidate = _named(db, home, version, waiver, outcome) if version else versions.newest(db, outcome)
        gate = candidate.gate if candidate else "no model: too few matured years"
        chosen = version or _chosen(db, candidate, before) or _rule(db, outcome)
        if chosen is None:
            return DeployResult(NOTHING, gate)
        _check(db, home, chosen)
        if chosen != before:
            versions.make_live(db, outcome, chosen, today)
        model_config.write(db, home, OUTCOME)
        return DeployResult(chosen, gate)


def of_other_lists(home: Home) -> None:
    """Move the live rows of outcomes besides interruption that have one to newer models whose gates passed."""
    for outcome in OUTCOMES:
        if outcome != OUTCOME and live(home, outcome):
            deploy(home, outcome=outcome)


def live(home: Home, outcome: str = OUTCOME) -> str | None:
    """Return the model or rule that is live."""
    with database.warehouse(home) as db:
        return versions.live(db, outcome)


def make_live(home: Home, version: str, outcome: str = OUTCOME) -> None:
    """Make a model or rule live again; its gates passed or were waived before."""
    day = calendar.read(home)
    with database.warehouse(home) as db:
        _check(db, home, version)
        versions.make_live(db, outcome, version, day)
        model_config.write(db, home, outcome)


def _check(db: duckdb.DuckDBPyConnection, home: Home, version: str) -> None:
    """Refuse a model whose file is lost or damaged: the service could not serve it.

    Raises:
        DamagedFile: it is.
    """
    row = db.execute(
        "select file, sha256 from ml.model_versions where model_version = ? and file is not null", [version]
    )
    for file, sha256 in row.fetchall():
        path = home.models / file
        if not path.is_file() or files.sha256(path) != sha256:
            raise DamagedFile(
                f"{path} is damaged or missing: restore it from a backup, or name another model (qhawaq deploy VERSION)"
            )


def _chosen(db: duckdb.DuckDBPyConnection, candidate: Version | None, before: str | None) -> str | None:
    """Return the model if its gates passed, else what is live."""
    if candidate and GateResult.from_stored(candidate.gate).may_go_live and not _gone(db, candidate):
        return candidate.model_version
    return before


def _rule(db: duckdb.DuckDBPyConnection, outcome: str) -> str | None:
    """Return the best rule for the lists of visits; today's rules say nothing of repetition."""
    return versions.best_rule(db, outcome, DEFAULT_RULE) if outcome == OUTCOME else None


def _gone(db: duckdb.DuckDBPyConnection, version: Version) -> list[str]:
    """Return the features that a model was trained on and the feature mart does not have any more."""
    used = set(versions.features(db, version.model_version))
    return sorted(used - {feature.name for feature in feature_catalog.read() if feature.in_model})


def _named(db: duckdb.DuckDBPyConnection, home: Home, name: str, waiver: Path | None, outcome: str) -> Version:
    """Return a version that may go live, by its gates or by a waiver.

    Raises:
        QhawaqError: there is none of that name, its gates refused it, or its features are gone.
    """
    version = versions.find(db, outcome, name)
    if version is None:
        raise QhawaqError(f"no model {name}: 'qhawaq status' shows the newest")
    if gone := _gone(db, version):
        raise QhawaqError(f"{name} may not go live: no model may use {', '.join(gone)} any more")
    if not GateResult.from_stored(version.gate).may_go_live:
        _waive(db, home, version, waiver)
    return version


def _waive(db: duckdb.DuckDBPyConnection, home: Home, version: Version, file: Path | None) -> None:
    """Keep the waiver by which a refused model goes live.

    Raises:
        QhawaqError: there is none, or it is not for this model and its gates.
    """
    if file is None:
        raise QhawaqError(f"{version.model_version} may not go live: {version.gate}")
    waiver, sha256 = waivers.read(file)
    waiver.permits(version.model_version, GateResult.from_stored(version.gate).broken)
    write_whole(home.models / version.model_version / waivers.NAME, file.read_text(encoding="utf-8"))
    versions.note_waiver(db, version.model_version, sha256)

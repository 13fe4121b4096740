"""An auditor's recomputation in SQL: every live score is the base and its points, and a wrong point is found."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country, qhawaq
from warehouse import dbt
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import Home

SCORECARD = ("--select", "scores_are_the_sum_of_their_points")


@pytest.fixture
def scored(country: Country, tmp_path: Path, silent: Progress) -> Home:
    """A country whose additive model is live, whatever its gates said."""
    home = Home(tmp_path / "home")
    shutil.copytree(country.home.root, home.root, symlinks=True, ignore=shutil.ignore_patterns("archive", "serving"))
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("update ml.model_versions set is_live = (algorithm = 'additive')")
    dbt.build(home, silent, ("--select", "score_outputs", "risk_scores"))
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select count(*) from scores.risk_scores where log_odds is not null").fetchone()[0] > 500
    return home


def test_scores_are_recomputed_in_sql_and_a_wrong_point_is_found(scored: Home, silent: Progress) -> None:
    assert dbt.build(scored, silent, SCORECARD).tests == 1
    with duckdb.connect(str(scored.warehouse)) as db:
        db.execute("update ml.model_terms set points = points + 2e-9 where feature = 'over_age_years' and bin = 1")
    with pytest.raises(BuildFailed, match="scores_are_the_sum_of_their_points"):
        dbt.build(scored, silent, SCORECARD)


def test_drift_is_noted_and_a_rule_has_none(scored: Home, country: Country) -> None:
    said = qhawaq(scored.root, "drift").stdout
    assert "85 figures in ml.drift; keep the model" in said or "look at" in said
    with duckdb.connect(str(scored.warehouse), read_only=True) as db:
        rows = db.execute("select name, count(*), bool_and(value >= 0) from ml.drift group by 1 order by 1").fetchall()
        version = db.execute("select distinct model_version from ml.drift").fetchall()
    assert rows == [("feature_psi", 83, True), ("score_psi", 1, True), ("two_sample_auc", 1, True)]
    assert version[0][0].startswith("interruption-additive-")
    qhawaq(scored.root, "drift")  # a second look on one day takes the first one's place
    with duckdb.connect(str(scored.warehouse)) as db:
        assert db.execute("select count(*) from ml.drift").fetchall() == [(85,)]
        for version, log_odds, day in (
            ("rule:abc", "null", "2024-05-01"),
            ("m", "-3 - attendance_share", "2024-06-01"),
        ):
            db.execute(
                "insert into scores.risk_scores by name select child_key, as_of_date, 'interruption' as outcome, "
                f"'{version}' as model_version, cast({log_odds} as double) as log_odds, "
                f"timestamp '{day}' as scored_at from features.child_features where as_of_date = date '2024-04-30'"
            )
        db.execute("delete from scores.risk_scores where model_version = 'm' and log_odds is null")
    qhawaq(
        scored.root, "drift"
    )  # labels of a scored date are final: what was announced is compared, a rule's rank is not
    with duckdb.connect(str(scored.warehouse)) as db:
        rows = db.execute("select name from ml.drift where name not like '%psi' order by 1").fetchall()
        assert rows == [("observed_over_expected_at_capacity",), ("precision_ratio_to_best_rule",), ("two_sample_auc",)]
        db.execute("update ml.model_versions set is_live = false")
    assert "no model is live" in qhawaq(scored.root, "drift", expect=1).stderr

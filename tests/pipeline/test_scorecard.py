"""An auditor's recomputation in SQL: every live score is the base and its points, and a wrong point is found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from ml import score
from ml.judging.backtest import Figure
from ml.judging.metric import Metric
from ml.models import candidates, registry
from service import live, predict
from tests import few, homes
from tests.conftest import Country, qhawaq
from warehouse.audit import explanation
from warehouse.errors import BuildFailed
from warehouse.pipeline import explain, learning
from warehouse.registry import model_config, versions
from warehouse.settings import Home

SCORECARD = "scores_are_the_sum_of_their_points"


@pytest.fixture(scope="module")
def scored_once(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A country whose additive model is live, whatever its gates said."""
    home = country.to_build(tmp_path_factory.mktemp("scored") / "home")
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("update ml.model_versions set is_live = (algorithm = 'additive')")
    few.build(home, "score_outputs", "risk_scores")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select count(*) from scores.risk_scores where log_odds is not null").fetchone()[0] > 500
    return home


@pytest.fixture
def scored(scored_once: Home, tmp_path: Path) -> Home:
    return homes.copy(scored_once.root, Home(tmp_path / "home"))


def test_scores_are_recomputed_in_sql_and_a_wrong_point_is_found(scored: Home) -> None:
    assert few.build(scored, SCORECARD).tests == 1
    with duckdb.connect(str(scored.warehouse)) as db:
        db.execute("update ml.model_terms set points = points + 2e-9 where feature = 'over_age_years' and bin = 1")
    with pytest.raises(BuildFailed, match="scores_are_the_sum_of_their_points"):
        few.build(scored, SCORECARD)


def test_a_model_with_interactions_ranks_and_gives_reasons_that_add_up(country: Country, tmp_path: Path) -> None:
    home = country.to_build(tmp_path / "home")
    fitted, version = with_interactions(home)
    few.build(home, "score_outputs", "risk_scores", "reason_outputs", "risk_reasons")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        spec = learning.spec()
        columns = ", ".join(f"f.{name}" for name in spec.features)
        rows = db.execute(
            f"select {columns}, f.level, s.log_odds, s.child_key, s.as_of_date from scores.risk_scores as s "
            "join features.child_features as f on f.child_key = s.child_key and f.as_of_date = s.as_of_date "
            "where s.model_version = ? order by s.log_odds desc", [version],
        ).to_arrow_table()  # fmt: skip
        slope, shift = fitted.calibration.of_rows(score.segments(rows))
        said = shift + slope * fitted.model.decision_function(score.matrix(rows, spec.features))
        assert rows.num_rows > 500
        assert np.abs(said - rows.column("log_odds").to_numpy()).max() < 1e-9
        apart = db.execute(
            "select count(*), max(abs(r.total - s.log_odds)) from scores.risk_scores as s join (select child_key, "
            "as_of_date, model_version, sum(contribution) as total from scores.risk_reasons group by all) as r "
            "using (child_key, as_of_date, model_version) where model_version = ?", [version],
        ).fetchone()  # fmt: skip
        assert apart[0] > 50
        assert apart[1] < 1e-9
        child, day = rows.column("child_key")[0].as_py(), rows.column("as_of_date")[0].as_py()
        told = explanation.terms(db, child, day, version, explain.terms_by_trees)
        assert abs(sum(points for _, _, points in told) - rows.column("log_odds")[0].as_py()) < 1e-9
        assert model_config.write(db, home, "interruption")
    current = live.read_live_model(home.model_config, home.models)
    values = {name: rows.column(name)[0].as_py() for name in current.terms.features}
    level, is_rural = (rows.column(name)[0].as_py() for name in ("level", "is_rural"))
    [answer] = predict.predict(current, [predict.PreparedRow(values, day, level=level, is_rural=is_rural)])
    assert abs(answer["log_odds"] - rows.column("log_odds")[0].as_py()) < 1e-9


def with_interactions(home: Home) -> tuple[candidates.Fitted, str]:
    """Let a boosting that learned from one year be live, registered as training does it."""
    spec, version = learning.spec(), "interruption-boosting-test"
    with duckdb.connect(str(home.warehouse)) as db:
        rows = learning.rows(db, home, "interruption", spec, date(2025, 12, 31))
        one_year = rows.of(rows.year == 2023)
        fitted = candidates.fit("boosting", spec, one_year, {"max_iter": 15, "max_leaf_nodes": 6})
        file, sha256 = registry.save(home.models, version, fitted.model, {})
        points = candidates.READ_OFF["boosting"](fitted, spec, one_year)
        row = versions.Version(
            model_version=version, outcome="interruption", algorithm="boosting", trained_at=date(2025, 12, 31),
            gate="passed: made for a test", file=file, sha256=sha256, slope=fitted.calibration.slope,
            intercept=points.base,
        )  # fmt: skip
        figures = [Figure("boosting", "test", "all", Metric("n_rows", 1.0))]
        versions.add(db, row, figures, points.tables(version))
        versions.make_live(db, "interruption", version, date(2025, 12, 31))
    return fitted, version


def test_drift_is_noted_and_a_rule_has_none(scored: Home, country: Country) -> None:
    said = qhawaq(scored.root, "drift").stdout
    assert "106 figures in ml.drift; keep the model" in said or "look at" in said
    with duckdb.connect(str(scored.warehouse), read_only=True) as db:
        rows = db.execute("select name, count(*), bool_and(value >= -1) from ml.drift group by 1 order by 1").fetchall()
        version = db.execute("select distinct model_version from ml.drift").fetchall()
    assert rows == [
        ("coverage_lost", 25, True),  # one a department
        ("far_features_share", 1, True),
        ("feature_psi", 78, True),  # five of 83 would tell the year
        ("score_psi", 1, True),
        ("two_sample_auc", 1, True),
    ]
    assert version[0][0].startswith("interruption-additive-")
    qhawaq(scored.root, "drift")  # a second look on one day takes the first one's place
    with duckdb.connect(str(scored.warehouse)) as db:
        assert db.execute("select count(*) from ml.drift").fetchall() == [(106,)]
        for version, log_odds, day in (
            ("rule:abc", "null", "2024-05-01"),
            # almost nothing is announced, and those who left head the list, whatever the keys of this home
            ("m", "-9 + coalesce(label, false)::int", "2024-06-01"),
        ):
            db.execute(
                "insert into scores.risk_scores by name select child_key, as_of_date, 'interruption' as outcome, "
                "row_number() over () as rank_in_ugel, 'bajo' as tier, "
                f"as_of_date + 120 as expires_on, '{version}' as model_version, cast({log_odds} as double) as log_odds, "
                f"timestamp '{day}' as scored_at from features.child_features join (select child_key, as_of_date, label "
                "from outcomes.child_outcomes where outcome = 'interruption') using (child_key, as_of_date) "
                "where as_of_date = date '2024-04-30'"
            )
        db.execute("delete from scores.risk_scores where model_version = 'm' and log_odds is null")
    qhawaq(
        scored.root, "drift"
    )  # labels of a scored date are final: what was announced is compared, a rule's rank is not
    with duckdb.connect(str(scored.warehouse)) as db:
        rows = db.execute("select distinct name from ml.drift where name not like '%psi' order by 1").fetchall()
        assert [name for (name,) in rows] == [
            "coverage_lost", "far_features_share", "observed_over_expected_at_capacity", "precision_ratio_to_best_rule",
            "two_sample_auc",
        ]  # fmt: skip
        assert db.execute("select kind, withholds from ml.model_notes where kind = 'outcomes'").fetchall() == [
            ("outcomes", True)  # far more came than was announced
        ]
        db.execute("update ml.model_versions set is_live = false")
    assert "no model is live" in qhawaq(scored.root, "drift", expect=1).stderr

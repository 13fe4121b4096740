"""A model with interactions as a table of nodes: it says what the fitted model says, in scores and in reasons."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from ml import score
from ml.data.dataset import Rows
from ml.models import calibrate, candidates, nodes, registry, trees
from ml.models.calibrate import Calibration
from tests.ml.rows import POLICY
from tests.ml.test_terms_and_scores import SPEC, batch_of, sample


@pytest.fixture(scope="module")
def fitted() -> candidates.Fitted:
    return candidates.fit("boosting", SPEC, sample())


@pytest.fixture(scope="module")
def points(fitted: candidates.Fitted) -> trees.Trees:
    return candidates.READ_OFF["boosting"](fitted, SPEC, sample())


def log_odds(points: trees.Trees, rows: Rows) -> np.ndarray:
    return points.log_odds(rows.values, calibrate.segment_names(rows))


def test_nodes_say_what_the_model_says(fitted: candidates.Fitted, points: trees.Trees) -> None:
    rows = sample(1_000, seed=2)
    assert np.abs(log_odds(points, rows) - fitted.log_odds(rows)).max() < 1e-9


def test_a_value_on_a_threshold_goes_where_the_model_sends_it(fitted: candidates.Fitted, points: trees.Trees) -> None:
    first = points.trees[0]
    asked = [(int(node["feature"]), float(node["threshold"])) for node in first if node["feature"] != nodes.LEAF]
    feature, threshold = asked[0]
    rows = sample(4, seed=3)
    rows.values[:, feature] = [threshold, np.nextafter(threshold, np.inf), np.nextafter(threshold, -np.inf), np.nan]
    found = log_odds(points, rows)
    assert np.abs(found - fitted.log_odds(rows)).max() < 1e-9
    left = nodes.goes_left(first[0], rows.values[:, int(first[0]["feature"])])
    assert left.tolist()[:3] == [True, False, True]


def test_a_tree_of_one_leaf_says_the_same_of_all() -> None:
    leaf = np.zeros(1, dtype=nodes.NODE)
    leaf["feature"], leaf["points"], leaf["n_rows"] = nodes.LEAF, 0.25, 10
    alone = trees.Trees(("a",), (leaf,), -1.0, Calibration(2.0, 0.5))
    values, names = np.array([[1.0], [np.nan]]), np.array(["x", "y"])
    assert alone.log_odds(values, names).tolist() == [-1.0, -1.0]
    base, parts = alone.contributions(values, names)
    assert base.tolist() == [-1.0, -1.0]
    assert not parts.any()


def test_trees_survive_their_tables_beside_those_of_others(points: trees.Trees) -> None:
    rows, tables = sample(300, seed=4), points.tables("v")
    other = trees.Trees(points.features, points.trees[:3], 9.0).tables("other")
    both = {name: pa.concat_tables([other[name], tables[name]]) for name in tables}
    back = trees.from_tables("v", points.base, both["model_terms"], both["model_trees"])
    assert back.features == ("a", "b", "c")  # what training never saw is asked by no tree
    order = [points.features.index(name) for name in back.features]
    names = calibrate.segment_names(rows)
    assert np.array_equal(back.log_odds(rows.values[:, order], names), log_odds(points, rows))
    mine, theirs = points.contributions(rows.values, names)[1], back.contributions(rows.values[:, order], names)[1]
    assert np.array_equal(mine[:, order], theirs)


def test_a_version_without_nodes_is_read_from_its_terms() -> None:
    additive = candidates.fit("additive", SPEC, sample())
    tables = candidates.READ_OFF["additive"](additive, SPEC, sample()).tables("v")
    assert list(tables) == ["model_terms"]
    back = trees.from_tables("v", 0.0, tables["model_terms"], trees.TABLE.empty_table())
    assert back.features == SPEC.features


def test_streamed_scores_are_the_models_and_reasons_add_up(points: trees.Trees) -> None:
    rows = sample(700, seed=5)
    tables = points.tables("v")
    [live] = score.rankers([("v", "interruption", points.base)], tables["model_terms"], tables["model_trees"], POLICY)
    streamed = score.scores(batch_of(rows), [live]).read_all()
    assert np.array_equal(streamed.column("log_odds").to_numpy(), log_odds(points, rows))
    reader = batch_of(rows, outcome=["interruption"] * 700, model_version=["v"] * 700)
    found = score.reasons(reader, [live], count=5).read_all()
    assert found.num_rows == 700 * 5  # three features are asked for: no more can be named, beside base and rest
    sums = np.bincount(found.column("child_key").to_numpy(), found.column("contribution").to_numpy())
    assert np.abs(sums - log_odds(points, rows)).max() < 1e-9


def test_its_file_holds_trusted_types_only(fitted: candidates.Fitted, tmp_path: Path) -> None:
    file, sha256 = registry.save(tmp_path, "v", fitted.model, {})
    again, rows = registry.load(tmp_path, file, sha256), sample(100, seed=6)
    assert np.array_equal(again.decision_function(rows.values), fitted.model.decision_function(rows.values))

"""Scores by looking up are the model's own, exactly; reasons add up; rules and lists are right at their edges."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml import score
from ml.data import dataset
from ml.data.dataset import Rows, Spec
from ml.judging import evaluate
from ml.models import calibrate, candidates, registry, rules, terms, trees
from ml.models.calibrate import Calibration
from tests.conftest import examples
from tests.ml.rows import POLICY
from tests.ml.rows import rows as made

SPEC = Spec(("a", "b", "c", "d"), (1, -1, 0, 0))


def sample(n: int = 4000, seed: int = 1) -> Rows:
    rng = np.random.default_rng(seed)
    values = np.column_stack(
        [rng.normal(size=n), rng.integers(0, 5, n), rng.integers(0, 2, n), np.full(n, np.nan)]
    ).astype(float)
    values[rng.random(n) < 0.1, 0] = np.nan
    chance = 1 / (1 + np.exp(-(-2 + np.nan_to_num(values[:, 0]) - 0.3 * values[:, 1])))
    return made(
        (rng.random(n) < chance).astype(float), values, group=rng.choice(["A", "B"], n),
        cluster=rng.choice([f"s{i}" for i in range(30)], n),
        segments={"level": rng.choice(["B0", "F0"], n), "area": rng.choice(["rural", "urban", "unknown"], n)},
    )  # fmt: skip


def log_odds(model_terms: terms.Terms, rows: Rows) -> np.ndarray:
    return model_terms.log_odds(rows.values, calibrate.segment_names(rows))


@pytest.fixture(scope="module")
def fitted() -> candidates.Fitted:
    return candidates.fit("additive", SPEC, sample())


@pytest.fixture(scope="module")
def model_terms(fitted: candidates.Fitted) -> terms.Terms:
    return terms.read_off(fitted.model, SPEC.features, sample().values, fitted.calibration)


def test_terms_are_the_models_own_scores(fitted: candidates.Fitted, model_terms: terms.Terms) -> None:
    rows = sample(seed=2)
    assert np.abs(log_odds(model_terms, rows) - fitted.log_odds(rows)).max() < 1e-9


def test_few_rows_and_many_get_the_same_points(model_terms: terms.Terms) -> None:
    beside = [np.nextafter(edge, to) for edge in model_terms.edges[0] for to in (-np.inf, np.inf)]
    first = np.array([*model_terms.edges[0], *beside, np.nan, np.inf, -np.inf])
    values = np.column_stack([first, np.resize(model_terms.edges[1], len(first)), np.zeros((len(first), 2))])
    names = np.array(["F0·rural", "B0·urban"])[np.arange(len(values)) % 2]
    parts = model_terms.contributions(values, names)[1]
    assert len(values) > terms.FEW
    for at in range(0, len(values), terms.FEW):  # up to exactly as many as are looked up one by one
        some = slice(at, at + terms.FEW)
        assert np.array_equal(model_terms.contributions(values[some], names[some])[1], parts[some])
    assert np.array_equal(model_terms._of_few(values), model_terms._of_many(values))
    none = model_terms.contributions(values[:0], names[:0])
    assert none[1].shape == (0, values.shape[1])


def test_terms_survive_their_table(model_terms: terms.Terms) -> None:
    others = terms.Terms((), (), (), 0.0, Calibration(9.0, 9.0)).table("w")
    back = terms.from_table(pa.concat_tables([others, model_terms.table("v")]), "v", model_terms.base)
    rows = sample(seed=3)
    assert len(set(model_terms.calibration.of_segment.values())) == 6
    assert np.array_equal(log_odds(back, rows), log_odds(model_terms, rows))


def test_directions_the_domain_knows_are_kept(model_terms: terms.Terms) -> None:
    assert (np.diff(model_terms.points[0][1:]) >= 0).all()
    assert (np.diff(model_terms.points[1][1:]) <= 0).all()


def test_training_is_the_same_twice(fitted: candidates.Fitted) -> None:
    again = candidates.fit("additive", SPEC, sample())
    rows = sample(seed=4)
    assert np.array_equal(again.log_odds(rows), fitted.log_odds(rows))


def test_calibration_is_near_the_truth(fitted: candidates.Fitted) -> None:
    fresh = sample(20_000, seed=5)
    probability = 1 / (1 + np.exp(-fitted.log_odds(fresh)))
    assert abs(fresh.label.sum() / probability.sum() - 1) < 0.1


def batch_of(rows: Rows, **more: list) -> pa.RecordBatchReader:
    n = len(rows.key)
    rural = [{"rural": True, "urban": False}.get(area) for area in rows.segments["area"].texts()]
    columns = {
        "child_key": pa.array(rows.key), "as_of_date": pa.array([date(2023, 4, 30)] * n),
        "ugel_code": pa.array(rows.group.texts().tolist()), "level": pa.array(rows.segments["level"].texts().tolist()),
        "is_rural": pa.array(rural, pa.bool_()), "department_code": pa.array(["15"] * n),
    }  # fmt: skip
    columns |= {name: pa.array(rows.values[:, i], from_pandas=True) for i, name in enumerate(SPEC.features)}
    columns |= {name: pa.array(value) for name, value in more.items()}
    return pa.table(columns).to_reader(max_chunksize=333)


def test_streamed_scores_do_not_depend_on_batches(model_terms: terms.Terms) -> None:
    rows = sample(1000, seed=6)
    live = [score.Ranker("v", "interruption", model_terms)]
    streamed = score.scores(batch_of(rows), live).read_all()
    assert np.array_equal(streamed.column("log_odds").to_numpy(), log_odds(model_terms, rows))
    assert np.allclose(streamed.column("probability").to_numpy(), 1 / (1 + np.exp(-log_odds(model_terms, rows))))


def test_a_row_that_names_its_ranker_is_scored_by_that_one_alone(model_terms: terms.Terms) -> None:
    rows = sample(10, seed=6)
    live = [score.Ranker("v", "interruption", model_terms), score.Ranker("w", "repetition", model_terms)]
    outcomes, versions = ["interruption"] * 6 + ["repetition"] * 4, ["v"] * 6 + ["w"] * 4
    streamed = score.scores(batch_of(rows, outcome=outcomes, model_version=versions), live).read_all()
    assert streamed.column("model_version").to_pylist() == versions
    assert streamed.column("outcome").to_pylist() == outcomes
    assert np.array_equal(streamed.column("log_odds").to_numpy(), log_odds(model_terms, rows))


def test_reasons_with_base_and_rest_are_the_log_odds(model_terms: terms.Terms) -> None:
    rows = sample(500, seed=7)
    live = [score.Ranker("v", "interruption", model_terms)]
    reader = batch_of(rows, outcome=["interruption"] * 500, model_version=["v"] * 500)
    found = score.reasons(reader, live, count=2).read_all()
    assert found.num_rows == 500 * 4
    sums = np.bincount(found.column("child_key").to_numpy(), found.column("contribution").to_numpy())
    assert np.abs(sums - log_odds(model_terms, rows)).max() < 1e-9
    first = found.slice(0, 4).to_pylist()
    assert [row["term"] for row in first][2:] == ["base", "rest"]
    assert first[0]["contribution"] >= first[1]["contribution"]


def test_a_rule_gives_no_probability() -> None:
    table = pa.table({
        "child_key": [1, 2, 3, 4], "as_of_date": [date(2023, 4, 30)] * 4, "ugel_code": ["A"] * 4,
        "attendance_share": [0.90, 0.9001, None, 0.5], "n_failed_areas": [0, 1, 2, 2], "over_age_years": [0, 1, 2, 3],
        "grade": [1, 1, 1, 1],
    })  # fmt: skip
    live = score.rankers(
        [("rule:abc", "interruption", None), ("rule:over_age", "interruption", None)],
        terms.TABLE.empty_table(), trees.TABLE.empty_table(), POLICY,
    )  # fmt: skip
    found = score.scores(table.to_reader(), live).read_all().to_pylist()
    assert all(row["probability"] is None and row["log_odds"] is None for row in found)
    abc = [row["ranking"] for row in found if row["model_version"] == "rule:abc"]
    assert abc[0] == pytest.approx(1.1)  # exactly 90 % counts
    assert abc[1] == 0  # above it, with one failed area, does not
    assert abc[2] == 1  # missing attendance meets nothing; two failed areas do
    assert abc[3] == pytest.approx(2.5)  # both criteria, before everyone
    over_age = [row["ranking"] for row in found if row["model_version"] == "rule:over_age"]
    assert over_age == [0, 0, 2, 3]


@given(
    st.lists(st.one_of(st.none(), st.floats(-5, 5)), min_size=1, max_size=30),
    st.lists(st.floats(-4, 4), unique=True, max_size=6),
)
def test_every_value_is_in_the_bin_whose_edges_hold_it(values: list, edges: list) -> None:
    edges = np.sort(np.array(edges, dtype=float))
    numbers = np.array([np.nan if v is None else v for v in values])
    for value, found in zip(numbers, terms.bin_of(numbers, edges), strict=True):
        if np.isnan(value):
            assert found == 0
        else:
            assert found == 1 or value > edges[found - 2]
            assert found == len(edges) + 1 or value <= edges[found - 1]


@settings(max_examples=examples(20))
@given(st.integers(1, 60), st.floats(0.01, 0.5), st.integers(0, 1000))
def test_a_list_has_the_capacity_of_each_ugel(n: int, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    ugel = rng.choice(["A", "B", "C"], n)
    ranking = rng.integers(0, 4, n).astype(float)
    on_list = evaluate.Sample(made(np.zeros(n), group=ugel)).listed(ranking, share)
    for name in set(ugel):
        mine = ugel == name
        assert on_list[mine].sum() == np.ceil(share * mine.sum() - 1e-9)
        if on_list[mine].any() and not on_list[mine].all():
            assert ranking[mine & on_list].min() >= ranking[mine & ~on_list].max()


def test_precision_leaves_out_whose_outcome_cannot_be_said() -> None:
    found = evaluate.Sample(made([1, np.nan, 0, 0], cluster=list("abcd")))
    precision, recall, lift, rate = evaluate.of_list(found, np.array([True, True, True, False]))
    assert (precision.value, recall.value, lift.value, rate.value) == pytest.approx((0.5, 1.0, 1.5, 2 / 3))


def test_a_changed_model_file_is_refused(fitted: candidates.Fitted, tmp_path) -> None:
    file, sha256 = registry.save(tmp_path, "v1", fitted.model, {})
    values = sample(seed=8).values
    assert np.array_equal(
        registry.load(tmp_path, file, sha256).decision_function(values), fitted.model.decision_function(values)
    )
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes() + b"x")
    with pytest.raises(registry.DamagedModel, match="checksum"):
        registry.load(tmp_path, file, sha256)


def test_a_model_of_other_types_is_refused(tmp_path) -> None:
    import skops.io
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    content = skops.io.dumps(make_pipeline(FunctionTransformer(dataset.fingerprint)))
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "model.skops").write_bytes(content)
    with pytest.raises(registry.DamagedModel, match="not trusted"):
        registry.load(tmp_path, "m/model.skops", hashlib.sha256(content).hexdigest())


def test_rules_use_only_what_they_name() -> None:
    columns = {name: np.array([0.5, 3.0]) for name in rules.FEATURES}
    for rule in rules.by_name(POLICY).values():
        assert rule(columns).shape == (2,)


def test_cut_offs_go_by_the_group_of_grades_and_meet_at_the_edge() -> None:
    columns = {
        "grade": np.array([2.0, 3.0, 2.0, 11.0, np.nan]), "attendance_share": np.array([0.85, 0.85, 0.8501, 0.92, 0.93]),
        "n_failed_areas": np.array([0.0, 0.0, 0.0, 3.0, 2.0]), "over_age_years": np.array([0.0, 1.0, 1.0, 1.0, np.nan]),
    }  # fmt: skip
    found = rules.cut_offs(POLICY, columns)
    assert np.floor(found).tolist() == [1.0, 1.0, 1.0, 2.0, 0.0]  # how many criteria are met
    assert found[0] == pytest.approx(1.15)


def test_a_segment_with_few_cases_is_calibrated_like_all_and_one_with_many_by_itself() -> None:
    rng = np.random.default_rng(0)
    said = rng.normal(-3, 1, 60_000)
    names = np.array(["many"] * 30_000 + ["others"] * 29_900 + ["few"] * 100)
    shift = np.where(names == "many", 1.0, 0.0)
    label = (rng.random(len(said)) < 1 / (1 + np.exp(-said - shift))).astype(float)
    found = calibrate.fit(said, label, names)
    assert found.of_segment["many"][1] - found.of_segment["others"][1] == pytest.approx(1.0, abs=0.15)
    few, whole = found.of_segment["few"], (found.slope, found.shift)
    assert few == pytest.approx(whole, abs=0.3)
    assert found.of_rows(np.array(["few", "unheard"]))[0].tolist() == [few[0], found.slope]


def test_calibration_needs_no_overlap_to_stay_finite() -> None:
    found = calibrate.logistic(np.arange(100.0), np.array([1.0] * 10 + [0.0] * 90), np.zeros(2), np.array([1.0, 0.0]))
    assert np.isfinite(found).all()
    assert found[0] < 0


def test_without_calibration_terms_stand_as_they_are(model_terms: terms.Terms) -> None:
    plain = terms.Terms(model_terms.features, model_terms.edges, model_terms.points, model_terms.base)
    base, parts = plain.contributions(sample(seed=5).values, np.full(4000, "F0·rural"))
    assert (base == model_terms.base).all()
    assert parts.shape == (4000, 4)
    assert plain.calibration == Calibration()


def test_scoring_does_without_scikit_learn() -> None:
    """Importing it takes seconds at every delivery, and the prediction service would carry it for nothing."""
    heavy = "import sys, ml.score; print(sorted(sys.modules.keys() & {'sklearn', 'skops', 'pandas', 'altair'}))"
    assert subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout == "[]\n"

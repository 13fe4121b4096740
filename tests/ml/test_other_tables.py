"""Tables of other domains (`tests/ml/tables.py`): periods, types of columns and clusters are what their contracts say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml import newcomers
from ml.data import external, periods
from ml.data.dataset import Rows, Spec
from ml.judging import campaign
from ml.models.variants import Variant
from ml.policy import Policy
from tests.conftest import qhawaq
from tests.ml.tables import TABLES, Table, courses, diabetes, wine

POLICY = Policy(0.90, 2, 2)
JUDGED = {
    "wine": ("origin_202302", "origin_202303", "origin_202304", "origin_202305", "test_202306"),
    "diabetes": ("origin_20210301", "test_20220307"),
    "courses": ("origin_20131001", "origin_20140201", "test_20141001"),
}


def read(table: Table, folder: Path, **changes: Any) -> tuple[Rows, Spec]:
    features, outcomes, contract = table.write(folder, **changes)
    return external.read_tables(external.read_contract(contract), features, outcomes)


@pytest.mark.parametrize("name", TABLES)
def test_each_period_is_judged_by_those_before(name: str, tmp_path: Path) -> None:
    rows, spec = read(table := TABLES[name](), tmp_path)
    share = float(table.contract["capacity_share"])
    said: list[str] = []
    variants = [Variant("logistic", "logistic", spec.features)]
    found, _ = campaign.run(rows, spec, variants, POLICY, share=share, say=said.append)
    judged = {figure.dataset for figure in found if not figure.dataset.startswith("train")}
    assert judged == {*JUDGED[name], "validation"}
    n = len(JUDGED[name])
    assert [line[-8:] for line in said if "judged on" in line] == [f"({i} of {n})" for i in range(1, n + 1)]
    assert sum(line.startswith("fitted logistic on") for line in said) == n
    lift = {where: m.value for who, where, s, m in found if (who, s, m.name) == ("logistic", "all", "lift_at_capacity")}
    assert min(lift[where] for where in judged) > 1.2


@pytest.mark.parametrize(
    ("period", "says"),
    [
        ("year", "Outcomes are known of 2013, 2014; a judged period needs another"),
        ({"column": "tutor_group"}, r"term \d+ begins on 2013-.*has not ended"),
        ("week", "period week is none of year, month, date"),
        (2, "period 2 is none"),
        ({"column": "nowhere"}, "nowhere"),
    ],
)
def test_periods_that_cannot_be_judged_say_why(period: object, says: str, tmp_path: Path) -> None:
    with pytest.raises((campaign.TooFewYears, external.BadContract), match=says):
        campaign.run(*read(courses(), tmp_path, period=period), [], POLICY, share=0.1)


def test_years_apart_are_all_of_their_terms(tmp_path: Path) -> None:
    features, outcomes, path = courses().write(tmp_path, regime_years=[2013])
    contract = external.read_contract(path)
    rows, _ = external.read_tables(contract, features, outcomes)
    assert external.regime(rows, contract) == (20130201, 20131001)
    assert periods.by_calendar(["2013-02-01"], "month") == {"2013-02-01": 201302}


def test_dates_are_days_and_truths_are_numbers(tmp_path: Path) -> None:
    rows, spec = read(table := diabetes(), tmp_path)
    in_order = table.features.sort_values(["seen", "patient"])
    days = [(seen - born).days for seen, born in zip(in_order["seen"], in_order["born"], strict=True)]
    np.testing.assert_array_equal(rows.values[:, 0], days)
    np.testing.assert_array_equal(rows.values[:, 1], in_order["is_male"].astype(float))
    assert spec.categories == {}


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        ("note", "note is text: state kind"),
        ({"name": "note", "kind": "category"}, "note has 1200 values.*leave free text out"),
        ({"name": "note", "kind": "number"}, "note holds «came by bus 0», which is no number"),
        ({"name": "note", "kind": "date"}, "note holds «came by bus 0», which is no date"),
        ({"name": "bmi", "kind": "colour"}, "kind colour is none"),
        ({"kind": "number"}, "name: expected"),
        ("shoe", "no column shoe"),
    ],
)
def test_a_feature_that_cannot_be_read_is_named(feature: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(external.BadContract, match=says):
        read(diabetes(), tmp_path, features=["bmi", feature])


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"cluster": "hue"}, "hue is the cluster and a feature"),
        ({"cluster": "hue", "features": ["alcohol"]}, "hue has 3 values with known outcomes: with fewer than 20"),
    ],
)
def test_clusters_and_keys_that_bear_no_figure_say_so(changes: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(external.BadContract, match=says):
        read(wine(), tmp_path, **changes)


def test_a_key_and_date_has_one_row(tmp_path: Path) -> None:
    table = wine()
    twice = pd.concat([table.features, table.features.head(1)])
    with pytest.raises(external.BadContract, match="more than one row of a bottle and tasted"):
        read(Table(twice, table.outcomes, table.contract), tmp_path)


def test_an_outcome_is_yes_or_no(tmp_path: Path) -> None:
    table = wine()
    graded = table.outcomes.assign(is_second=np.arange(len(table.outcomes)) % 3)
    with pytest.raises(external.BadContract, match="is_second is 2 somewhere"):
        read(Table(table.features, graded, table.contract), tmp_path)


def test_new_rows_are_scored_by_what_was_learned(tmp_path: Path) -> None:
    table = courses()
    is_new = (table.features["presentation"] == "2014J").to_numpy()
    new = table.features[is_new].drop(columns="tutor_group")
    new.loc[new.index[:5], "region"] = "region nobody has seen"
    paths = Table(table.features[~is_new], table.outcomes[~is_new], table.contract).write(tmp_path)
    asked = ["backtest", "--features", paths[0], "--outcomes", paths[1], "--contract", str(paths[2])]
    new.to_csv(tmp_path / "new.csv", index=False)
    to = tmp_path / "scores.parquet"
    report = tmp_path / "report.html"
    wanted = ["--score", str(tmp_path / "new.csv"), str(to), "--report", str(report)]
    ran = qhawaq(tmp_path, *asked, "--compare", "logistic", "tree", *wanted)
    assert "500 scores in" in ran.stdout
    scores = pd.read_parquet(to).merge(table.outcomes, on="student")
    assert list(scores.columns[:5]) == ["student", "begins_x", "probability", "rank", "is_listed"]
    assert sorted(scores["rank"]) == list(range(1, 501))
    assert scores["is_listed"].sum() == 50
    assert scores[scores["is_listed"]]["is_withdrawn"].mean() > 1.3 * scores["is_withdrawn"].mean()
    assert pd.isna(scores["probability"]).all()  # 1,000 rows decide: too few to say that the slope is right
    assert "order without probability where all: calibration_slope" in ran.stdout
    page = report.read_text()
    assert page.count('src="data:image/png;base64,') == 2
    assert {f"<td>{name}</td>" for name in ("baseline:school", "date=2013-10-01")} <= set(
        re.findall("<td>[^<]*</td>", page)
    )
    assert "precision_difference_to_tree" in page
    assert "http" not in page


def test_probabilities_of_new_rows_are_what_comes(tmp_path: Path) -> None:
    table = courses()
    is_new = (table.features["presentation"] == "2014J").to_numpy()
    features, outcomes, contract = Table(table.features[~is_new], table.outcomes[~is_new], table.contract).write(
        tmp_path
    )
    read_as = external.read_contract(contract)
    rows, spec = external.read_tables(read_as, features, outcomes)
    file = tmp_path / "new.csv"
    table.features[is_new].to_csv(file, index=False)
    new, named = external.read_new(read_as, str(file), spec)
    scores = newcomers.scored(rows, spec, Variant("logistic", "logistic", spec.features), POLICY, new=new, share=0.1)
    assert not any(scores.column("probability").is_null().to_pylist())
    assert len(named) == scores.num_rows == 500
    came = table.outcomes[is_new]["is_withdrawn"].sum()
    assert came / sum(scores.column("probability").to_pylist()) == pytest.approx(1, abs=0.25)


def test_scores_need_outcomes_known_by_then_and_a_file_that_can_be_written(tmp_path: Path) -> None:
    table = wine(300)
    rows, spec = read(table, tmp_path)
    variant = Variant("logistic", "logistic", spec.features)
    with pytest.raises(newcomers.NothingKnown, match="on 2023-01-01"):
        newcomers.scored(rows, spec, variant, POLICY, new=rows, share=0.1)
    said = qhawaq(tmp_path, "backtest", "--score", "new.csv", "scores.xls", expect=2).stderr
    assert ".csv or .parquet files, not scores.xls" in said
    assert "--score needs them" in qhawaq(tmp_path, "backtest", "--score", "new.csv", "s.csv", expect=2).stderr

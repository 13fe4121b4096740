"""Any table can be backtested: a data set that scikit-learn ships, with categories, gaps and dates put in."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
import yaml
from sklearn.datasets import load_breast_cancer

from ml.data import external
from ml.judging import campaign
from ml.models import candidates
from ml.models.variants import Variant
from ml.policy import Policy
from tests.conftest import qhawaq

N = 2000
POLICY = Policy(0.90, 2, 2)
CONTRACT = {
    "key": "patient", "date": "seen_on", "outcome": "is_malignant", "group": "clinic", "cluster": "ward",
    "region": "clinic", "segments": {"size": "size"}, "matures_after_days": 300, "capacity_share": 0.2,
    "features": ["mean radius", {"name": "mean texture", "direction": 1}, {"name": "size", "kind": "category"}],
}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path) -> tuple[str, str, Path]:
    """Features and outcomes of tumors over four years, and their contract."""
    data, rng = load_breast_cancer(), np.random.default_rng(0)
    who = np.arange(N) % 569  # each tumor is there several times, measured a little differently
    radius, texture = (data.data[who, i] * rng.normal(1, 0.05, N) for i in (0, 1))
    radius[rng.random(N) < 0.1] = np.nan
    with duckdb.connect() as db:
        columns = {"patient": np.array([f"p{i:04}" for i in range(N)]), "y": np.arange(N) % 4 + 2019, "radius": radius,
                   "texture": texture, "clinic": np.array(["n", "s"])[rng.integers(0, 2, N)],
                   "ward": np.array([f"w{i}" for i in rng.integers(0, 30, N)]), "bad": data.target[who] == 0,
                   "size": np.array(["big", "small"])[(data.data[who, 3] < 600).astype(int)]}  # fmt: skip
        db.register("t", columns)
        db.execute(
            "copy (select patient, make_date(y, 5, 1) as seen_on, clinic, ward, case when radius = 'nan' then null else radius "
            f"""end as "mean radius", texture as "mean texture", size from t) to '{tmp_path}/x.parquet'"""
        )
        db.execute(f"attach '{tmp_path}/y.duckdb' as out")
        db.execute("create schema out.o")
        db.execute(
            "create table out.o.seen as select patient, make_date(y, 5, 1) as seen_on, bad as is_malignant from t"
        )
    (tmp_path / "contract.yml").write_text(yaml.safe_dump(CONTRACT))
    return f"{tmp_path}/x.parquet", f"{tmp_path}/y.duckdb:o.seen", tmp_path / "contract.yml"


def test_a_table_is_read_by_its_contract(tables: tuple[str, str, Path]) -> None:
    rows, spec = external.read_tables(external.read_contract(tables[2]), *tables[:2])
    assert spec.features == ("mean radius", "mean texture", "size")
    assert spec.directions == (0, 1, 0)
    assert spec.categories == {"size": ("big", "small")}
    assert len(rows.key) == N
    assert set(np.unique(rows.values[:, 2])) == {0.0, 1.0}
    assert 0.05 < np.isnan(rows.values[:, 0]).mean() < 0.15
    assert rows.date.names == ("2019-05-01", "2020-05-01", "2021-05-01", "2022-05-01")
    assert str(rows.known_at.min()) == "2020-02-25"
    assert rows.segments["region"].names == ("n", "s")


def test_every_candidate_beats_chance_on_it(tables: tuple[str, str, Path]) -> None:
    rows, spec = external.read_tables(external.read_contract(tables[2]), *tables[:2])
    variants = [Variant(name, name, spec.features) for name in candidates.CANDIDATES]
    found, said = campaign.run(rows, spec, variants, POLICY, share=0.2, regions=True)
    by = {(where, who, m.name): m for who, where, segment, m in found if segment == "all"}
    for name in candidates.CANDIDATES:
        assert (
            by["test_2022", name, "precision_at_capacity"].value
            > by["test_2022", "baseline:chance", "precision_at_capacity"].value
        )
        assert by["test_2022", name, "roc_auc"].value > 0.7
    assert {segment for _, where, segment, _ in found if where == "without_region_2021"} == {"region=n", "region=s"}
    assert "is the simplest within one standard error" in str(said)


def test_the_command_compares_two_sets_of_features(tables: tuple[str, str, Path], tmp_path: Path) -> None:
    features, outcomes, contract = tables
    asked = ["backtest", "--features", features, "--outcomes", outcomes, "--contract", str(contract)]
    csv = str(tmp_path / "all.csv")
    said = qhawaq(tmp_path, *asked, "--compare", "logistic", "logistic-mean radius", "--csv", csv).stdout
    assert "precision_difference_to_logistic-mean radius" in said
    lines = (tmp_path / "all.csv").read_text().splitlines()
    assert lines[0] == "dataset,ranked_by,segment,metric,value,low,high"
    assert any(line.startswith("train_for_test_2022,logistic,all,f1,") for line in lines)
    assert "no candidate oracle" in qhawaq(tmp_path, *asked, "--compare", "logistic", "oracle", expect=2).stderr
    assert "no feature shoe" in qhawaq(tmp_path, *asked, "--compare", "logistic", "tree-shoe", expect=2).stderr
    assert "go together" in qhawaq(tmp_path, *asked[:3], expect=2).stderr


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"known_at": "seen_on"}, "one of the two"),
        ({"matures_after_days": None}, "one of the two"),
        ({"capacity_share": 1}, "no share"),
        ({"colour": "red"}, "colour"),
        ({"group": "nowhere"}, "nowhere"),
        ({"features": ["mean radius", {"name": "patient", "kind": "category"}]}, f"patient has {N} values"),
    ],
)
def test_a_contract_that_does_not_fit_says_why(tables: tuple[str, str, Path], change: dict, says: str) -> None:
    tables[2].write_text(yaml.safe_dump(CONTRACT | change))
    with pytest.raises(external.BadContract, match=says):
        external.read_tables(external.read_contract(tables[2]), *tables[:2])


@pytest.mark.parametrize("table", ["nothing.parquet", "nothing.duckdb:o.seen", "contract.yml"])
def test_a_table_that_is_none_says_so(tables: tuple[str, str, Path], table: str) -> None:
    contract = external.read_contract(tables[2])
    with pytest.raises(external.BadContract, match=r"does not exist|expected a"):
        external.read_tables(contract, tables[0], str(tables[2].with_name(table)))

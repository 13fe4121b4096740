"""Effects in other people's tables: job training (from published summaries) and medicine (a data set of scikit-learn)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import expit
from sklearn.datasets import load_diabetes

from ml.data.external import BadContract
from ml.effects import effects, page, table
from ml.effects.finding import EffectFinding, EffectLimits, EffectVerdict, read_limits
from tests.conftest import qhawaq

LIMITS = read_limits()
# Men of the National Supported Work demonstration by lot: numbers, means and effect on earnings (LaLonde, 1986; Dehejia and
# Wahba, 1999, table 1): 185 trained, 260 not; 1978 earnings 1,794 dollars higher.
TRAINED, OTHERS, GAIN = 185, 260, 1794.0


@dataclass(frozen=True)
class Told:
    """A table, its contract and the truth."""

    units: pd.DataFrame
    contract: Mapping[str, Any]
    truth: float

    def write(self, folder: Path, **changes: Any) -> tuple[str, Path]:
        file, contract = folder / "units.parquet", folder / "contract.yml"
        with duckdb.connect() as db:
            db.register("t", self.units)
            db.execute(f"copy (select * from t) to '{file}'")
        contract.write_text(yaml.safe_dump({**self.contract, **changes}))
        return str(file), contract


def training(seed: int = 1) -> Told:
    """Men drawn with the published shares and means; lots decide who is trained."""
    rng = np.random.default_rng(seed)
    n = TRAINED + OTHERS
    before = np.where(rng.random(n) < 0.73, 0.0, rng.gamma(1.2, 6500, n))  # 1974: most had none
    units = pd.DataFrame(
        {"age": rng.normal(25.4, 7, n).round(), "schooling": rng.normal(10.2, 1.8, n).round(), "earned_1974": before,
         "origin": rng.choice(["black", "hispanic", "other"], n, p=[0.83, 0.09, 0.08]), "trained": np.arange(n) < TRAINED,
         "town": rng.integers(0, 15, n)}
    )  # fmt: skip
    units["earned_1978"] = (
        1200 + 330 * units["schooling"] + 0.1 * before + rng.normal(0, 5000, n) + GAIN * units["trained"]
    )
    contract = {"treatment": "trained", "outcome": "earned_1978", "placebo": "earned_1974",
                "features": ["age", "schooling", "earned_1974", {"name": "origin", "kind": "category"}]}  # fmt: skip
    return Told(units, contract, GAIN)


def drug(n: int = 3000, seed: int = 2) -> Told:
    """Patients (scikit-learn's, measured again with some noise): the sicker get a drug, which lowers the chance to get worse."""
    data, rng = load_diabetes(scaled=False), np.random.default_rng(seed)
    who = rng.integers(0, len(data.target), n)
    bmi, pressure = (data.data[who, i] * rng.normal(1, 0.03, n) for i in (2, 3))
    sick = (data.target[who] - data.target.mean()) / data.target.std()
    treated = rng.random(n) < expit(-0.7 + 0.8 * sick)
    chance = np.clip(0.5 + 0.12 * sick, 0.05, 0.95)
    units = pd.DataFrame(
        {"seen": pd.to_datetime(["2021-03-01", "2022-03-01"])[np.arange(n) % 2].date, "bmi": bmi, "pressure": pressure,
         "progression": sick + rng.normal(0, 0.1, n), "drug": treated.astype(int), "ward": rng.integers(0, 60, n),
         "worse": rng.random(n) < chance - 0.15 * treated}
    )  # fmt: skip
    contract = {"treatment": "drug", "date": "seen", "outcome": "worse", "cluster": "ward",
                "features": ["bmi", "pressure", {"name": "progression", "direction": 1}]}  # fmt: skip
    return Told(units, contract, -0.15)


TABLES = {"training": training, "drug": drug}


def judged(told: Told, folder: Path, **changes: Any) -> EffectFinding:
    file, contract = told.write(folder, **changes)
    found = table.read(table.read_contract(contract), file, LIMITS)
    return effects.of_service(found.study, {"y": found.outcome}, found.limits)["y"]


@pytest.mark.parametrize("name", TABLES)
def test_the_interval_holds_the_truth_and_the_effect_is_shown(name: str, tmp_path: Path) -> None:
    told = TABLES[name]()
    found = judged(told, tmp_path)
    assert found.verdict is EffectVerdict.SHOWN
    assert found.compared is not None
    assert found.compared.effect.low <= told.truth <= found.compared.effect.high
    assert found.compared.effect.high < 0 or found.compared.effect.low > 0
    assert (found.placebo is None) is ("placebo" not in told.contract)


def test_where_need_decides_the_plain_difference_misleads(tmp_path: Path) -> None:
    found = judged(told := drug(), tmp_path)
    assert found.plain is not None
    assert found.plain.low > told.truth


def test_categories_dates_and_placebos_become_columns(tmp_path: Path) -> None:
    file, contract = training().write(tmp_path, placebo="origin", placebo_left_out=["age"])
    found = table.read(table.read_contract(contract), file, LIMITS)
    origins = ["origin=black", "origin=hispanic", "origin=other"]
    assert list(found.study.names) == ["age", "schooling", "earned_1974", *origins]
    assert (found.study.values[:, 3:].sum(axis=1) == 1).all()
    assert found.limits.placebo_left_out == ("age", *origins)
    assert len(np.unique(found.study.school)) == TRAINED + OTHERS  # each row a cluster of its own
    file, contract = drug().write(tmp_path)
    study = table.read(table.read_contract(contract), file, LIMITS).study
    assert study.names[-1] == table.SINCE_FIRST
    assert set(np.unique(study.values[:, -1])) == {0, 365}


def test_rows_without_treatment_or_cluster_are_left_out_and_counted(tmp_path: Path) -> None:
    told = drug()
    units = told.units.astype({"drug": "Int64", "ward": "Int64", "worse": "boolean"})
    units.loc[:9, "drug"], units.loc[5:14, "ward"], units.loc[20:24, "worse"] = pd.NA, pd.NA, pd.NA
    file, contract = Told(units, told.contract, 0).write(tmp_path)
    found = table.read(table.read_contract(contract), file, LIMITS)
    assert (found.n_left_out, len(found.study.served), int(np.isnan(found.outcome).sum())) == (15, 2985, 5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"colour": "red"}, "colour"),
        ({"features": []}, "features is empty"),
        ({"features": ["nowhere"]}, "there is no column nowhere"),
        ({"features": ["bmi", "worse"]}, "worse is the outcome and a feature"),
        ({"features": ["bmi", {"kind": "number"}]}, "name"),
        ({"placebo": "pressure_before"}, "pressure_before is none of the features"),
        ({"treatment": "bmi"}, "bmi is the treatment and a feature"),
        ({"treatment": "nothing"}, "there is no column nothing"),
        ({"treatment": "ward", "cluster": None}, "expected true or false, or 1 or 0"),
        ({"treatment": "seen"}, "seen holds .*, which is no number"),
        ({"cluster": "drug", "treatment": "worse", "outcome": "ward"}, "has 2 values: with fewer than 8 clusters"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(change: dict, says: str, tmp_path: Path) -> None:
    file, contract = drug(100).write(tmp_path, **change)
    with pytest.raises(BadContract, match=says):
        table.read(table.read_contract(contract), file, LIMITS)


@pytest.mark.parametrize(("drug_of_all", "says"), [(0, "nobody is treated"), (1, "everybody is treated")])
def test_without_both_kinds_there_is_nothing_to_compare(drug_of_all: int, says: str, tmp_path: Path) -> None:
    told = drug(100)
    file, contract = Told(told.units.assign(drug=drug_of_all), told.contract, 0).write(tmp_path)
    with pytest.raises(BadContract, match=says):
        table.read(table.read_contract(contract), file, LIMITS)


def test_the_command_tells_of_it_and_writes_a_page(tmp_path: Path) -> None:
    file, contract = drug().write(tmp_path)
    asked = ["effects", "--table", file, "--contract", str(contract)]
    said = qhawaq(tmp_path, *asked, "--report", str(tmp_path / "page.html"))
    assert "drug on worse: " in said.stdout
    assert page.SENTENCES[EffectVerdict.SHOWN] in said.stdout
    text = (tmp_path / "page.html").read_text()
    assert "Effect of drug on worse" in text
    assert "smallest effect that could be seen" in text
    contract.write_text("treatment: drug")
    refused = qhawaq(tmp_path, *asked, expect=1).stderr
    assert "missing" in refused
    assert "Traceback" not in refused
    assert "go together" in qhawaq(tmp_path, *asked[:3], expect=2).stderr


def test_a_page_shows_no_effect_that_is_not_shown(tmp_path: Path) -> None:
    told = training()
    few = Told(told.units.iloc[120:], told.contract, 0)  # 65 trained
    assert judged(few, tmp_path).verdict is EffectVerdict.FEW
    found = judged(told, tmp_path)
    refused = EffectFinding(
        found.method, found.n_served, EffectVerdict.SECOND, found.plain, found.compared, found.placebo
    )
    limits: EffectLimits = LIMITS
    shown, hidden = (page.markdown(one, "y", "t", 9, limits) for one in (found, refused))
    effect = f"{found.compared.effect.value:+.4g}"
    assert (effect in shown, effect in hidden) == (True, False)
    assert page.SENTENCES.keys() == set(EffectVerdict)

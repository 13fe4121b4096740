"""New rows of other tables: where the gates on probabilities are broken they are ranked without one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from ml import newcomers
from ml.data import dataset
from ml.data.dataset import Rows, Spec
from ml.judging.backtest import DECIDING, Judged
from ml.models.variants import Variant
from ml.policy import Policy
from tests.ml.rows import rows

SPEC, POLICY = Spec(("x",), (0,)), Policy(0.90, 2, 2)


def of_year(year: int, seed: int, n: int = 6000) -> Rows:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    label = (rng.random(n) < expit(-2 + x)).astype(float)
    return rows(label, x[:, None], day=f"{year}-04-30", cluster=rng.choice([f"s{i}" for i in range(80)], n),
                segments={"district": rng.choice(["north", "south"], n)})  # fmt: skip


def judged(too_high_in: str | None) -> Judged:
    """Return a year announced as it is drawn, but for one district, where three times as much is announced."""
    found = of_year(2023, seed=1)
    log_odds = -2 + found.values[:, 0]
    if too_high_in:
        log_odds += np.log(3) * (found.segments["district"].texts() == too_high_in)
    return Judged(DECIDING, found, {"m": log_odds})


def test_what_is_announced_right_keeps_its_probabilities() -> None:
    assert newcomers.withheld(judged(None), "m", 0.1) == []


def test_a_segment_of_the_contract_loses_its_probabilities() -> None:
    found = {check.segment for check in newcomers.withheld(judged("north"), "m", 0.1)}
    assert "district=north" in found
    assert "district=south" not in found


@pytest.mark.parametrize(
    ("without", "hidden"), [((), ()), (("district=north",), ("north",)), (("all",), ("north", "south")), (("x=1",), ())]
)
def test_new_rows_are_ranked_where_no_probability_is_shown(without: tuple[str, ...], hidden: tuple[str, ...]) -> None:
    known, new = dataset.joined([of_year(2020, 2), of_year(2021, 3)]), of_year(2024, seed=4, n=200)
    variant = Variant("logistic", "logistic", SPEC.features)
    table = newcomers.scored(known, SPEC, variant, POLICY, new=new, share=0.1, without=without)
    is_hidden = np.isin(new.segments["district"].texts(), hidden)
    assert table.column("probability").is_null().to_pylist() == is_hidden.tolist()
    assert sorted(table.column("rank").to_pylist()) == list(range(1, 201))

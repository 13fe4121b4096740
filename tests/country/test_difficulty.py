"""The exam's difficulty is frozen: base rates, what an oracle could do, and what the rule of today does."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from tests.conftest import qhawaq
from warehouse.country import records, truth
from warehouse.country.lives import Fate, Year

SHARE = 0.05
TODAY = date(2025, 12, 5)


def at_april(year: Year) -> pa.Table:
    table = truth.child_dates(year, TODAY)
    return table.filter(pa.compute.equal(table.column("as_of_date"), pa.scalar(date(year.year, 4, 30))))


def precision(ranking: np.ndarray, label: np.ndarray) -> float:
    n = int(np.ceil(SHARE * len(label)))
    return float(label[np.argsort(-ranking, kind="stable")[:n]].mean())


BASE_RATES = {2018: (0.019, 0.032), 2019: (0.022, 0.037), 2020: (0.022, 0.037), 2021: (0.010, 0.021),
              2022: (0.018, 0.032), 2023: (0.019, 0.033), 2024: (0.019, 0.033)}  # fmt: skip


@pytest.mark.parametrize("year", BASE_RATES)
def test_base_rate(years: dict[int, Year], year: int) -> None:
    low, high = BASE_RATES[year]
    assert low < (years[year].fate == Fate.LEAVES).mean() < high


@pytest.mark.parametrize("year", [2018, 2019, 2022, 2023, 2024])
def test_what_an_oracle_could_do(years: dict[int, Year], year: int) -> None:
    table = at_april(years[year])
    risk, label = (table.column(name).to_numpy(zero_copy_only=False) for name in ("risk", "interrupts"))
    assert 0.70 < roc_auc_score(label, risk) < 0.88
    assert 0.08 < precision(risk, label) < 0.22


@pytest.mark.parametrize("year", [2018, 2019, 2022, 2023, 2024])
def test_the_abc_rule_is_of_some_use_and_no_more(years: dict[int, Year], year: int) -> None:
    """On attendance to July and marks of the first half: well above chance, well below the oracle."""
    one = years[year]
    here = one.left_month > 7
    open_days = one.open_days[here, :5].sum(axis=1)
    attended = 1 - (one.justified + one.unjustified)[here, :5].sum(axis=1) / open_days
    failed = records.failed_areas(one.marks)[here, 0]
    met = (attended <= 0.9).astype(float) + (failed >= 2)
    label = one.fate[here] == Fate.LEAVES
    lift = precision(np.where(met > 0, met + 1 - attended, 0), label) / label.mean()
    assert 1.8 < lift < 6.0


def test_services_help_as_they_are_said_to(years: dict[int, Year]) -> None:
    """Who gets a visit before it would leave is helped; for whom it comes too late nothing changes."""
    year = years[2023]
    served, in_time = year.services["VISITA"] > 0, year.leaving > 11
    assert (served & in_time).any()
    assert (served & ~in_time).any()
    assert (year.effect("VISITA")[served & in_time] < 0).all()
    assert (year.effect("VISITA")[~(served & in_time)] == 0).all()
    assert (year.log_odds[served & in_time] <= year.risk_untreated[served & in_time] - 0.8).all()


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    def written(name: str, seed: int) -> dict[str, str]:
        qhawaq(tmp_path / name, "simulate", "--children", "500", "--years", "2022-2023", "--seed", str(seed),
               "--truth", str(tmp_path / f"truth-{name}"))  # fmt: skip
        files = (tmp_path / name / "inbox").iterdir()
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    first = written("a", 7)
    assert len(first) > 50
    assert written("b", 7) == first
    assert written("c", 8) != first

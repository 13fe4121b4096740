"""Four tables of other domains, each called what it is, in files with a contract.

Three are data sets that scikit-learn ships, with invented dates, groups and columns of other types beside their own;
the fourth is synthetic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import yaml
from scipy.special import expit
from sklearn.datasets import load_diabetes, load_wine

WITHDREW = 10156 / 32593  # of registrations of a distance university, 2013 and 2014 (Kuzilek and others, 2017)


@dataclass(frozen=True)
class Table:
    """Features, outcomes and what their columns are."""

    features: pd.DataFrame
    outcomes: pd.DataFrame
    contract: Mapping[str, Any]

    def write(self, folder: Path, **changes: Any) -> tuple[str, str, Path]:
        """Write both tables and the contract; return where they are."""
        names = ("features", "outcomes")
        with duckdb.connect() as db:
            for name, table in zip(names, (self.features, self.outcomes), strict=True):
                db.register("t", table)
                db.execute(f"copy (select * from t) to '{folder}/{name}.parquet'")
        (folder / "contract.yml").write_text(yaml.safe_dump({**self.contract, **changes}))
        return f"{folder}/features.parquet", f"{folder}/outcomes.parquet", folder / "contract.yml"


def wine(n: int = 1200) -> Table:
    """Wines of three growers (scikit-learn's), poured again with some noise; months and cellars are invented."""
    data, rng = load_wine(), np.random.default_rng(5)
    who = rng.integers(0, len(data.target), n)
    month = pd.to_datetime([f"2023-{m:02}-01" for m in range(1, 7)])[np.arange(n) % 6]
    features = pd.DataFrame(
        {"bottle": np.arange(n), "tasted": month.date, "cellar": rng.integers(0, 40, n),
         "alcohol": data.data[who, 0] * rng.normal(1, 0.05, n),
         "hue": np.array(["pale", "mid", "deep"])[np.digitize(data.data[who, 10] * rng.normal(1, 0.2, n), [0.8, 1.1])]}
    )  # fmt: skip
    outcomes = features[["bottle", "tasted"]].assign(is_second=data.target[who] == 1)
    contract = {"key": "bottle", "date": "tasted", "outcome": "is_second", "cluster": "cellar", "period": "month",
                "matures_after_days": 20, "capacity_share": 0.3,
                "features": ["alcohol", {"name": "hue", "kind": "category"}]}  # fmt: skip
    return Table(features, outcomes, contract)


def diabetes(n: int = 1200) -> Table:
    """Patients (scikit-learn's, ten of them thrice) whose disease grew more than of half; dates and births are made up."""
    data, rng = load_diabetes(scaled=False), np.random.default_rng(6)
    who = np.arange(n) % len(data.target)
    seen = pd.to_datetime(["2020-03-02", "2021-03-01", "2022-03-07"])[np.arange(n) * 3 // n]
    born = seen - pd.to_timedelta((data.data[who, 0] * 365.25).astype(int), unit="D")
    features = pd.DataFrame(
        {"patient": [f"p{i}" for i in who], "seen": seen.date, "born": born.date, "is_male": data.data[who, 1] == 2,
         "bmi": data.data[who, 2] * rng.normal(1, 0.03, n), "note": [f"came by bus {i}" for i in range(n)]}
    )  # fmt: skip
    outcomes = features[["patient", "seen"]].assign(
        is_worse=data.target[who] > np.median(data.target), told=(seen + pd.Timedelta(days=200)).date
    )
    contract = {"key": "patient", "date": "seen", "outcome": "is_worse", "known_at": "told", "period": "date",
                "capacity_share": 0.25, "features": ["born", "is_male", {"name": "bmi", "direction": 1}]}  # fmt: skip
    return Table(features, outcomes, contract)


def courses(n: int = 2000) -> Table:
    """Synthetic students of a distance university, two presentations a year; only the share that withdraws is a real one."""
    rng = np.random.default_rng(7)
    term = np.arange(n) * 4 // n
    begins = pd.to_datetime(["2013-02-01", "2013-10-01", "2014-02-01", "2014-10-01"])
    registered = begins[term] - pd.to_timedelta(rng.integers(1, 200, n), unit="D")
    credits, region = rng.choice([60, 90, 120], n), rng.integers(0, 12, n)
    late = (begins[term] - registered).days.to_numpy() < 30
    log_odds = np.log(WITHDREW / (1 - WITHDREW)) + (credits - 90) / 40 + late * 0.8 + np.sin(region * 5) - 0.25
    features = pd.DataFrame(
        {"student": [f"s{i}" for i in range(n)], "begins": begins[term].date,
         "presentation": np.array(["2013B", "2013J", "2014B", "2014J"])[term], "tutor_group": rng.integers(0, 60, n),
         "registered": registered, "credits": credits, "region": [f"region {r}" for r in region]}
    )  # fmt: skip
    outcomes = features[["student", "begins"]].assign(is_withdrawn=rng.random(n) < expit(log_odds))
    contract = {"key": "student", "date": "begins", "outcome": "is_withdrawn", "cluster": "tutor_group",
                "period": {"column": "presentation"}, "matures_after_days": 120, "capacity_share": 0.1,
                "segments": {"region": "region"},
                "features": ["registered", "credits", {"name": "region", "kind": "category"}]}  # fmt: skip
    return Table(features, outcomes, contract)


TABLES: dict[str, Callable[[], Table]] = {"wine": wine, "diabetes": diabetes, "courses": courses}

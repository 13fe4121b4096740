"""What was learned from is compared with what is met: a region that fell silent, a year like no other; and who is told."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from ml import drift, score
from ml.data import dataset, stability
from ml.data.dataset import Rows, Spec
from ml.drift import DriftAction
from ml.policy import Policy
from tests.ml.rows import POLICY, rows
from tests.ml.test_terms_and_scores import batch_of, fitted, model_terms, sample  # noqa: F401  fixtures

SPEC = Spec(("attendance_share", "n_failed_areas", "over_age_years", "grade"), (-1, 1, 1, 0))


def year(number: int, attendance: float = 0.9, n: int = 900) -> Rows:
    rng = np.random.default_rng(number)
    values = np.column_stack(
        [
            np.clip(rng.normal(attendance, 0.05, n), 0, 1),
            rng.integers(0, 5, n),
            rng.integers(0, 3, n),
            rng.integers(1, 12, n),
        ]
    ).astype(float)
    return rows(
        (rng.random(n) < 0.1).astype(float), values, day=f"{number}-04-30", cluster=rng.choice([f"s{i}" for i in range(30)], n),
        segments={"region": rng.choice(["08", "15"], n)},
    )  # fmt: skip


def test_a_year_of_closed_schools_is_found_without_being_named() -> None:
    """Everybody attends always: nothing of attendance means what it did. The others stay, though they look odd beside it."""
    known = dataset.joined([year(2018), year(2019), year(2022), year(2023), year(2024, attendance=1.4)])
    assert stability.odd_years(known, stated=()) == (2024,)
    assert stability.odd_years(known, stated=(2024,)) == ()
    assert stability.odd_years(dataset.joined([year(2018), year(2024, attendance=1.4)]), stated=()) == ()


def test_years_that_wander_a_little_are_not_odd() -> None:
    found = dataset.joined([year(2018, 0.88), year(2019, 0.9), year(2022, 0.91), year(2023, 0.9)])
    assert stability.odd_years(found, stated=()) == ()


def test_a_year_found_odd_trains_nothing() -> None:
    policy = POLICY.with_odd_years([2024, 2020])
    assert policy.pandemic_years == (2020, 2021, 2024)
    assert policy.added_to(POLICY) == (2024,)
    assert Policy(0.9, 2, 2).with_odd_years([]).pandemic_years == ()


def test_a_region_that_stops_reporting_is_named_and_loses_its_probabilities() -> None:
    before, now = dataset.joined([year(2022), year(2023)]), year(2024)
    silent = now.segments["region"].texts() == "08"
    now.values[silent, 0] = np.nan
    findings = list(drift.that_withhold(before, now))
    beyond = [finding for finding in findings if finding.is_exceeded]
    assert [(finding.name, finding.segment, finding.metric.value) for finding in beyond] == [
        ("coverage_lost", "region=08", 1.0)
    ]
    assert all(finding.limit.withholds for finding in beyond)
    assert drift.advice(findings, new_labels=False).action is DriftAction.TRAIN


@pytest.mark.parametrize(("lost", "is_beyond"), [(0.24, False), (0.3, False), (0.5, True)])
def test_coverage_is_surely_less_than_that_of_those_who_trained(lost: float, is_beyond: bool) -> None:
    """Three tenths of some thirty schools may be chance; half of them is none."""
    before, now = year(2023, n=4000), year(2024, n=4000)
    for _, of_region in now.segments["region"].values():
        now.values[np.flatnonzero(of_region)[: round(lost * of_region.sum())], 0] = np.nan
    before.values[:, 1] = np.nan  # never known: no loss
    now.values[:, 1] = np.nan
    found = {finding.segment for finding in drift.that_withhold(before, now) if finding.is_exceeded}
    assert found == ({"region=08", "region=15"} if is_beyond else set())


def test_only_the_same_month_is_compared() -> None:
    trained = dataset.joined([year(2023), rows([0.0], np.zeros((1, 4)), day="2023-10-31", segments={"region": ["15"]})])
    assert len(drift.reference_of(trained, 4).key) == 900
    assert len(drift.reference_of(trained, 10).key) == 1


@pytest.mark.parametrize(
    ("segments", "is_withheld"),
    [
        ((), lambda table: [False] * len(table)),
        (("all",), lambda table: [True] * len(table)),
        (("level=F0",), lambda table: [row["level"] == "F0" for row in table]),
        (("area=unknown",), lambda table: [row["is_rural"] is None for row in table]),
        (("region=15", "area=rural"), lambda table: [row["department_code"] == "15" or row["is_rural"] is True for row in table]),
    ],
)  # fmt: skip
def test_where_it_is_withheld_a_child_is_ranked_without_a_probability(
    model_terms, segments: tuple[str, ...], is_withheld  # noqa: F811  the fixture of that name
) -> None:  # fmt: skip
    given = batch_of(sample(300, seed=6), department_code=["15", "08", None] * 100).read_all()
    plain, without = (
        score.scores(pa.RecordBatchReader.from_batches(given.schema, given.to_batches()), [ranker]).read_all()
        for ranker in (
            score.Ranker("v", "interruption", model_terms),
            score.Ranker("v", "interruption", model_terms, withheld=segments),
        )
    )
    expected = is_withheld(given.to_pylist())
    assert without.column("probability").is_null().to_pylist() == expected
    assert without.column("ranking").equals(plain.column("ranking"))
    assert without.column("log_odds").equals(plain.column("log_odds"))

"""A search sees neither the test year nor the schools that judge it, and the same search finds the same."""

from __future__ import annotations

import numpy as np
import pytest

from ml import tune
from ml.data import dataset, splits
from ml.data.dataset import Rows, Spec
from ml.models import candidates
from tests.ml.rows import POLICY, rows

SPEC = Spec(("a", "b"), (0, 0))


def country(seed: int = 0) -> Rows:
    def of(year: int) -> Rows:
        rng = np.random.default_rng(seed + year)
        values = rng.normal(size=(800, 2))
        label = (rng.random(800) < 1 / (1 + np.exp(2 - 2 * values[:, 0]))).astype(float)
        return rows(label, values, day=f"{year}-04-30", cluster=[f"s{i % 40}" for i in range(800)])

    return dataset.joined([of(year) for year in (2018, 2019, 2022, 2023, 2024)])


@pytest.fixture(scope="module")
def found() -> tuple[list[tune.Fold], splits.Origins]:
    chosen = splits.origins(country(), POLICY.pandemic_years)
    assert chosen is not None
    return tune.folds(country(), chosen, 10**6, POLICY), chosen


def test_folds_know_neither_the_future_nor_the_judged_schools(found: tuple[list[tune.Fold], splits.Origins]) -> None:
    judged_by, chosen = found
    assert [fold.name for fold in judged_by] == ["2022, part 1", "2022, part 2", "2023, part 1", "2023, part 2"]
    for fold in judged_by:
        assert fold.train.year.max() < fold.judged.year.min()
        assert not set(fold.train.cluster.texts()) & set(fold.judged.cluster.texts())
        assert chosen.test not in {*fold.train.year, *fold.judged.year}


def test_a_sample_takes_whole_schools() -> None:
    whole = country()
    chosen = tune._sample(whole, 1000, 0)
    taken = set(whole.cluster.texts()[chosen])
    assert 0 < chosen.sum() <= 1000
    assert not taken & set(whole.cluster.texts()[~chosen])


def test_trials_differ_and_begin_with_the_fixed_recipe() -> None:
    where = tune.search_space()
    for name in candidates.CANDIDATES:
        drawn = tune.trials(name, where[name], 5)
        assert drawn[0].parameters == candidates.recipes()[name]
        assert len({repr(sorted(trial.parameters.items())) for trial in drawn}) == len(drawn) == 5
        assert drawn == tune.trials(name, where[name], 5)
        assert all(trial.parameters.keys() == drawn[0].parameters.keys() for trial in drawn)


def test_half_are_dropped_and_the_best_comes_first(found: tuple[list[tune.Fold], splits.Origins]) -> None:
    started = [tune.Trial("tree", {"max_depth": depth, "min_samples_leaf": 20}) for depth in (1, 2, 3, 4)]
    kept = list(tune.search(SPEC, found[0], started))
    assert len(kept) == 2
    assert all(len(trial.scores) == 4 for trial in kept)
    assert kept[0].mean >= kept[1].mean
    assert kept == list(tune.search(SPEC, found[0], started))


def test_without_a_fold_nothing_is_chosen() -> None:
    with pytest.raises(ValueError, match="no year can be judged"):
        next(tune.search(SPEC, [], [tune.Trial("tree", {})]))

"""The models behind effects are those that say most about schools that they have not seen, and know none by heart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from benchmarks import effects_coverage as worlds
from ml.effects import effects, nuisance
from ml.effects.finding import EffectVerdict, read_limits
from ml.effects.nuisance import Table
from ml.judging.metric import Metric

LIMITS = read_limits()


def table(seed: int = 0, n: int = 3_000) -> tuple[Table, np.random.Generator]:
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 100, n)
    return Table(rng.normal(0, 1, (n, 2)), school, nuisance.folds(school)), rng


def test_in_a_trial_nobody_is_told_from_another_by_his_school() -> None:
    """The former propensity came to a log loss of .82 here, .69 for a constant, and half of the others counted."""
    world = worlds.trial(0)
    matched = effects.match(world.study, LIMITS)
    served = world.study.served
    share = served.mean()
    constant = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert max(matched.chosen.losses.values()) < constant + 0.04
    assert matched.chosen.losses[matched.chosen.name] == min(matched.chosen.losses.values())
    found = effects.compare(matched, world.outcome, LIMITS)
    assert found.effective_others > 0.9 * (~served).sum()
    assert worlds.holds(found, world.truth)
    assert effects.verdict_on(found, None, LIMITS) is EffectVerdict.SHOWN


def test_a_column_of_which_only_the_schools_that_tell_when_to_stop_have_a_value_is_no_error() -> None:
    known, rng = table()
    groups = np.unique(known.school, return_inverse=True)[1]
    stops = np.random.default_rng(1).permutation(groups.max() + 1)[groups] % nuisance.STOPS == 0
    rare = np.where(stops, rng.normal(size=len(stops)), np.nan)
    served = rng.random(len(stops)) < expit(known.values[:, 0])
    predictor = nuisance._boosted_chance(np.column_stack([known.values, rare]), served, known.school)
    with_it, without = (
        predictor(np.column_stack([known.values, other])) for other in (rare, np.full(len(rare), np.nan))
    )
    np.testing.assert_array_equal(with_it, without)
    assert np.corrcoef(with_it, known.values[:, 0])[0, 1] > 0.5


def test_boosting_stops_before_it_knows_schools_by_heart() -> None:
    """Without schools that tell it when to stop its log loss is .80 on average, before calibration."""
    studies = [worlds.trial(seed).study for seed in range(3)]
    losses = []
    for study in studies:
        known = Table(study.values, study.school, nuisance.folds(study.school))
        everybody = np.ones(len(study.school), dtype=bool)
        chance = nuisance._cross_fitted(nuisance._boosted_chance, known, study.served, everybody)
        losses.append(nuisance.log_losses(chance, study.served).mean())
    assert np.mean(losses) < 0.76


@pytest.mark.parametrize(
    ("log_odds", "name"),
    [
        (lambda x: np.zeros(len(x)), "constant"),
        (lambda x: x[:, 0], "logistic"),
        (lambda x: 3 * (np.abs(x[:, 0]) < 0.7) - 1.5, "boosting"),
    ],
)
def test_who_is_served_is_modelled_by_what_says_most_of_unseen_schools(log_odds, name: str) -> None:
    known, rng = table()
    served = rng.random(len(known.school)) < expit(log_odds(known.values))
    chosen = nuisance.propensity(known, served)
    assert chosen.losses[name] <= min(chosen.losses.values()) + 1e-4
    assert chosen.predicted.mean() == pytest.approx(served.mean(), abs=0.01)
    likely = chosen.predicted > np.quantile(chosen.predicted, 0.8)
    assert not likely.any() or chosen.predicted[likely].mean() == pytest.approx(served[likely].mean(), abs=0.05)


@pytest.mark.parametrize(("power", "name"), [(0, "constant"), (1, "ridge"), (2, "boosting")])
def test_the_outcome_is_modelled_by_what_is_nearest_in_unseen_schools(power: int, name: str) -> None:
    known, rng = table()
    outcome = known.values[:, 0] ** power + rng.normal(0, 1, len(known.school))
    chosen = nuisance.prognosis(known, outcome, rng.random(len(outcome)) < 0.7)
    assert chosen.losses[name] <= min(chosen.losses.values()) + 1e-3
    assert chosen.losses[chosen.name] < 1.3


def test_chances_are_stretched_as_unseen_schools_ask_for_and_never_turned_around() -> None:
    known, rng = table(n=20_000)
    log_odds = known.values[:, 0]
    served = rng.random(len(log_odds)) < expit(log_odds)
    surer = nuisance._calibrated(expit(3 * log_odds), served, known.fold)
    assert np.abs(surer - expit(log_odds)).max() < 0.03
    turned = nuisance._calibrated(expit(-log_odds), served, known.fold)
    assert len(np.unique(turned)) <= nuisance.FOLDS


def test_whoever_is_all_served_elsewhere_has_no_model_and_no_error() -> None:
    known, _ = table(n=300)
    served = known.fold == 0
    assert np.isfinite(nuisance.propensity(known, served).predicted).all()


FOUND = worlds.compared(worlds.by_lot(0, 12))


@pytest.mark.parametrize(
    ("limit", "value", "step", "verdict"),
    [
        ("least_effective", FOUND.effective_others, 1, "thin"),
        ("least_schools", FOUND.effective_schools, 1, "thin"),
        ("worst_imbalance", FOUND.imbalance, -1, "balance"),
        ("worst_disagreement", FOUND.disagreement, -1, "second"),
    ],
)
def test_an_effect_is_refused_just_beyond_each_limit(limit: str, value: float, step: int, verdict: str) -> None:
    wide = replace(LIMITS, least_overlap=0.0, least_effective=0.0, least_schools=0.0, worst_imbalance=9.0)
    wide = replace(wide, worst_disagreement=9.0)
    assert effects.verdict_on(FOUND, None, replace(wide, **{limit: value})) is EffectVerdict.SHOWN
    beyond = replace(wide, **{limit: np.nextafter(value, step * np.inf)})
    assert effects.verdict_on(FOUND, None, beyond) == verdict


def test_others_of_whom_nothing_was_learned_elsewhere_are_no_comparison() -> None:
    world = worlds.by_lot(0, 12)
    served = nuisance.folds(world.study.school) != 0
    matched = effects.match(replace(world.study, served=served), replace(LIMITS, largest_propensity=1.0))
    found = effects.compare(matched, world.outcome, LIMITS)
    assert np.isnan(found.effect.value)
    anything = replace(LIMITS, least_overlap=0.0, least_effective=0.0, least_schools=0.0, worst_imbalance=9.0)
    assert effects.verdict_on(found, None, anything) == "thin"


def test_a_second_estimate_outside_the_interval_refuses_the_first() -> None:
    found = replace(FOUND, effect=Metric("effect", 27.0, 16.0, 38.0), second=15.0, imbalance=0.0)
    assert found.disagreement == pytest.approx(12 / 11)
    assert effects.verdict_on(found, None, LIMITS) is EffectVerdict.SECOND
    assert effects.verdict_on(replace(found, second=17.0), None, LIMITS) is EffectVerdict.SHOWN

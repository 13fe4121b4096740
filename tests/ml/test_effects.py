"""Effects of services on simulated truth: what is found, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from ml.effects import cut, effects, finding
from ml.effects.finding import EffectLimits, EffectMethod, EffectVerdict
from ml.judging.metric import Metric
from tests.conftest import examples

RULES = replace(finding.read_limits(), placebo="before", placebo_left_out=("before", "twin_of_before"))
NAMES = ("need", "noise", "before", "twin_of_before")


def country(seed: int, n: int = 6_000, effect: float = -1.2, hidden: float = 0.0, sure: float = 1.0):
    """Simulate children whose need makes both service and leaving likelier; return also the true effect on the served.

    Args:
        seed: of the draws.
        n: how many children.
        effect: of the service, in log-odds.
        hidden: how much a need that nobody wrote down moves service, leaving and what was before.
        sure: how sharply need decides on the service.
    """
    rng = np.random.default_rng(seed)
    school = rng.integers(0, 200, n)
    need, unseen = rng.normal(0, 1, n), rng.normal(0, 1, n)
    served = rng.random(n) < expit(-2 + sure * need + hidden * unseen)
    without = -2.2 + 0.9 * need + hidden * unseen + rng.normal(0, 0.2, 200)[school]
    outcome = rng.random(n) < expit(without + effect * served)
    before = 0.3 * need + hidden * unseen + rng.normal(0, 1, n)
    values = np.column_stack([need, rng.normal(0, 1, n), before, before])
    truth = (expit(without + effect) - expit(without))[served].mean()
    return values, served, outcome.astype(float), school, truth


def judged(*args: object, rules: EffectLimits = RULES, **given: float) -> tuple[finding.EffectFinding, float]:
    values, served, outcome, school, truth = country(*args, **given)
    study = effects.Study(values, NAMES, served, school)
    return effects.of_service(study, {"leaves": outcome}, rules)["leaves"], truth


def test_the_interval_covers_the_true_effect_and_the_plain_difference_does_not() -> None:
    """Of 6 countries at least 5 are covered: by chance fewer are three times in a hundred; of 60 at least 50."""
    found = [judged(seed) for seed in range(examples(6))]
    assert {one.verdict for one, _ in found} <= {EffectVerdict.SHOWN, "placebo"}
    covered = [one.compared.effect.low <= truth <= one.compared.effect.high for one, truth in found]
    misled = [one.plain.low <= truth <= one.plain.high for one, truth in found]
    assert sum(covered) >= len(found) * 5 / 6
    assert sum(misled) == 0


def test_a_service_that_does_nothing_is_not_praised() -> None:
    found = [judged(seed, effect=0.0)[0].compared.effect for seed in range(5)]
    assert sum(one.low <= 0 <= one.high for one in found) >= 4


def test_outcomes_are_judged_apart_each_on_the_children_of_whom_it_can_be_said() -> None:
    values, served, outcome, school, _ = country(2)
    study = effects.Study(values, NAMES, served, school)
    some = np.where(np.arange(len(outcome)) % 2, outcome, np.nan)
    both = effects.of_service(study, {"leaves": outcome, "some": some}, RULES)
    assert both["leaves"] == effects.of_service(study, {"leaves": outcome}, RULES)["leaves"]
    assert both["some"].n_served == served[1::2].sum()
    assert both["some"].compared.mean_served == pytest.approx(outcome[1::2][served[1::2]].mean(), abs=0.02)


def test_the_same_data_give_the_same_effect() -> None:
    assert judged(3)[0] == judged(3)[0]


def test_what_nobody_wrote_down_is_found_by_the_placebo() -> None:
    found, _ = judged(1, hidden=1.0)
    assert found.verdict == "placebo"
    assert found.placebo.low > 0


def test_without_overlap_no_effect_is_shown() -> None:
    found, _ = judged(1, sure=40.0)
    assert found.verdict == "overlap"


def test_the_overlap_that_is_asked_for_is_enough_exactly() -> None:
    overlap = judged(1, sure=4.0)[0].compared.overlap
    assert 0 < overlap < 1
    assert judged(1, sure=4.0, rules=replace(RULES, least_overlap=overlap))[0].verdict != "overlap"
    assert judged(1, sure=4.0, rules=replace(RULES, least_overlap=np.nextafter(overlap, 2)))[0].verdict == "overlap"


@pytest.mark.parametrize(("n", "verdict"), [(99, "few"), (100, EffectVerdict.SHOWN)])
def test_few_served_are_too_few(n: int, verdict: str) -> None:
    values, served, outcome, school, _ = country(5)
    kept = ~served | (np.cumsum(served) <= n)
    study = effects.Study(values, NAMES, served, school).of(kept)
    found = effects.of_service(study, {"leaves": outcome[kept]}, RULES)["leaves"]
    assert (found.n_served, found.verdict) == (n, verdict)


def test_children_unlike_after_weighting_are_not_compared() -> None:
    assert judged(1, rules=replace(RULES, worst_imbalance=0.0))[0].verdict == "balance"


def test_a_feature_that_is_never_there_harms_nothing() -> None:
    values, served, outcome, school, truth = country(1)
    values = np.column_stack([values, np.full(len(values), np.nan)])
    study = effects.Study(values, (*NAMES, "empty"), served, school)
    found = effects.of_service(study, {"leaves": outcome}, RULES)["leaves"]
    assert found.compared.effect.low <= truth <= found.compared.effect.high


@pytest.mark.parametrize(
    ("risk", "without", "expected"), [(0.2, 0.1, 2 + 2**0.5), (0.1, 0.2, 2 + 2**0.5), (0.1, 0.1, 1)]
)
def test_e_value(risk: float, without: float, expected: float) -> None:
    assert finding.e_value(risk, without) == pytest.approx(expected)


def test_e_value_of_an_interval_that_includes_none_is_1() -> None:
    found = finding.EffectFinding(EffectMethod.COMPARISON, 200, EffectVerdict.SHOWN, compared=finding.Comparison(
        Metric("effect", -0.02, -0.05, 0.01), 0.1, 1.0, 500.0, 0.1, 0.04,
    ))  # fmt: skip
    assert found.e_values == (pytest.approx(1.2 + (1.2 * 0.2) ** 0.5), 1.0)


def listed(seed: int, n: int = 10_000, take_up: float = 0.6, effect: float = -0.1):
    """Simulate a list: who is above the cut gets a service with a chance, and leaving rises with the distance."""
    rng = np.random.default_rng(seed)
    distance = rng.normal(-0.5, 1, n)
    eager = rng.random(n) < take_up
    served = eager & (distance >= 0)
    chance = np.clip(0.25 + 0.08 * distance + 0.02 * distance**2, 0.02, 0.9) + effect * served
    return distance, served, (rng.random(n) < chance).astype(float), rng.integers(0, 300, n)


def test_the_cut_of_a_list_tells_the_effect() -> None:
    """Of 20,000 children, of whom two lists in three would show it by the spread of schools."""
    found = [cut.of_list(*listed(seed, n=20_000), RULES) for seed in range(20)]
    assert {one.verdict for one in found} == {EffectVerdict.SHOWN}
    assert sum(one.compared.effect.low <= -0.1 <= one.compared.effect.high for one in found) >= 17
    assert sum(one.compared.effect.high < 0 for one in found) >= 10


def test_a_list_after_which_nobody_acts_tells_nothing() -> None:
    distance, served, outcome, school = listed(1)
    anyone = np.random.default_rng(2).random(len(served)) < 0.3
    assert cut.of_list(distance, anyone, outcome, school, RULES).verdict == "no_jump"
    assert cut.of_list(distance, served & (np.cumsum(served) < 100), outcome, school, RULES).verdict == "few"


def test_the_limits_that_are_kept_can_be_read() -> None:
    assert finding.read_limits().placebo in finding.read_limits().placebo_left_out

"""Do the intervals of effects hold the truth: `python -m benchmarks.effects_coverage [RUNS]`, one line per design.

Everything is synthetic, with a known effect: whole schools draw a lot for the service, or children of each school get
it by need, in 10 to 400 schools. And a trial of class sizes by lot within schools, of which hardly anything but the
school's own figures is known: a boosted propensity knows schools by heart there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ml.effects import effects
from ml.effects.finding import Comparison, EffectLimits, EffectVerdict, read_limits
from ml.effects.intervals import Schools

SCHOOLS = (10, 40, 100, 400)
TRIAL = 79  # schools of the trial
PUPILS = 25  # of a school
LIMITS = read_limits()


class World(NamedTuple):
    """A study with its outcome and the true effect on the served."""

    study: effects.Study
    outcome: NDArray[np.float64]
    truth: float


def by_need(seed: int, n_schools: int) -> World:
    """Children of each school get a service by need, which also makes leaving likelier; returns binary outcomes."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(n_schools), PUPILS)
    of_school = rng.normal(0, 0.4, n_schools)[school]
    need, other = rng.normal(0, 1, (2, len(school)))
    served = rng.random(len(school)) < expit(-0.8 + 0.7 * need + rng.normal(0, 0.5, n_schools)[school])
    without = -1.2 + 0.8 * need + of_school
    outcome = rng.random(len(school)) < expit(without - 0.5 * served)
    truth = (expit(without - 0.5) - expit(without))[served].mean()
    return World(_study([need, other], served, school), outcome.astype(float), float(truth))


def by_lot(seed: int, n_schools: int, effect: float = 5.0) -> World:
    """Half of the schools draw a service for all their pupils; outcomes are points of a test, with spread 40."""
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(n_schools), PUPILS)
    served = (rng.permutation(n_schools) % 2 == 0)[school]
    poverty, before = rng.normal(0, 1, n_schools)[school], rng.normal(0, 1, len(school))
    points = 480 - 8 * poverty + 20 * before + rng.normal(0, 12, n_schools)[school] + rng.normal(0, 32, len(school))
    return World(_study([poverty, before], served, school), points + effect * served, effect)


def trial(seed: int, n_schools: int = TRIAL, effect: float = 15.0) -> World:
    """Pupils are in small classes by lot, in a share that differs by school; all covariates but two are the school's.

    A school has 20 to 59 pupils; outcomes are points of a test, with spread 65 of which schools make a quarter.
    """
    rng = np.random.default_rng(seed)
    school = np.repeat(np.arange(n_schools), rng.integers(20, 60, n_schools))
    of_school = rng.normal(0, 1, (n_schools, 6))
    share = np.clip(rng.normal(0.5, 0.3, n_schools), 0.03, 0.97)  # of small classes, by lot
    served = rng.random(len(school)) < share[school]
    girl, poor = rng.random((2, len(school))) < 0.5
    level = rng.normal(0, 25, n_schools) + 15 * of_school[:, 0]
    points = 520 + level[school] - 15 * poor + 8 * girl + rng.normal(0, 50, len(school)) + effect * served
    return World(_study([*of_school[school].T, girl, poor], served, school), points, effect)


def _study(columns: Sequence[NDArray[np.float64]], served: NDArray[np.bool_], school: Schools) -> effects.Study:
    values = np.column_stack(columns).astype(float)
    return effects.Study(values, [f"x{i}" for i in range(values.shape[1])], served, school)


def compared(world: World, limits: EffectLimits = LIMITS) -> Comparison | None:
    """Estimate the effect in a world, shown or not."""
    matched = effects.match(world.study, limits)
    return None if matched is None else effects.compare(matched, world.outcome, limits)


def holds(found: Comparison, truth: float) -> bool:
    """Say whether the interval holds the truth."""
    return bool(float(found.effect.low or 0) <= truth <= float(found.effect.high or 0))


def coverage(make: Callable[[int, int], World], n_schools: int, runs: int) -> str:
    """Return how often intervals held the truth in worlds of so many schools, as a line of the table."""
    worlds = [make(seed, n_schools) for seed in range(runs)]
    found = [(compared(world), world.truth) for world in worlds]
    told = [(one, truth) for one, truth in found if one is not None]
    shown = [(one, truth) for one, truth in told if effects.verdict_on(one, None, LIMITS) is EffectVerdict.SHOWN]
    shares = [np.mean([holds(*one) for one in some]) if some else np.nan for some in (told, shown)]
    visible = np.mean([one.visible for one, _ in told])
    return (
        f"| {make.__name__} | {n_schools} | {shares[0]:.1%} of {len(told)} | {shares[1]:.1%} of {len(shown)} "
        f"| {np.std([one.effect.value - truth for one, truth in told]):.3g} | {visible:.3g} |"
    )


def main(runs: int) -> None:
    """Print the table."""
    print("| design | schools | held the truth | of those shown | error (sd) | smallest effect that could be seen |")
    print("|---|---|---|---|---|---|")
    for n_schools in SCHOOLS:
        for make in (by_lot, by_need):
            print(coverage(make, n_schools, runs), flush=True)
    print(coverage(trial, TRIAL, runs))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)

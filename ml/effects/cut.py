"""Effect of a service at a list's cut: a regression discontinuity between the last listed and the first not listed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.effects.finding import (
    Comparison,
    EffectFinding,
    EffectLimits,
    EffectMethod,
    EffectVerdict,
    Floats,
    Mask,
)
from ml.effects.intervals import Spread
from ml.judging.metric import Metric

SILVERMAN = 2.58  # of his rule of thumb for a triangular kernel


class Discontinuity(NamedTuple):
    """Estimates at distance 0: of being served, of the effect on the outcome, and the outcome just above."""

    jump: Metric
    effect: Metric
    level: float
    visible: float  # the smallest effect that could be seen


class SideFit(NamedTuple):
    """A local linear fit on one side of the cut: its values there, and each child's influence times n."""

    values: Floats
    influence: Floats


def of_list(
    distance: Floats, served: Mask, outcome: Floats, school: NDArray[np.int64], limits: EffectLimits
) -> EffectFinding:
    """Judge the effect of a service on children at the end of a list: a fuzzy discontinuity.

    Args:
        distance: of each child's log-odds to the cut of its list, 0 or more if it was listed.
        served: whether each got a service afterwards.
        outcome: of each, no missing ones.
        school: intervals hold whole ones together.
        limits: when an effect is shown.
    """
    n_served = int(served.sum())
    listed = distance >= 0
    if min(n_served, listed.sum(), (~listed).sum()) < limits.least_served:
        return EffectFinding(EffectMethod.DISCONTINUITY, n_served, EffectVerdict.FEW)
    estimate = discontinuity(distance, served.astype(float), outcome, school, limits.power)
    if (estimate.jump.low or 0) < limits.least_jump:
        return EffectFinding(EffectMethod.DISCONTINUITY, n_served, EffectVerdict.NO_JUMP)
    n_near = float((np.abs(distance) <= bandwidth(distance)).sum())
    compared = Comparison(
        estimate.effect, estimate.level, overlap=1.0, effective_others=n_near, imbalance=0.0, visible=estimate.visible
    )
    return EffectFinding(EffectMethod.DISCONTINUITY, n_served, EffectVerdict.SHOWN, compared=compared)


def bandwidth(distance: Floats) -> float:
    """Return within which distance children count as near the cut (Silverman's rule for a triangular kernel)."""
    return SILVERMAN * float(distance.std()) * len(distance) ** -0.2


def discontinuity(
    distance: Floats, served: Floats, outcome: Floats, school: NDArray[np.int64], power: float
) -> Discontinuity:
    """Estimate the jump of being served at distance 0, and the effect of it on the outcome.

    Local linear regressions on both sides, as Hahn, Todd and Van der Klaauw (2001); the effect is the outcome's jump
    over that of being served.
    """
    values = np.column_stack([served, outcome])
    above, below = (_at_cut(distance, values, side) for side in (distance >= 0, distance < 0))
    served_jump, outcome_jump = above.values - below.values
    served_influence, outcome_influence = (above.influence - below.influence).T
    effect = outcome_jump / served_jump if served_jump else 0.0
    influence = (outcome_influence - effect * served_influence) / (served_jump or np.inf)
    spread = Spread.of(influence, school)
    return Discontinuity(
        Spread.of(served_influence, school).around("jump", served_jump),
        spread.around("effect", effect),
        float(above.values[1]),
        spread.visible(power),
    )


def _at_cut(distance: Floats, values: Floats, side: Mask) -> SideFit:
    """Fit the values on one side and return them at the cut."""
    weight = np.maximum(1 - np.abs(distance) / bandwidth(distance), 0) * side
    design = np.column_stack([np.ones(len(distance)), distance])
    bread = np.linalg.pinv((design * weight[:, None]).T @ design)
    coefficients = bread @ (design * weight[:, None]).T @ values
    leverage = (design * weight[:, None]) @ bread[:, 0]
    return SideFit(coefficients[0], leverage[:, None] * (values - design @ coefficients) * len(distance))

"""What being served did to those at the end of a list: the last who were on it and the first who were not are alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.effects.effects import SHOWN, Comparison, Finding, Floats, Limits, Mask, clustered_error, interval
from ml.judging.evaluate import Metric

AT_CUT = "discontinuity"


def of_list(distance: Floats, served: Mask, outcome: Floats, school: NDArray[np.int64], rules: Limits) -> Finding:
    """Judge what being served did to those whom the end of a list parted from the next: a fuzzy discontinuity.

    Args:
        distance: of each child's log-odds to the cut of its list, 0 or more if it was listed.
        served: who got a service afterwards.
        outcome: what became of each, no missing ones.
        school: intervals hold whole ones together.
        rules: when an effect is shown.
    """
    n_served = int(served.sum())
    if n_served < rules.least_served or min((distance >= 0).sum(), (distance < 0).sum()) < rules.least_served:
        return Finding(AT_CUT, n_served, "few")
    jump, effect, level = discontinuity(distance, served.astype(float), outcome, school)
    if (jump.low or 0) < rules.least_jump:
        return Finding(AT_CUT, n_served, "no_jump")
    near = int((np.abs(distance) <= bandwidth(distance)).sum())
    return Finding(AT_CUT, n_served, SHOWN, compared=Comparison(effect, level, 1.0, float(near), 0.0))


def bandwidth(distance: Floats) -> float:
    """Return within which distance children count as near the cut (Silverman's rule for a triangular kernel)."""
    return 2.58 * float(distance.std()) * len(distance) ** -0.2


def discontinuity(
    distance: Floats, served: Floats, outcome: Floats, school: NDArray[np.int64]
) -> tuple[Metric, Metric, float]:  # fmt: skip
    """Return the jump of being served at distance 0, the effect of it on the outcome, and the outcome just above.

    Local linear regressions on both sides, as Hahn, Todd and Van der Klaauw (2001); the effect is the outcome's jump
    over that of being served.
    """
    (above, above_part), (below, below_part) = (
        _at_cut(distance, np.column_stack([served, outcome]), side) for side in (distance >= 0, distance < 0)
    )
    jumps, part = above - below, above_part - below_part
    effect = jumps[1] / jumps[0] if jumps[0] else 0.0
    influence = (part[:, 1] - effect * part[:, 0]) / (jumps[0] or np.inf)
    jump = interval("jump", jumps[0], clustered_error(part[:, 0], school))
    return jump, interval("effect", effect, clustered_error(influence, school)), float(above[1])


def _at_cut(distance: Floats, values: Floats, side: Mask) -> tuple[Floats, Floats]:
    """Return the values on one side at the cut, and what each child adds to them (n times, so that means are sums)."""
    weight = np.maximum(1 - np.abs(distance) / bandwidth(distance), 0) * side
    design = np.column_stack([np.ones(len(distance)), distance])
    bread = np.linalg.pinv((design * weight[:, None]).T @ design)
    found = bread @ (design * weight[:, None]).T @ values
    leverage = (design * weight[:, None]) @ bread[:, 0]
    return found[0], leverage[:, None] * (values - design @ found) * len(distance)

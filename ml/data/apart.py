"""Years that train nothing: stated ones, those unlike the others, and those without a past where one is needed."""

from __future__ import annotations

from ml.data import availability, stability
from ml.data.dataset import Rows
from ml.policy import Policy


def of(rows: Rows, policy: Policy) -> Policy:
    """Return the policy with the years added that train nothing.

    Args:
        rows: everything whose labels are known, of features that are numbers.
        policy: the years that are stated, and whether a past is needed.
    """
    bare = availability.bare_years(rows, policy.pandemic_years) if policy.needs_past else ()
    stated = policy.with_odd_years(bare)
    return stated.with_odd_years(stability.odd_years(rows, stated.pandemic_years))

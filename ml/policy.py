"""Thresholds of policy: whoever calls `ml` sets them, so that each stands in one place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Policy:
    """What the rules of today go by, and which years train nothing; names as in the variables of the dbt project."""

    low_attendance_share: float  # at or below this the attendance counts as low
    abc_failed_areas: int  # from so many failed areas on a child counts
    over_age_risk_years: int  # from so many years above the grade's age on
    pandemic_years: tuple[int, ...] = ()  # a regime of its own, never pooled with other years
    needs_past: bool = False  # years of which no past is known train nothing either

    def with_odd_years(self, years: Iterable[int]) -> Policy:
        """Return the policy by which more years train nothing."""
        return replace(self, pandemic_years=tuple(sorted({*self.pandemic_years, *years})))

    def added_to(self, other: Policy) -> tuple[int, ...]:
        """Return the years that train nothing here and do there."""
        return tuple(year for year in self.pandemic_years if year not in other.pandemic_years)

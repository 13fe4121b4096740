"""Thresholds of policy: whoever calls `ml` sets them, so that each stands in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """What the rules of today go by, and which years train nothing; names as in the variables of the dbt project."""

    low_attendance_share: float  # at or below this the attendance counts as low
    abc_failed_areas: int  # from so many failed areas on a child counts
    over_age_risk_years: int  # from so many years above the grade's age on
    pandemic_years: tuple[int, ...] = ()  # a regime of its own, never pooled with other years

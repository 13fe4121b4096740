"""Arithmetic without surprises: exact fractions, rounded once, halves away from zero."""

from __future__ import annotations

from fractions import Fraction

SHARE, MEAN, DISTANCE = 4, 2, 1


def ratio(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def less(left: Fraction | None, right: Fraction | None) -> Fraction | None:
    return None if left is None or right is None else left - right


def rounded(value: Fraction | float | None, places: int) -> Fraction | None:
    if value is None:
        return None
    top, bottom = value.as_integer_ratio()
    units = (2 * abs(top) * 10**places + bottom) // (2 * bottom)
    return Fraction(units if top >= 0 else -units, 10**places)

"""How numbers are written wherever people read them, dashboards too: 1,234.5 and 60.8%, as the Ministry does."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal


def count(value: float) -> str:
    """Return a whole number, with commas between thousands."""
    return f"{value:,}"


def decimal(value: float) -> str:
    """Return a number with a point and one decimal."""
    return f"{value:,.1f}"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in percent, halves up of the decimals that are seen: 0.0115 is 1.2% (macro percent_text too)."""
    exact = 100 * Decimal(repr(float(share)))
    return f"{exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}%"


def points(difference: float) -> str:
    """Return a difference of shares in percentage points, with its sign."""
    return f"{100 * difference:+.1f}\N{NO-BREAK SPACE}pp"

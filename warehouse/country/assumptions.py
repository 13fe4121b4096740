"""What differs between synthetic countries; the defaults make the country of `qhawaq simulate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from numpy.typing import NDArray

from warehouse.country import risk

Hazard = Callable[..., NDArray]  # the arguments of `risk.untreated_log_odds` → log-odds, up to the year's intercept
CLOSED_YEARS = (2020, 2021)
GUIDED_YEARS = (2020, 2021)


@dataclass(frozen=True)
class Assumptions:
    """What a country's years are like.

    Attributes:
        base_rates: share of the pupils that would interrupt untreated, by school year.
        closed_years: schools are closed, nobody is served.
        guided_years: promotion is guided: everybody is promoted, as the norm of those years says.
        promoted_years: everybody is promoted too, as after a reform.
        hazard: how circumstances drive interruption.
        hazards: the same in years that differ.
    """

    base_rates: Mapping[int, float] = field(default_factory=lambda: risk.BASE_RATES)
    closed_years: tuple[int, ...] = CLOSED_YEARS
    guided_years: tuple[int, ...] = GUIDED_YEARS
    promoted_years: tuple[int, ...] = ()
    hazard: Hazard = risk.untreated_log_odds
    hazards: Mapping[int, Hazard] = field(default_factory=dict)

    def base_rate(self, year: int) -> float:
        """Return the base rate of a year; the usual one where none is given."""
        return self.base_rates.get(year, risk.USUAL_RATE)

    def hazard_of(self, year: int) -> Hazard:
        """Return the hazard of a year."""
        return self.hazards.get(year, self.hazard)


USUAL = Assumptions()

"""The lives of 40,000 synthetic children, before any file is written of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from warehouse.country import lives, people, places
from warehouse.country.lives import Year
from warehouse.country.people import People


@dataclass(frozen=True)
class Lived:
    """Who lived, and what each school year brought."""

    people: People
    years: dict[int, Year]


@pytest.fixture(scope="session")
def lived() -> Lived:
    rng = np.random.default_rng(20250317)
    land = places.build(rng, 22_000)
    folk = people.build(rng, land, 40_000, 2018, 2025)
    return Lived(folk, {year.year: year for year in lives.live(rng, folk, land, range(2018, 2026))})


@pytest.fixture
def years(lived: Lived) -> dict[int, Year]:
    return lived.years

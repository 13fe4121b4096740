"""Places of the synthetic country are such as there could be, also where there are many of them."""

from __future__ import annotations

import numpy as np
import pytest

from warehouse.country import places


@pytest.mark.parametrize("pupils", [1_000, 600_000])
def test_nobody_lives_higher_than_the_highest_town(pupils: int) -> None:
    land = places.build(np.random.default_rng(20250317), pupils)
    assert land.district_altitude.max() <= places.HIGHEST_TOWN_M
    assert land.district_altitude.min() >= 0

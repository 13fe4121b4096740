"""What the country's services really did is found from what is written down, and not by a plain comparison."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml.effects import effects, finding
from ml.effects.finding import EffectVerdict
from tests.country.conftest import Lived
from warehouse.country import lives, records

MONTHS = {"TUTOR": 4, "VISITA": 7, "REFUERZO": 7}  # of attendance known when each is given
RULES = replace(finding.read_limits(), placebo="last_year_absence", placebo_left_out=("last_year_absence",))
NAMES = ("absence", "last_month", "failed", "lowest", "grade", "over_age", "poverty", "language", "last_year_absence")


def study(lived: Lived, code: str) -> tuple[effects.Study, np.ndarray, float]:
    """Return the records of all years but the pandemic's, who left, and the true effect on the served."""
    parts = [_of_year(lived, year, code) for year in lived.years if year not in records.PANDEMIC]
    values, served, left, school, effect = map(np.concatenate, zip(*parts, strict=True))
    return effects.Study(values, NAMES, served, school), left, effect[served].mean()


def _of_year(lived: Lived, number: int, code: str) -> tuple[np.ndarray, ...]:
    year, months = lived.years[number], MONTHS[code]
    absent = year.justified + year.unjustified
    before = np.full(lived.people.n, np.nan)
    if (last := lived.years.get(number - 1)) and number - 1 not in records.PANDEMIC:
        before[last.child] = (last.justified + last.unjustified).sum(axis=1)
    known = (year.marks[:, 0] == 0) * (code != "TUTOR")  # marks of the first half come in August
    values = np.column_stack([
        absent[:, :months].sum(axis=1) / year.open_days[:, :months].sum(axis=1), absent[:, months - 1],
        (known.sum(axis=2) >= 2).sum(axis=1), known.sum(axis=(1, 2)), year.grade,
        lived.people.age_at_march(number)[year.child] - year.grade,
        lived.people.household_class[lived.people.household[year.child]], lived.people.language[year.child],
        before[year.child],
    ])  # fmt: skip
    left = (year.fate == lives.Fate.LEAVES).astype(float)
    return values, year.services[code] > 0, left, year.service, year.effect(code)


@pytest.mark.parametrize(
    "code", [pytest.param(code, marks=() if code == "TUTOR" else pytest.mark.long) for code in MONTHS]
)
def test_the_interval_covers_what_a_service_did_and_the_plain_difference_does_not(lived: Lived, code: str) -> None:
    given, left, truth = study(lived, code)
    found = effects.of_service(given, {"left": left}, RULES)["left"]
    assert truth < 0
    assert found.verdict == EffectVerdict.SHOWN
    assert found.compared.effect.low <= truth <= found.compared.effect.high
    assert found.plain.low > 0  # the needier are served: services then seem to harm

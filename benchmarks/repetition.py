"""Repetition on light countries: `python -m benchmarks.repetition [COUNTRIES]`, one line per country, test year 2024.

Three ways to learn, judged by the gates of repetition: as models of interruption learn, without the first year (of
which no past is known), and that with what the norm says of promotion.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from benchmarks import light
from benchmarks.countries import POLICY, SHARE
from benchmarks.light import Country
from ml import train
from ml.data import availability
from ml.data.dataset import Rows, Spec
from ml.train import Trained
from warehouse.country import lives, records

FIRST_SEED = 7000
CHILDREN = 20_000
TODAY = "2025-12-05"
FAILED = (records.Result.FAILED, records.Result.FAILED_AFTER)
GUIDED = (2020, 2021)
OF_NORM = {"is_promotion_automatic": -1, "n_counting_failed_areas": 1}
SPEC = Spec((*light.SPEC.features, *OF_NORM), (*light.SPEC.directions, *OF_NORM.values()))
SHOWN = ("precision_at_capacity", "observed_over_expected_at_capacity", "calibration_slope")


class Way(NamedTuple):
    """A way to learn."""

    name: str
    spec: Spec
    needs_past: bool


WAYS = (
    Way("as interruption", light.SPEC, False),
    Way("without the first year", light.SPEC, True),
    Way("and with the norm", SPEC, True),
)


def rows_of(country: Country) -> Rows:
    """Return the rows whose repetition is known today, with its label and what the norm says of promotion."""
    parts = country.parts
    result, left, grade = (
        np.concatenate([getattr(part.year, name)[part.here] for part in parts])
        for name in ("result", "left_month", "grade")
    )
    label = np.isin(result, FAILED).astype(float)
    label[left < 99] = np.nan
    years = country.rows.year
    known_at = np.array([f"{year + 1}-03-20" for year in years], dtype="datetime64[D]")
    is_automatic = (grade == lives.FIRST_PRIMARY) | (np.isin(years, GUIDED) & (country.rows.month >= 10))
    failed, of_this_year = (
        country.rows.values[:, light.SPEC.features.index(name)] for name in ("n_failed_areas", "are_marks_of_this_year")
    )
    counting = np.where(is_automatic, 0, np.where(of_this_year == 1, failed, np.nan))
    values = np.asfortranarray(np.column_stack([country.rows.values, is_automatic, counting]))
    rows = replace(country.rows, label=label, known_at=known_at, values=values)
    return rows.of(known_at <= np.datetime64(TODAY))


def judged(rows: Rows) -> Iterator[tuple[Way, Trained]]:
    """Yield what each way learns, with its gates."""
    for way in WAYS:
        seen = availability.seen_by(rows, SPEC, way.spec)
        policy = replace(POLICY, needs_past=way.needs_past)
        found = train.train(seen, "repetition", way.spec, policy, today=TODAY, share=SHARE)
        if isinstance(found, Trained):
            yield way, found


def line(seed: int, way: Way, found: Trained) -> str:
    """Return a line of the table: deciding and test year, and what the gates said."""
    figures = {
        (figure.dataset, figure.metric.name): figure.metric.value
        for figure in found.metrics
        if (figure.ranker, figure.segment) == (found.algorithm, "all")
    }
    of = [[f"{figures[dataset, name]:.3f}" for name in SHOWN] for dataset in ("validation", "test_2024")]
    gates = [", ".join(names) or "none" for names in (found.gate.broken, found.gate.withheld)]
    return f"| {seed} | {way.name} | {' '.join(of[0])} | {' '.join(of[1])} | {gates[0]} | {gates[1]} |"


def main(countries: int) -> None:
    """Print the table."""
    print("| seed | way | deciding: precision, o/e, slope | test | ranks broken | probabilities withheld |")
    print("|---|---|---|---|---|---|")
    for seed in range(FIRST_SEED, FIRST_SEED + countries):
        for way, found in judged(rows_of(light.country(seed, CHILDREN))):
            print(line(seed, way, found), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)

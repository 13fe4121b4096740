"""Do ranges of totals hold nine in ten years that nobody has seen: `python -m benchmarks.ranges [FIRST_SEED] [N]`.

Light countries (`benchmarks/light.py`) whose hazard is additive and whose rates wander from year to year. Each year
from 2022 on is announced from the years whose outcomes had matured; of all pupils on each date, and of the listed, it
is asked whether as many interrupted as the range says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from benchmarks import worlds
from benchmarks.light import SPEC, Country
from ml import parallel
from ml.data import splits
from ml.judging.evaluate import Sample
from ml.models import candidates, levels
from ml.models.variants import Variant

CHILDREN = 12_000
DEFAULTS = (9000, 30)
CLOSED = (2020, 2021)
SHARE = 0.05
KIND = "additive, rates wander"
JUDGED = (2022, 2023, 2024, 2025)


def held(country: Country) -> Iterator[tuple[str, bool, float]]:
    """Yield of each judged year and date: of whom, whether the range held the truth, and its width over the total."""
    rows, model = country.rows, candidates.champion()
    fits = {}
    for year in JUDGED:
        before = rows.of(splits.before(rows, year, CLOSED))
        seen = tuple(np.unique(before.year).tolist())
        if seen not in fits:
            fits[seen] = Variant(model, model, SPEC.features).fit(SPEC, before)
        for day in (day for day in rows.date.names if day.startswith(str(year))):
            sample = Sample(rows.of(rows.date.texts() == day))
            log_odds = fits[seen].log_odds(sample.rows)
            for of, where in (("all", sample.known), ("listed", sample.known & sample.listed(log_odds, SHARE))):
                low, high = levels.total_range(log_odds[where], fits[seen].level_range)
                cases = float(sample.cases[where].sum())
                yield of, low <= cases <= high, (high - low) / max(cases, 1)


def main() -> None:
    """Print the share of years and dates whose range held, and its mean width over the total."""
    first, n = map(int, [*sys.argv[1:], *DEFAULTS[len(sys.argv) - 1 :]])
    found = [one for seed in range(first, first + n) for one in held(worlds.build(worlds.KINDS[KIND], seed, CHILDREN))]
    for whom in ("all", "listed"):
        of_whom = [(is_held, width) for of, is_held, width in found if of == whom]
        share, width = np.mean(of_whom, axis=0)
        print(f"{whom}: held in {share:.3f} of {len(of_whom)} years and dates of {n} countries, mean width {width:.2f}")


if __name__ == "__main__":
    parallel.one_thread_each()
    main()

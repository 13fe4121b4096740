"""Kinds of synthetic countries: what drives interruption in them, and what becomes of their records."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks import light
from benchmarks.light import Country
from warehouse.country import risk
from warehouse.country.assumptions import Assumptions

TEST = 2024  # the last mature year, in which whatever breaks begins to break
STRAYS = 0.12  # standard deviation of a year's rate in log-odds, where rates wander
Spoil = Callable[[np.random.Generator, Country], None]  # damages what is known, in place


def with_interactions(
    *, over_age: NDArray, hours: NDArray, poverty: NDArray, grade: NDArray, **more: NDArray
) -> NDArray:
    """Return a hazard in which work, age and poverty multiply each other's effects."""
    usual = risk.untreated_log_odds(over_age=over_age, hours=hours, poverty=poverty, grade=grade, **more)
    behind, works = np.clip(over_age, 0, 3), hours > 0
    return usual - 0.3 * behind + 0.8 * behind * works + 0.7 * poverty * (grade >= 10) - 0.9 * works * (grade < 9)


def with_threshold(*, over_age: NDArray, hours: NDArray, poverty: NDArray, **more: NDArray) -> NDArray:
    """Return a hazard that jumps at thresholds: two years behind, extreme poverty, twenty hours of work."""
    rest = risk.untreated_log_odds(over_age=0 * over_age, hours=0 * hours, poverty=0 * poverty, **more)
    return rest + 1.6 * (over_age >= 2) + 1.1 * (poverty == 2) + 1.4 * (hours >= 20)


def changed(*, poverty: NDArray, over_age: NDArray, grade: NDArray, **more: NDArray) -> NDArray:
    """Return the hazard of another time: poverty weighs more, age nothing, and primary school loses pupils too."""
    usual = risk.untreated_log_odds(poverty=poverty, over_age=0 * over_age, grade=grade, **more)
    return usual + 0.6 * poverty + 0.6 * (grade < 9)


def no_attendance_of_largest_regions(_: np.random.Generator, country: Country) -> None:
    """The three largest regions send no attendance from the test year on."""
    region = country.rows.segments["region"]
    largest = np.argsort(np.bincount(region.codes))[-3:]
    _forget(country, np.isin(region.codes, largest) & (country.rows.year >= TEST), light.ATTENDANCE)


def late_offices(rng: np.random.Generator, country: Country) -> None:
    """A third of the offices send attendance so late from the test year on that a list knows nothing of it in April."""
    late = rng.random(len(country.rows.group.names)) < 1 / 3
    april = country.rows.values[:, light.SPEC.features.index("school_month")] == light.MONTHS[0]
    _forget(country, late[country.rows.group.codes] & april & (country.rows.year >= TEST), light.ATTENDANCE)


def missing_documents(rng: np.random.Generator, country: Country) -> None:
    """A quarter of the children have no past in the records from the test year on: nothing links their documents."""
    unlinked = rng.random(int(country.rows.key.max()) + 1) < 1 / 4
    lost = unlinked[country.rows.key] & (country.rows.year >= TEST)
    past = ("has_failed_last_year", "last_year_attendance_share", "own_past_attendance_gap", "mean_mark_points_change",
            "n_failed_areas_change", "earlier_failed_areas")  # fmt: skip
    _forget(country, lost, past)
    for name in ("n_repetitions", "n_reentries", "n_transfers", "n_supports_ever"):
        country.rows.values[lost, light.SPEC.features.index(name)] = 0


def _forget(country: Country, where: NDArray[np.bool_], names: tuple[str, ...]) -> None:
    for name in names:
        country.rows.values[where, light.SPEC.features.index(name)] = np.nan


@dataclass(frozen=True)
class Kind:
    """A kind of country, and how many of it are judged.

    Attributes:
        assumed: what its years are like.
        n: how many countries.
        spoil: what becomes of its records.
        wanders: whether each year's rate is drawn.
        is_ordinary: whether nothing breaks in it.
    """

    assumed: Assumptions
    n: int
    spoil: Spoil | None = None
    wanders: bool = False
    is_ordinary: bool = False


_LATER = range(TEST, 2026)
KINDS = {
    "additive": Kind(Assumptions(), 6, is_ordinary=True),
    "additive, rates wander": Kind(Assumptions(), 6, wanders=True, is_ordinary=True),
    "with interactions": Kind(Assumptions(hazard=with_interactions), 4, is_ordinary=True),
    "with thresholds": Kind(Assumptions(hazard=with_threshold), 4, is_ordinary=True),
    "another hazard in 2024": Kind(
        Assumptions(hazards=dict.fromkeys(_LATER, changed), base_rates=risk.BASE_RATES | dict.fromkeys(_LATER, 0.039)),
        2,
    ),
    "late offices in 2024": Kind(Assumptions(), 2, late_offices),
    "three regions stop reporting in 2024": Kind(Assumptions(), 2, no_attendance_of_largest_regions),
    "missing documents in 2024": Kind(Assumptions(), 2, missing_documents),
    "another pandemic in 2024": Kind(
        Assumptions(closed_years=(2020, 2021, 2024), guided_years=(2020, 2021, 2024)),
        2,
    ),
    "promotion for all from 2022": Kind(Assumptions(promoted_years=(2022, 2023, 2024, 2025)), 2),
}


def build(kind: Kind, seed: int, children: int) -> Country:
    """Return a country of a kind."""
    rng = np.random.default_rng([seed, 1])
    assumed = kind.assumed
    if kind.wanders:
        rates = {year: risk.USUAL_RATE * float(np.exp(STRAYS * rng.normal())) for year in light.YEARS}
        assumed = replace(assumed, base_rates=rates)
    country = light.country(seed, children, assumed)
    if kind.spoil:
        kind.spoil(rng, country)
    return country


def seeds(first: int) -> Iterator[tuple[str, Kind, int]]:
    """Yield each country: its kind's name, the kind and the seed."""
    seed = first
    for name, kind in KINDS.items():
        for _ in range(kind.n):
            yield name, kind, seed
            seed += 1

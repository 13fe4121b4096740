"""The circumstances and records of a school year: work, attendance, marks, results and services received."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warehouse.country import risk
from warehouse.country.assumptions import CLOSED_YEARS, Assumptions
from warehouse.country.people import People
from warehouse.country.places import Places

PANDEMIC = CLOSED_YEARS
N_AREAS = 8
N_COMPETENCES = 3


class Result(IntEnum):
    """The result of a school year."""

    PASSED = 0
    FAILED = 1
    RECOVERED = 2
    FAILED_AFTER = 3  # in recovery
    GUIDED = 4  # promoted although areas were failed


PROMOTED = (Result.PASSED, Result.RECOVERED, Result.GUIDED)
AREAS_TO_REPEAT = 4  # failed ones; with fewer the pupil goes to recovery
RECOVERS = 0.8  # assumption: share of who goes to recovery and passes


def work(rng: np.random.Generator, people: People, child: NDArray, year: int) -> NDArray[np.int64]:
    """Return weekly hours of work; most children have none."""
    house = people.household[child]
    age = people.age_at_march(year)[child]
    tendency = -2.6 + 0.25 * (age - 10) + 0.5 * people.household_class[house] + 0.6 * people.household_rural[house]
    works = risk.sigmoid(tendency + 0.5 * people.frailty[child]) > rng.random(len(child))
    return np.where(works, np.clip(rng.gamma(2.5, 5.5, len(child)), 1, 60), 0).astype(np.int64)


def drift(people: People, child: NDArray, hours: NDArray) -> NDArray[np.float64]:
    """Return the level to which a child's disengagement tends."""
    poor = people.household_class[people.household[child]]
    return 0.55 * people.frailty[child] + 0.2 * poor + 0.3 * (hours >= 15) - 0.25 * people.ability[child] - 0.3


class Circumstances(NamedTuple):
    """The circumstances of enrolled children that drive interruption; a row per child."""

    over_age: NDArray[np.int64]  # years behind
    hours: NDArray[np.int64]  # of work a week
    drift: NDArray[np.float64]  # of disengagement
    months: NDArray[np.float64]  # disengagement, (children, months)
    untreated: NDArray[np.float64]  # log-odds of interruption without services

    @property
    def end(self) -> NDArray[np.float64]:
        """The effect of the year's last disengagement on the log-odds."""
        return risk.DISENGAGEMENT_EFFECT * self.months[:, -1]


def circumstances(
    rng: np.random.Generator,
    people: People,
    places: Places,
    *,
    child: NDArray,
    grade: NDArray,
    disengagement: NDArray,
    service: NDArray,
    year: int,
    assumed: Assumptions,
) -> Circumstances:
    """Draw the circumstances of enrolled children."""
    house = people.household[child]
    over_age = people.age_at_march(year)[child] - (grade + 2)
    hours = work(rng, people, child, year)
    tendency = drift(people, child, hours)
    months = risk.path(rng, 0.7 * disengagement + 0.3 * tendency, tendency)
    untreated = assumed.hazard_of(year)(
        poverty=people.household_class[house],
        language=people.language[child],
        over_age=over_age,
        hours=hours,
        grade=grade,
        effect=places.service_effect[service],
    )
    end = risk.DISENGAGEMENT_EFFECT * months[:, -1]
    untreated += risk.intercept(untreated + end, assumed.base_rate(year))
    return Circumstances(over_age, hours, tendency, months, untreated)


class Attendance(NamedTuple):
    """Days of a year's attendance, each of shape (children, months)."""

    opened: NDArray[np.int64]
    justified: NDArray[np.int64]  # absences
    unjustified: NDArray[np.int64]
    late: NDArray[np.int64]

    def absent_share(self, n_months: int) -> NDArray[np.float64]:
        """Return each child's share of days absent in the first months of the year."""
        absent = (self.justified + self.unjustified)[:, :n_months].sum(axis=1)
        return absent / self.opened[:, :n_months].sum(axis=1)


def attendance(
    rng: np.random.Generator, places: Places, service: NDArray, months: NDArray, *, is_closed: bool
) -> Attendance:
    """Return the attendance of a year."""
    days = np.array([11, 20, 20, 21, 18, 16, 21, 21, 20, 13])
    opened = np.broadcast_to(days, months.shape) - (places.service_rural[service] * (service % 3 == 0))[:, None]
    if is_closed:  # attendance then meant an online connection that the teacher recorded
        chance = np.full(months.shape, 0.01)
    else:
        chance = risk.sigmoid(-3.0 + 0.95 * months + 0.2 * places.service_rural[service][:, None])
    absent = rng.binomial(opened, chance)
    justified = rng.binomial(absent, 0.35)
    late = rng.binomial(opened - absent, 0.03)
    return Attendance(opened, justified, absent - justified, late)


def marks(rng: np.random.Generator, people: People, child: NDArray, months: NDArray) -> NDArray[np.int8]:
    """Return marks by half, area and competence: ability less the cost of disengagement."""
    marks = np.empty((len(child), 2, N_AREAS, N_COMPETENCES), dtype=np.int8)
    area = rng.normal(0, 0.5, (len(child), N_AREAS)).astype(np.float32)
    for half, month in enumerate((3, 9)):
        level = (people.ability[child] - 0.6 * months[:, month]).astype(np.float32)[:, None] + area
        for competence in range(N_COMPETENCES):
            value = level + rng.normal(0, 0.4, level.shape).astype(np.float32)
            marks[:, half, :, competence] = np.digitize(value, [-2.5, -0.8, 1.5])
    return marks


def failed_areas(marks: NDArray[np.int8]) -> NDArray[np.int64]:
    """Count areas in which most competences are at C, by half; shape (children, halves)."""
    return ((marks == 0).sum(axis=3) >= 2).sum(axis=2)


def results(
    rng: np.random.Generator, marks: NDArray[np.int8], is_first_grade: NDArray[np.bool_], *, all_promoted: bool
) -> NDArray[np.int64]:
    """Return the year's result by the ministry's norm, from the marks of the whole year.

    Four failed areas repeat the grade, one to three go to recovery. The first grade of primary promotes everybody, and
    so does every grade in a year of guided promotion.
    """
    failed = np.where(is_first_grade, 0, failed_areas(marks)[:, 1])
    if all_promoted:
        return np.where(failed > 0, Result.GUIDED, Result.PASSED)
    after = np.where(rng.random(len(marks)) < RECOVERS, Result.RECOVERED, Result.FAILED_AFTER)
    return np.where(failed >= AREAS_TO_REPEAT, Result.FAILED, np.where(failed >= 1, after, Result.PASSED))


def serve(
    rng: np.random.Generator, people: People, child: NDArray, attendance: Attendance, marks: NDArray, *, is_closed: bool
) -> dict[str, NDArray[np.int64]]:
    """Return the month in which each child received each service; 0 if never.

    Children in greater need are likelier to be served, so a naive comparison misleads. The decisions use records that
    exist by then, which makes the effects identifiable: absences to June in August, absences to September and marks of
    the first half in November.
    """
    n = len(child)
    juntos = people.household_in_juntos[people.household[child]].astype(np.int64)
    if is_closed:
        none = np.zeros(n, dtype=np.int64)
        return {"TUTOR": none, "VISITA": none, "REFUERZO": none, "JUNTOS": juntos}
    to_june = attendance.absent_share(4)
    to_september = attendance.absent_share(7)
    tutor = (to_june >= 0.1) & (rng.random(n) < risk.sigmoid(-1.6 + 6 * to_june))
    visit = (to_september >= 0.15) & (rng.random(n) < 0.3)
    remedial = (failed_areas(marks)[:, 0] >= 2) & (rng.random(n) < 0.35)
    return {"TUTOR": tutor * 8, "VISITA": visit * 11, "REFUERZO": remedial * 11, "JUNTOS": juntos}

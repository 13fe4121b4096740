"""School careers, year by year: enrollment, attendance, marks, transfers, services and interruption."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warehouse.country import records, risk
from warehouse.country.assumptions import USUAL, Assumptions
from warehouse.country.people import People
from warehouse.country.places import Places

FIRST_PRIMARY = 4
FIRST_SECONDARY = 10
LAST_GRADE = 14
SITUATIONS = np.array(["INGRESANTE", "PROMOVIDO", "REPITE", "REENTRANTE"])
FAR_BEHIND = 3  # assumption: from so many years on nobody comes back to regular school
# Assumption: chance a year of moving to alternative education (EBA), from 14 years on. Who is far behind mostly does: a
# grade may be repeated more than once, and few are four years behind.
TO_EBA_USUALLY = 0.008
TO_EBA_FAR_BEHIND = 0.5


class Situation(IntEnum):
    """The situation in which a child enrolls; the position in `SITUATIONS`."""

    ENTERED = 0
    PROMOTED = 1
    REPEATS = 2
    RETURNS = 3


class Fate(IntEnum):
    """The end of a child's year."""

    STAYS = 0
    LEAVES = 1
    DIES = 2
    EMIGRATES = 3
    TO_EBA = 4


@dataclass
class PopulationState:
    """The children's state from year to year; every array has a row per child."""

    grade: NDArray[np.int64]  # 0 before school, 99 finished or gone for good
    enrolled: NDArray[np.bool_]
    repeating: NDArray[np.bool_]
    returning: NDArray[np.bool_]
    service: NDArray[np.int64]
    disengagement: NDArray[np.float64]
    eba_from: NDArray[np.int64]


@dataclass
class Year:
    """One school year of the children enrolled in it; every array has a row per enrolled child."""

    year: int
    child: NDArray[np.int64]
    grade: NDArray[np.int64]
    situation: NDArray[np.int64]
    service: NDArray[np.int64]
    new_service: NDArray[np.int64]  # -1 without a transfer during the year
    move_day: NDArray[np.int64]
    hours: NDArray[np.int64]
    months: NDArray[np.float64]  # disengagement, (children, months)
    open_days: NDArray[np.int64]  # (children, months)
    justified: NDArray[np.int64]
    unjustified: NDArray[np.int64]
    late: NDArray[np.int64]
    marks: NDArray[np.int8]  # (children, halves, areas, competences), 0 C, 1 B, 2 A, 3 AD
    result: NDArray[np.int64]
    fate: NDArray[np.int64]
    left_month: NDArray[np.int64]  # 99 if the child stays to the end of the year
    risk_untreated: NDArray[np.float64]  # log-odds without services
    log_odds: NDArray[np.float64]  # log-odds with the services received in time
    drift: NDArray[np.float64]
    leaving: NDArray[np.int64]  # month in which the child leaves if it leaves; 99 after the year's end
    services: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # code → month received, 0 if not

    @property
    def risk(self) -> NDArray[np.float64]:
        """The chance of leaving at the end of the year."""
        return risk.sigmoid(self.log_odds + risk.DISENGAGEMENT_EFFECT * self.months[:, -1])

    def effect(self, code: str) -> NDArray[np.float64]:
        """Return a service's effect on each child's chance of leaving; 0 where it came too late or never."""
        helped = risk.helped(self.services[code], self.leaving) * risk.SERVICE_EFFECTS[code]
        return self.risk - risk.sigmoid(self.log_odds - helped + risk.DISENGAGEMENT_EFFECT * self.months[:, -1])


def live(
    rng: np.random.Generator, people: People, places: Places, years: range, assumed: Assumptions = USUAL
) -> list[Year]:
    """Simulate the school years, after a burn-in as long as the oldest children's careers.

    Without it the first years would not be in balance: children would not be behind because of earlier years, and a
    model of the first years would not fit later ones.
    """
    state = _initial_state(rng, people)
    for year in range(people.first_at_school(), years[0]):
        _simulate_year(rng, people, places, state, year, assumed)
    return [_simulate_year(rng, people, places, state, year, assumed) for year in years]


def _initial_state(rng: np.random.Generator, people: People) -> PopulationState:
    """Return the state of children before school."""
    return PopulationState(
        grade=np.zeros(people.n, dtype=np.int64),
        enrolled=np.zeros(people.n, dtype=bool),
        repeating=np.zeros(people.n, dtype=bool),
        returning=np.zeros(people.n, dtype=bool),
        service=np.full(people.n, -1),
        disengagement=0.5 * people.frailty + rng.normal(0, 0.3, people.n),
        eba_from=np.full(people.n, 9999),
    )


def _arrive(rng: np.random.Generator, people: People, state: PopulationState, year: int) -> NDArray[np.int64]:
    """Enroll beginners and some who left before; return every child's situation of enrollment."""
    age = people.age_at_march(year)
    entering = (age >= people.begins_at) & (state.grade == 0)
    out = (state.grade > 0) & (state.grade <= LAST_GRADE) & ~state.enrolled & (state.eba_from > year)
    returning = out & (age < 18) & (age - state.grade - 2 < FAR_BEHIND) & (rng.random(people.n) < 0.15)
    state.grade[entering] = FIRST_PRIMARY
    state.enrolled |= entering | returning
    situation = np.where(state.repeating, Situation.REPEATS, Situation.PROMOTED)
    situation[returning] = Situation.RETURNS
    situation[entering] = Situation.ENTERED
    return situation


def _simulate_year(
    rng: np.random.Generator, people: People, places: Places, state: PopulationState, year: int, assumed: Assumptions
) -> Year:
    """Simulate a year of the enrolled children and update the state; the order of draws decides every file's bytes."""
    situation = _arrive(rng, people, state, year)
    child = np.flatnonzero(state.enrolled)
    grade = state.grade[child]
    is_closed = year in assumed.closed_years
    schools = _schools(rng, people, places, state, child, is_closed=is_closed)
    own = records.circumstances(
        rng,
        people,
        places,
        child=child,
        grade=grade,
        disengagement=state.disengagement[child],
        service=schools.service,
        year=year,
        assumed=assumed,
    )
    marks = records.marks(rng, people, child, own.months)
    attendance = records.attendance(rng, places, schools.service, own.months, is_closed=is_closed)
    services = records.serve(rng, people, child, attendance, marks, is_closed=is_closed)
    ends = _ends(rng, own, services, is_last_grade=grade == LAST_GRADE, age=people.age_at_march(year)[child])
    all_promoted = year in assumed.guided_years or year in assumed.promoted_years
    result = records.results(rng, marks, grade == FIRST_PRIMARY, all_promoted=all_promoted)
    lived = Year(
        year=year,
        child=child,
        grade=grade,
        situation=situation[child],
        service=schools.service,
        new_service=schools.new_service,
        move_day=rng.integers(120, 280, len(child)),
        hours=own.hours,
        months=own.months,
        open_days=attendance.opened,
        justified=attendance.justified,
        unjustified=attendance.unjustified,
        late=attendance.late,
        marks=marks,
        result=result,
        fate=ends.fate,
        left_month=ends.left_month,
        risk_untreated=own.untreated,
        log_odds=ends.log_odds,
        drift=own.drift,
        leaving=ends.leaving,
        services=services,
    )
    _carry_over(state, lived)
    return lived


class _Schools(NamedTuple):
    """The services that children attend in a year."""

    service: NDArray[np.int64]
    new_service: NDArray[np.int64]  # after a transfer during the year; -1 without one


def _schools(
    rng: np.random.Generator, people: People, places: Places, state: PopulationState, child: NDArray, *, is_closed: bool
) -> _Schools:
    """Return the services of enrolled children: the household's usual one, or another after a transfer."""
    house = people.household[child]
    secondary = state.grade[child] >= FIRST_SECONDARY
    usual = np.where(secondary, people.household_secondary[house], people.household_primary[house])
    service = _transfer(rng, places, usual, np.where(state.service[child] >= 0, 0.03, 0.0))
    moving = (rng.random(len(child)) < 0.025) & (not is_closed)
    new_service = np.where(moving, _transfer(rng, places, service, np.ones(len(child))), -1)
    return _Schools(service, np.where(new_service == service, -1, new_service))


def _transfer(rng: np.random.Generator, places: Places, service: NDArray, chance: NDArray) -> NDArray[np.int64]:
    """Return services after random transfers within the level, four of five within the UGEL."""
    moved = service.copy()
    chosen = np.flatnonzero(rng.random(len(service)) < chance)
    level = places.service_level
    for group, key in (
        (chosen[chosen % 5 > 0], places.service_ugel * 2 + level),
        (chosen[chosen % 5 == 0], level),
    ):
        order = np.argsort(key, kind="stable")
        wanted = key[service[group]]
        first = np.searchsorted(key[order], wanted, "left")
        last = np.searchsorted(key[order], wanted, "right")
        moved[group] = order[first + (rng.random(len(group)) * (last - first)).astype(np.int64)]
    return moved


@dataclass(frozen=True)
class _Lot:
    """Random draws of a year, a row per child."""

    leaves: NDArray[np.float64]
    other: NDArray[np.float64]
    early: NDArray[np.float64]
    month: NDArray[np.int64]

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int) -> _Lot:
        """Return the draws of a year."""
        first, last = risk.LEAVING_MONTHS
        return cls(rng.random(n), rng.random(n), rng.random(n), rng.integers(first, last + 1, n))


class _Ends(NamedTuple):
    """The ends of the children's years; a row per child."""

    log_odds: NDArray[np.float64]  # of leaving, with the services received in time
    leaving: NDArray[np.int64]  # month in which the child leaves if it leaves; 99 after the year's end
    fate: NDArray[np.int64]
    left_month: NDArray[np.int64]  # 99 without leaving or dying during the year


def _ends(
    rng: np.random.Generator,
    own: records.Circumstances,
    services: dict[str, NDArray[np.int64]],
    *,
    is_last_grade: NDArray,
    age: NDArray,
) -> _Ends:
    """Draw who stays, leaves, dies, emigrates or moves to alternative education, and when.

    The last grade completes school: its pupils can only leave during the year.
    """
    lot = _Lot.draw(rng, len(age))
    leaving = np.where(lot.early < risk.leaves_within_year(is_last_grade), lot.month, 99)
    log_odds = own.untreated + sum(
        risk.SERVICE_EFFECTS[code] * risk.helped(month, leaving) for code, month in services.items()
    )
    leaves = lot.leaves < risk.sigmoid(log_odds + own.end)
    fate = np.where(leaves, Fate.LEAVES, Fate.STAYS)
    to_eba = np.where(own.over_age >= FAR_BEHIND, TO_EBA_FAR_BEHIND, TO_EBA_USUALLY)
    fate[~leaves & (age >= 14) & (lot.other < to_eba)] = Fate.TO_EBA
    fate[~leaves & (lot.other > 0.9996)] = Fate.DIES
    fate[~leaves & (lot.other > 0.9980) & (lot.other <= 0.9996)] = Fate.EMIGRATES
    left_month = np.select([fate == Fate.LEAVES, fate == Fate.DIES], [leaving, lot.month], 99)
    return _Ends(log_odds, leaving, fate, left_month)


def _carry_over(state: PopulationState, year: Year) -> None:
    """Update the state to the end of the year."""
    child = year.child
    passed = np.isin(year.result, records.PROMOTED) & (year.left_month == 99)
    state.repeating[:] = False
    state.repeating[child] = ~passed
    state.grade[child] = np.where(passed, year.grade + 1, year.grade)
    state.grade[child[passed & (year.grade == LAST_GRADE)]] = 99
    state.enrolled[child] = (year.fate == Fate.STAYS) & (state.grade[child] <= LAST_GRADE)
    state.grade[child[np.isin(year.fate, (Fate.DIES, Fate.EMIGRATES))]] = 99
    state.eba_from[child[year.fate == Fate.TO_EBA]] = year.year + 1
    state.service[child] = np.where(year.new_service >= 0, year.new_service, year.service)
    state.disengagement[child] = year.months[:, -1]

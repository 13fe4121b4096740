"""School lives, year by year: who is enrolled where, attends how, passes, moves, leaves and is served."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from warehouse.country import risk
from warehouse.country.people import People
from warehouse.country.places import Places

PANDEMIC = (2020, 2021)
FIRST_PRIMARY, LAST_PRIMARY, FIRST_SECONDARY, LAST_GRADE = 4, 9, 10, 14
ENTERED, PROMOTED, REPEATS, RETURNS = 0, 1, 2, 3
SITUATIONS = np.array(["INGRESANTE", "PROMOVIDO", "REPITE", "REENTRANTE"])
STAYS, LEAVES, DIES, EMIGRATES, TO_EBA = 0, 1, 2, 3, 4
PASSED, FAILED, RECOVERED, FAILED_AFTER = 0, 1, 2, 3
N_AREAS, N_COMPETENCES = 8, 3
FAR_BEHIND = 3  # assumption: from so many years on nobody comes back to regular school
TO_EBA_USUALLY, TO_EBA_FAR_BEHIND = 0.008, 0.15  # assumption: chance a year of going there, from 14 years on


@dataclass
class State:
    """What a child carries from year to year."""

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
    new_service: NDArray[np.int64]  # -1 without a transfer within the year
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
    left_month: NDArray[np.int64]  # 99 if the child is there to the end
    risk_untreated: NDArray[np.float64]  # log-odds without services
    log_odds: NDArray[np.float64]  # log-odds with the services received in time
    drift: NDArray[np.float64]
    leaving: NDArray[np.int64]  # month in which the child would be gone if it left; 99 after the year's end
    services: dict[str, NDArray[np.int64]] = field(default_factory=dict)  # code → month received, 0 if not

    @property
    def risk(self) -> NDArray[np.float64]:
        """The chance of leaving, all that the year brought included."""
        return risk.sigmoid(self.log_odds + risk.DISENGAGEMENT_EFFECT * self.months[:, -1])

    def effect(self, code: str) -> NDArray[np.float64]:
        """Return what a service added to each child's chance; 0 where it came too late or never."""
        helped = risk.helped(self.services[code], self.leaving) * risk.SERVICE_EFFECTS[code]
        return self.risk - risk.sigmoid(self.log_odds - helped + risk.DISENGAGEMENT_EFFECT * self.months[:, -1])


def live(rng: np.random.Generator, people: People, places: Places, years: range) -> list[Year]:
    """Simulate every school year, after as many as the oldest have been at school.

    A country that began with the first year would not be in balance: who is behind would not be whom the years left
    behind, and what a model learned of its first years would not hold later.
    """
    state = _begin(rng, people)
    for year in range(people.first_at_school(), years[0]):
        _one_year(rng, people, places, state, year)
    return [_one_year(rng, people, places, state, year) for year in years]


def _begin(rng: np.random.Generator, people: People) -> State:
    """Return everybody before school."""
    return State(
        grade=np.zeros(people.n, dtype=np.int64),
        enrolled=np.zeros(people.n, dtype=bool),
        repeating=np.zeros(people.n, dtype=bool),
        returning=np.zeros(people.n, dtype=bool),
        service=np.full(people.n, -1),
        disengagement=0.5 * people.frailty + rng.normal(0, 0.3, people.n),
        eba_from=np.full(people.n, 9999),
    )


def _arrive(rng: np.random.Generator, people: People, state: State, year: int) -> NDArray[np.int64]:
    """Enter those who begin, bring some of those who left back, and return how each enrolled child came."""
    age = people.age_at_march(year)
    entering = (age >= people.begins_at) & (state.grade == 0)
    out = (state.grade > 0) & (state.grade <= LAST_GRADE) & ~state.enrolled & (state.eba_from > year)
    returning = out & (age < 18) & (age - state.grade - 2 < FAR_BEHIND) & (rng.random(people.n) < 0.15)
    state.grade[entering] = FIRST_PRIMARY
    state.enrolled |= entering | returning
    situation = np.where(state.repeating, REPEATS, PROMOTED)
    situation[returning] = RETURNS
    situation[entering] = ENTERED
    return situation


def _one_year(rng: np.random.Generator, people: People, places: Places, state: State, year: int) -> Year:
    situation = _arrive(rng, people, state, year)
    child = np.flatnonzero(state.enrolled)
    n, house = len(child), people.household[child]
    grade = state.grade[child]
    secondary = grade >= FIRST_SECONDARY
    usual = np.where(secondary, people.household_secondary[house], people.household_primary[house])
    service = _transfer(rng, places, usual, np.where(state.service[child] >= 0, 0.03, 0.0))
    moving = (rng.random(n) < 0.025) & (year not in PANDEMIC)
    new_service = np.where(moving, _transfer(rng, places, service, np.ones(n)), -1)
    new_service = np.where(new_service == service, -1, new_service)
    over_age = people.age_at_march(year)[child] - (grade + 2)
    hours = _work(rng, people, child, year)
    drift = _drift(people, child, hours)
    months = risk.path(rng, 0.7 * state.disengagement[child] + 0.3 * drift, drift)
    untreated = risk.untreated_log_odds(
        people.household_class[house], people.language[child], over_age, hours, grade, places.service_effect[service]
    )
    end = risk.DISENGAGEMENT_EFFECT * months[:, -1]
    untreated += risk.intercept(untreated + end, risk.BASE_RATES.get(year, risk.USUAL_RATE))
    marks = _marks(rng, people, child, months)
    attendance = _attendance(rng, places, service, months, year)
    services = _serve(rng, people, child, attendance, marks, year)
    lot = _Lot.draw(rng, n)
    leaving = np.where(lot.early < risk.leaves_within_year(grade == LAST_GRADE), lot.month, 99)
    log_odds = untreated + sum(
        risk.SERVICE_EFFECTS[code] * risk.helped(month, leaving) for code, month in services.items()
    )
    fate, left_month = _fates(lot, risk.sigmoid(log_odds + end), people.age_at_march(year)[child], over_age, leaving)
    results = _results(rng, marks, (grade == FIRST_PRIMARY) | state.repeating[child], year)
    found = Year(
        year, child, grade, situation[child], service, new_service, rng.integers(120, 280, n), hours, months,
        *attendance, marks, results, fate, left_month, untreated, log_odds, drift, leaving, services,
    )  # fmt: skip
    _carry_over(state, found)
    return found


def _transfer(rng: np.random.Generator, places: Places, service: NDArray, chance: NDArray) -> NDArray[np.int64]:
    """Move some children to another service of the same level, four of five within the UGEL."""
    moved = service.copy()
    here = np.flatnonzero(rng.random(len(service)) < chance)
    level = places.service_level
    for group, key in ((here[here % 5 > 0], places.service_ugel * 2 + level), (here[here % 5 == 0], level)):
        order = np.argsort(key, kind="stable")
        wanted = key[service[group]]
        first, last = np.searchsorted(key[order], wanted, "left"), np.searchsorted(key[order], wanted, "right")
        moved[group] = order[first + (rng.random(len(group)) * (last - first)).astype(np.int64)]
    return moved


def _work(rng: np.random.Generator, people: People, child: NDArray, year: int) -> NDArray[np.int64]:
    """Return weekly hours of work; most children have none."""
    house = people.household[child]
    age = people.age_at_march(year)[child]
    tendency = -2.6 + 0.25 * (age - 10) + 0.5 * people.household_class[house] + 0.6 * people.household_rural[house]
    works = risk.sigmoid(tendency + 0.5 * people.frailty[child]) > rng.random(len(child))
    return np.where(works, np.clip(rng.gamma(2.5, 5.5, len(child)), 1, 60), 0).astype(np.int64)


def _drift(people: People, child: NDArray, hours: NDArray) -> NDArray[np.float64]:
    """Return where a child's disengagement tends to."""
    poor = people.household_class[people.household[child]]
    return 0.55 * people.frailty[child] + 0.2 * poor + 0.3 * (hours >= 15) - 0.25 * people.ability[child] - 0.3


def _attendance(
    rng: np.random.Generator, places: Places, service: NDArray, months: NDArray, year: int
) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Return days open, absences justified and not, and lateness, each (children, months)."""
    days = np.array([11, 20, 20, 21, 18, 16, 21, 21, 20, 13])
    opened = np.broadcast_to(days, months.shape) - (places.service_rural[service] * (service % 3 == 0))[:, None]
    if year in PANDEMIC:  # «attended» then meant a connection noted by the teacher: another thing altogether
        chance = np.full(months.shape, 0.01)
    else:
        chance = risk.sigmoid(-3.0 + 0.95 * months + 0.2 * places.service_rural[service][:, None])
    absent = rng.binomial(opened, chance)
    justified = rng.binomial(absent, 0.35)
    return opened, justified, absent - justified, rng.binomial(opened - absent, 0.03)


def _marks(rng: np.random.Generator, people: People, child: NDArray, months: NDArray) -> NDArray[np.int8]:
    """Return marks by half, area and competence: ability, less what disengagement costs."""
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


def _results(rng: np.random.Generator, marks: NDArray[np.int8], spared: NDArray, year: int) -> NDArray[np.int64]:
    """Return the year's result: four failed areas fail, one to three go to recovery.

    The first grade promotes everybody, and (an assumption) nobody repeats twice in a row: those are spared.
    """
    if year in PANDEMIC:
        return np.full(len(marks), PASSED)
    failed = np.where(spared, 0, failed_areas(marks)[:, 1])
    after = np.where(rng.random(len(marks)) < 0.8, RECOVERED, FAILED_AFTER)
    return np.where(failed >= 4, FAILED, np.where(failed >= 1, after, PASSED))


def _serve(
    rng: np.random.Generator, people: People, child: NDArray, attendance: tuple[NDArray, ...], marks: NDArray, year: int
) -> dict[str, NDArray[np.int64]]:
    """Give services to some of those in need: the needier, the likelier, so that comparing with others misleads.

    Who gives them sees what is written down by then: absences to June in August, absences to September and marks of
    the first half in November. That is why the effect can be told from the records at all.
    """
    n = len(child)
    juntos = people.household_in_juntos[people.household[child]].astype(np.int64)
    if year in PANDEMIC:
        none = np.zeros(n, dtype=np.int64)
        return {"TUTOR": none, "VISITA": none, "REFUERZO": none, "JUNTOS": juntos}
    opened, justified, unjustified, _ = attendance
    to_june, to_september = (
        (justified + unjustified)[:, :n_months].sum(axis=1) / opened[:, :n_months].sum(axis=1) for n_months in (4, 7)
    )
    tutor = (to_june >= 0.1) & (rng.random(n) < risk.sigmoid(-1.6 + 6 * to_june))
    visit = (to_september >= 0.15) & (rng.random(n) < 0.3)
    remedial = (failed_areas(marks)[:, 0] >= 2) & (rng.random(n) < 0.35)
    return {"TUTOR": tutor * 8, "VISITA": visit * 11, "REFUERZO": remedial * 11, "JUNTOS": juntos}


@dataclass(frozen=True)
class _Lot:
    """What chance decides of a year: whether a child leaves, what else may befall it, and when."""

    leaves: NDArray[np.float64]
    other: NDArray[np.float64]
    early: NDArray[np.float64]
    month: NDArray[np.int64]

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int) -> _Lot:
        months = risk.LEAVING_MONTHS
        return cls(rng.random(n), rng.random(n), rng.random(n), rng.integers(months[0], months[1] + 1, n))


def _fates(lot: _Lot, chance: NDArray, age: NDArray, over_age: NDArray, leaving: NDArray) -> tuple[NDArray, NDArray]:
    """Say who stays, leaves, dies, emigrates or moves to alternative education, and when.

    Whoever finishes the last grade has completed school: there one can only leave within the year.
    """
    leaves = lot.leaves < chance
    fate = np.where(leaves, LEAVES, STAYS)
    to_eba = np.where(over_age >= FAR_BEHIND, TO_EBA_FAR_BEHIND, TO_EBA_USUALLY)
    fate[~leaves & (age >= 14) & (lot.other < to_eba)] = TO_EBA
    fate[~leaves & (lot.other > 0.9996)] = DIES
    fate[~leaves & (lot.other > 0.9980) & (lot.other <= 0.9996)] = EMIGRATES
    return fate, np.select([fate == LEAVES, fate == DIES], [leaving, lot.month], 99)


def _carry_over(state: State, year: Year) -> None:
    """Move grades and states on to the next year."""
    child = year.child
    passed = np.isin(year.result, (PASSED, RECOVERED)) & (year.left_month == 99)
    state.repeating[:] = False
    state.repeating[child] = ~passed
    state.grade[child] = np.where(passed, year.grade + 1, year.grade)
    state.grade[child[passed & (year.grade == LAST_GRADE)]] = 99
    state.enrolled[child] = (year.fate == STAYS) & (state.grade[child] <= LAST_GRADE)
    state.grade[child[np.isin(year.fate, (DIES, EMIGRATES))]] = 99
    state.eba_from[child[year.fate == TO_EBA]] = year.year + 1
    state.service[child] = np.where(year.new_service >= 0, year.new_service, year.service)
    state.disengagement[child] = year.months[:, -1]

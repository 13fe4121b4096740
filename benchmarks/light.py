"""Light countries: the lives of the synthetic country, read off as features without deliveries, landing or dbt.

Circumstances, hazards, outcomes and true risks are those of `warehouse.country`; a table of some forty features is
computed from them on the three dates of each year, with what is known by then as the warehouse knows it: attendance of
the months before, marks of the half before, nothing of the time before the first year, no attendance of closed years.
Left out is what only messy deliveries bring (unlinked documents, corrections, schools' registers), unless asked for.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ml.data.dataset import Coded, Rows, Spec
from warehouse.country import lives, people, places, records, risk
from warehouse.country.assumptions import CLOSED_YEARS, USUAL, Assumptions
from warehouse.country.lives import Year
from warehouse.country.people import People
from warehouse.country.places import Places

YEARS = range(2018, 2026)
MONTHS = (4, 7, 10)
HALVES = (8, 13)  # months of a year in which marks of its halves are known
LOW = 0.9
# feature → direction that the domain knows, as in the warehouse's catalog
FEATURES = {
    "grade": 0, "is_first_of_secondary": 0, "school_month": 0, "age_years": 0, "over_age_years": 1, "is_repeating": 1,
    "is_reentering": 1, "n_repetitions": 1, "n_reentries": 1, "has_failed_last_year": 1, "n_transfers": 0,
    "attendance_share": -1, "last_month_attendance_share": -1, "attendance_change": -1, "absence_days": 1,
    "unjustified_absence_days": 1, "late_days": 1, "n_low_attendance_months": 1, "worst_month_attendance_share": -1,
    "last_year_attendance_share": -1, "own_past_attendance_gap": -1, "n_failed_areas": 1, "mean_mark_points": -1,
    "lowest_mark_share": 1, "mean_mark_points_change": -1, "are_marks_of_this_year": 0, "n_failed_areas_change": 1,
    "earlier_failed_areas": 1, "schoolmates_absence_days": 1, "poverty_class": 1, "receives_transfer": 0,
    "weekly_work_hours": 1, "has_risky_work_hours": 1, "n_supports_this_year": 0, "n_supports_ever": 0, "is_rural": 0,
    "district_poverty_percent": 0, "altitude_m": 0, "n_siblings": 0,
}  # fmt: skip
SPEC = Spec(tuple(FEATURES), tuple(FEATURES.values()))
ATTENDANCE = tuple(name for name in FEATURES if "attendance" in name or "absence" in name or name == "late_days")
Columns = dict[str, NDArray]


@dataclass(frozen=True)
class Country:
    """Rows of one child and date each, and what nobody knows of them: the true risk (shape as the rows)."""

    rows: Rows
    risk: NDArray[np.float64]  # chance of interrupting, of a child still at school, with the services it receives
    parts: tuple[Part, ...] = ()  # the dates that the rows were read off, in their order


@dataclass
class _History:
    """What is known of each child from the years before; a row per child."""

    attendance: NDArray[np.float64]  # share, of the year before
    marks: list[NDArray[np.float64]]  # the two newest periods: (children, 3) of failed areas, points, lowest share
    failed: NDArray[np.float64]  # the year before
    repetitions: NDArray[np.int64]
    reentries: NDArray[np.int64]
    transfers: NDArray[np.int64]
    supports: NDArray[np.int64]

    @classmethod
    def none(cls, n: int) -> _History:
        """Return the history before the first year."""
        unknown = np.full((n, 3), np.nan)
        counts = [np.zeros(n, dtype=np.int64) for _ in range(4)]
        return cls(np.full(n, np.nan), [unknown, unknown], np.full(n, np.nan), *counts)


@dataclass(frozen=True)
class Part:
    """One date: its year, and which of the year's children are still here."""

    day: str
    year: Year
    here: NDArray[np.bool_]
    columns: Columns
    risk: NDArray[np.float64]


@dataclass
class _Builder:
    """A country as it is read off, year by year."""

    people: People
    places: Places
    history: _History
    parts: list[Part] = field(default_factory=list)


def country(seed: int, children: int, assumed: Assumptions = USUAL) -> Country:
    """Let children live and read their features off.

    Args:
        seed: of all random draws.
        children: how many are born; about half of them are at school in a year.
        assumed: what the years are like.
    """
    rng = np.random.default_rng(seed)
    land = places.build(rng, int(children * 0.57))
    folk = people.build(rng, land, children, YEARS[0], YEARS[-1])
    builder = _Builder(folk, land, _History.none(folk.n))
    for year in lives.live(rng, folk, land, YEARS, assumed):
        _note_enrollment(builder.history, year)
        builder.parts += [_part(builder, year, month) for month in MONTHS]
        _note_end(builder.history, year)
    return _joined(builder)


def _note_enrollment(history: _History, year: Year) -> None:
    history.repetitions[year.child] += year.situation == lives.Situation.REPEATS
    history.reentries[year.child] += year.situation == lives.Situation.RETURNS


def _note_end(history: _History, year: Year) -> None:
    """Let what became known of a year be history."""
    child = year.child
    history.attendance = np.full(len(history.attendance), np.nan)
    if year.year not in CLOSED_YEARS:  # the years that the warehouse knows to be closed
        absent, opened = _absent(year)[:, :9].sum(axis=1), year.open_days[:, :9].sum(axis=1)
        history.attendance[child] = 1 - absent / opened
    for half in (0, 1):
        marks = history.marks[0].copy()
        marks[child] = _marks(year, half)
        history.marks = [marks, history.marks[0]]
    history.failed = np.full(len(history.failed), np.nan)
    history.failed[child] = np.isin(year.result, (records.Result.FAILED, records.Result.FAILED_AFTER))
    history.transfers[child] += year.new_service >= 0
    history.supports[child] += sum((month > 0).astype(int) for code, month in year.services.items() if code != "JUNTOS")


def _absent(year: Year) -> NDArray[np.int64]:
    return year.justified + year.unjustified


def _marks(year: Year, half: int) -> NDArray[np.float64]:
    """Return failed areas, mean points and share of the lowest mark; shape (children, 3)."""
    marks = year.marks[:, half].reshape(len(year.child), -1)
    return np.column_stack([records.failed_areas(year.marks)[:, half], marks.mean(axis=1), (marks == 0).mean(axis=1)])


def _part(builder: _Builder, year: Year, month: int) -> Part:
    here = year.left_month > month
    day = f"{year.year}-{month:02d}-{calendar.monthrange(year.year, month)[1]}"
    columns = _circumstances(builder, year, month) | _marked(builder.history, year, month)
    columns |= _attended(builder.history, year, month)
    at = month - risk.FIRST_MONTH
    chance = risk.expected(year.log_odds, year.months[:, at], year.drift, risk.MONTHS - 1 - at)
    last = year.grade == lives.LAST_GRADE
    still = risk.still_here(chance, month, last)
    return Part(day, year, here, {name: column[here] for name, column in columns.items()}, still[here])


def _circumstances(builder: _Builder, year: Year, month: int) -> Columns:
    folk, land, history, child = builder.people, builder.places, builder.history, year.child
    house = folk.household[child]
    age = folk.age_at_march(year.year)[child]
    surveyed = (year.hours > 0) & (child % 5 < 3) & (month > MONTHS[0])
    hours = np.where(surveyed | (child % 3 == 0), year.hours, 0)
    district = land.service_district[year.service]
    this_year = sum(
        ((given > 0) & (given < month)).astype(int) for code, given in year.services.items() if code != "JUNTOS"
    )
    return {
        "grade": year.grade - 3,
        "is_first_of_secondary": year.grade == lives.FIRST_SECONDARY,
        "school_month": np.full(len(child), month),
        "age_years": age,
        "over_age_years": age - (year.grade + 2),
        "is_repeating": year.situation == lives.Situation.REPEATS,
        "is_reentering": year.situation == lives.Situation.RETURNS,
        "n_repetitions": history.repetitions[child],
        "n_reentries": history.reentries[child],
        "has_failed_last_year": history.failed[child],
        "n_transfers": history.transfers[child],
        "poverty_class": np.where(folk.household_in_sisfoh[house], folk.household_class[house], np.nan),
        "receives_transfer": folk.household_in_juntos[house],
        "weekly_work_hours": hours,
        "has_risky_work_hours": hours >= 15,
        "n_supports_this_year": this_year,
        "n_supports_ever": history.supports[child] + this_year,
        "is_rural": land.service_rural[year.service],
        "district_poverty_percent": np.round(100 * land.district_poverty[district]),
        "altitude_m": land.district_altitude[district],
        "n_siblings": np.bincount(folk.household)[house] - 1,
    }


def _attended(history: _History, year: Year, month: int) -> Columns:
    """Return attendance of the months before; nothing in years that the warehouse knows to be closed."""
    n_months = month - risk.FIRST_MONTH
    unknown = year.year in CLOSED_YEARS
    absent, opened = (np.where(unknown, np.nan, days[:, :n_months]) for days in (_absent(year), year.open_days))
    shares = 1 - absent / opened
    share = 1 - absent.sum(axis=1) / opened.sum(axis=1)
    before = shares[:, :-1].mean(axis=1) if n_months > 1 else np.full(len(share), np.nan)
    days = absent.sum(axis=1)
    mean_days = np.bincount(year.service, weights=days) / np.maximum(np.bincount(year.service), 1)
    counted = {
        "unjustified_absence_days": year.unjustified[:, :n_months].sum(axis=1),
        "late_days": year.late[:, :n_months].sum(axis=1),
        "n_low_attendance_months": (shares <= LOW).sum(axis=1),
    }
    return {
        "attendance_share": share,
        "last_month_attendance_share": shares[:, -1],
        "attendance_change": shares[:, -1] - before,
        "absence_days": days,
        "worst_month_attendance_share": shares.min(axis=1),
        "last_year_attendance_share": history.attendance[year.child],
        "own_past_attendance_gap": share - history.attendance[year.child],
        "schoolmates_absence_days": mean_days[year.service],
    } | {name: np.where(unknown, np.nan, column) for name, column in counted.items()}


def _marked(history: _History, year: Year, month: int) -> Columns:
    newest, earlier = (marks[year.child] for marks in history.marks)
    of_this_year = month >= HALVES[0]
    if of_this_year:
        newest, earlier = _marks(year, 0), newest
    return {
        "n_failed_areas": newest[:, 0],
        "mean_mark_points": newest[:, 1],
        "lowest_mark_share": newest[:, 2],
        "mean_mark_points_change": newest[:, 1] - earlier[:, 1],
        "are_marks_of_this_year": np.full(len(newest), of_this_year),
        "n_failed_areas_change": newest[:, 0] - earlier[:, 0],
        "earlier_failed_areas": earlier[:, 0],
    }


def _joined(builder: _Builder) -> Country:
    folk, land, parts = builder.people, builder.places, builder.parts
    child, service, fate = (
        np.concatenate([getattr(part.year, name)[part.here] for part in parts]) for name in ("child", "service", "fate")
    )
    label = (fate == lives.Fate.LEAVES).astype(float)
    label[np.isin(fate, (lives.Fate.DIES, lives.Fate.EMIGRATES))] = np.nan
    days = np.repeat([part.day for part in parts], [len(part.risk) for part in parts])
    known_at = np.array([f"{int(part.day[:4]) + 1}-11-30" for part in parts], dtype="datetime64[D]")
    values = np.column_stack([np.concatenate([part.columns[name] for part in parts]) for name in FEATURES])
    rows = Rows(
        key=child,
        date=Coded.of_texts(days),
        group=Coded.of_texts(np.array(land.ugel_codes)[land.service_ugel[service]]),
        cluster=Coded.of_texts(np.array(land.service_code)[service]),
        label=label,
        known_at=np.repeat(known_at, [len(part.risk) for part in parts]),
        values=np.asfortranarray(values, dtype=float),
        segments=_segments(folk, land, child, service),
    )
    return Country(rows, np.concatenate([part.risk for part in parts]), tuple(parts))


def _segments(folk: People, land: Places, child: NDArray, service: NDArray) -> dict[str, Coded]:
    regions = np.array([place["department_code"] for place in land.departments])
    region = regions[land.department_of_ugel[land.service_ugel[service]]]
    parts = {
        "level": np.array(["B0", "F0"])[land.service_level[service]],
        "area": np.array(["urban", "rural"])[land.service_rural[service].astype(int)],
        "region": region,
        "sex": np.array(["varón", "mujer"])[folk.girl[child].astype(int)],
        "language": np.where(folk.language[child] > 0, "originaria", "castellano"),
        "disability": np.where(folk.disability[child], "con", "sin"),
        "nationality": np.where(folk.foreign[child], "extranjera", "peruana"),
    }
    return {name: Coded.of_texts(texts) for name, texts in parts.items()}

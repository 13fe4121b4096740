"""Households and children: names, documents, languages and risk factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warehouse.country.places import N_UGEL, PRIMARY, SECONDARY, Places

# Positions in `LANGUAGES`.
SPANISH = 0
QUECHUA = 1
OTHER = 2
LANGUAGES = np.array(["CASTELLANO", "QUECHUA", "ASHANINKA"])
SURNAMES = np.array(
    "QUISPE MAMANI FLORES ROJAS HUAMAN CHÁVEZ GARCÍA RAMOS TORRES ÑAHUI CONDORI VARGAS RAMÍREZ CASTILLO PÉREZ "
    "GUTIÉRREZ SÁNCHEZ MUÑOZ DÍAZ HUARCAYA ESPINOZA LÓPEZ CCAHUANA SALAZAR APAZA PUMA YUPANQUI CUTIPA ORDÓÑEZ "
    "CÁRDENAS HUANCA TICONA PALOMINO AYALA CCORI LAURA NÚÑEZ PEÑA ASTUHUAMAN SULLCA".split()
)
GIRLS = np.array(
    "MARÍA ROSA LUZ ANA NOEMÍ YESSICA FLOR JULIA MILAGROS SOFÍA INÉS BEATRIZ LUCÍA NAYELI RUTH ELENA SAYURI".split()
)
BOYS = np.array(
    "JOSÉ LUIS JUAN CARLOS JESÚS ÁNGEL MIGUEL RUBÉN KEVIN JHON CÉSAR FÉLIX ADRIÁN IKER WILBER TOMÁS EDÚ".split()
)

OLDEST = 19  # oldest age at school in the first year: three years behind in the last grade
# Assumption: chance of each of two years by which a child may begin school late, chosen so that as many pupils of
# secondary are two years behind as is known of Peru: 24% in rural places, 7.4% in towns.
LATE_RURAL = 0.45
LATE_URBAN = 0.17


@dataclass(frozen=True)
class People:
    """Arrays by child; `household` points into the arrays by household."""

    birth_year: NDArray[np.int64]
    birth_day: NDArray[np.int64]  # day of the year, counted from 0
    girl: NDArray[np.bool_]
    household: NDArray[np.int64]
    language: NDArray[np.int64]
    disability: NDArray[np.bool_]
    foreign: NDArray[np.bool_]
    twin_of: NDArray[np.int64]
    dni_from: NDArray[np.int64]  # first school year with a document; 9999 is never
    second_id_from: NDArray[np.int64]  # school year from which a second SIAGIE number is used; 9999 is never
    frailty: NDArray[np.float64]
    ability: NDArray[np.float64]
    household_class: NDArray[np.int64]  # 0 not poor, 1 poor, 2 extremely poor
    household_rural: NDArray[np.bool_]
    household_ugel: NDArray[np.int64]
    household_primary: NDArray[np.int64]
    household_secondary: NDArray[np.int64]
    household_in_juntos: NDArray[np.bool_]
    household_in_sisfoh: NDArray[np.bool_]
    begins_at: NDArray[np.int64]  # age, years
    surnames: NDArray[np.int64]  # (households, 2)
    given: NDArray[np.int64]  # (children, 2)

    @property
    def n(self) -> int:
        """The number of children."""
        return len(self.birth_year)

    def first_at_school(self) -> int:
        """Return the first year in which a child is old enough for school."""
        return int(self.birth_year.min()) + 6

    def age_at_march(self, year: int) -> NDArray[np.int64]:
        """Return completed years on 31 March, as the school system counts them."""
        return year - self.birth_year - (self.birth_day > 89)


def build(rng: np.random.Generator, places: Places, n: int, first_year: int, last_year: int) -> People:
    """Draw children whose school ages fall into the years, in households of one to four."""
    sizes = rng.choice([1, 2, 3, 4], n, p=[0.4, 0.35, 0.17, 0.08])
    household = np.repeat(np.arange(n), sizes)[:n]
    houses = int(household[-1]) + 1
    homes = _households(rng, places, houses)
    birth_year = rng.integers(first_year - OLDEST, last_year - 5, n)
    birth_day = rng.integers(0, 365, n)
    girl = rng.random(n) < 0.49
    surnames = rng.integers(0, len(SURNAMES), (houses, 2))
    given = rng.integers(0, len(GIRLS), (n, 2))
    twin_of = np.full(n, -1)
    candidates = np.flatnonzero((household[1:] == household[:-1]) & (rng.random(n - 1) < 0.02)) + 1
    for second in candidates:
        first = second - 1
        birth_year[second] = birth_year[first]
        birth_day[second] = birth_day[first]
        girl[second] = girl[first]
        twin_of[second] = first
        given[second, 0] = given[first, 0]  # twins often share the first given name
    language = homes.language[household]
    late = rng.random(n)
    return People(
        birth_year=birth_year,
        birth_day=birth_day,
        girl=girl,
        household=household,
        language=language,
        disability=rng.random(n) < 0.025,
        foreign=rng.random(n) < 0.02,
        twin_of=twin_of,
        dni_from=np.where(late < 0.02, 9999, np.where(late < 0.05, rng.integers(first_year + 1, last_year + 1, n), 0)),
        second_id_from=np.where(
            rng.random(n) < 0.004, rng.integers(first_year + 1, max(last_year, first_year + 2), n), 9999
        ),
        frailty=rng.normal(0, 1, n),
        ability=rng.normal(0, 1, n) - 0.25 * homes.poverty[household] - 0.3 * (language > 0),
        household_class=homes.poverty,
        household_rural=homes.rural,
        household_ugel=homes.ugel,
        household_primary=homes.primary,
        household_secondary=homes.secondary,
        household_in_juntos=(homes.poverty > 0) & (rng.random(houses) < np.where(homes.rural, 0.6, 0.25)),
        household_in_sisfoh=rng.random(houses) < np.where(homes.poverty > 0, 0.85, 0.5),
        begins_at=6 + rng.binomial(2, np.where(homes.rural[household], LATE_RURAL, LATE_URBAN)),
        surnames=surnames,
        given=given,
    )


@dataclass(frozen=True)
class _Homes:
    """Arrays by household."""

    rural: NDArray[np.bool_]
    ugel: NDArray[np.int64]
    primary: NDArray[np.int64]  # nearby services
    secondary: NDArray[np.int64]
    poverty: NDArray[np.int64]  # 0 not poor, 1 poor, 2 extremely poor
    language: NDArray[np.int64]


def _households(rng: np.random.Generator, places: Places, n: int) -> _Homes:
    """Draw the places of households, each with a primary and a secondary service nearby."""
    primaries = np.flatnonzero(places.service_level == PRIMARY)
    primary = primaries[rng.integers(0, len(primaries), n)]
    rural = places.service_rural[primary]
    ugel = places.service_ugel[primary]
    secondary = np.zeros(n, dtype=np.int64)
    for u in range(N_UGEL):
        for r in (False, True):
            here = np.flatnonzero((ugel == u) & (rural == r))
            near = (places.service_level == SECONDARY) & (places.service_ugel == u) & (places.service_rural == r)
            secondary[here] = rng.choice(np.flatnonzero(near), len(here))
    poverty = places.district_poverty[places.service_district[primary]] + 0.12 * rural
    draw = rng.random(n)
    indigenous = rng.random(n) < np.where(places.service_bilingual[primary], 0.75, 0.08 + 0.12 * rural)
    return _Homes(
        rural=rural,
        ugel=ugel,
        primary=primary,
        secondary=secondary,
        poverty=(draw < poverty).astype(np.int64) + (draw < poverty * 0.3),
        language=np.where(indigenous, np.where(rng.random(n) < 0.8, QUECHUA, OTHER), SPANISH),
    )

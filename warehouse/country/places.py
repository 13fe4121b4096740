"""Places of the synthetic country: districts, local offices (UGEL), populated places, school services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from warehouse import seeds

N_UGEL = 30
PUPILS_PER_PRIMARY = 55
PUPILS_PER_SECONDARY = 95
HIGHEST_TOWN_M = 5_200  # the highest town of Peru
PRIMARY = 0
SECONDARY = 1
NAMES = ("SANTA ROSA", "SAN JUAN", "LOS ANDES", "BELLAVISTA", "LA UNION", "MIRAFLORES", "PAMPAS", "SAN PEDRO")


@dataclass(frozen=True)
class Places:
    """Arrays by district, UGEL and service; a service is one level at one site."""

    department_of_ugel: NDArray[np.int64]
    ugel_codes: list[str]
    split_ugel: int
    split_code: str
    district_codes: list[str]
    reniec_codes: list[str]
    district_names: list[str]
    district_department: NDArray[np.int64]
    district_poverty: NDArray[np.float64]
    district_altitude: NDArray[np.float64]
    service_ugel: NDArray[np.int64]
    service_level: NDArray[np.int64]
    service_rural: NDArray[np.bool_]
    service_bilingual: NDArray[np.bool_]
    service_district: NDArray[np.int64]
    service_site: NDArray[np.int64]
    service_code: list[str]
    service_effect: NDArray[np.float64]
    service_split: NDArray[np.bool_]
    departments: list[dict[str, str]]

    def ugel_code(self, service: NDArray[np.int64], year: int) -> NDArray[np.str_]:
        """Return the UGEL code of each service in a year; a UGEL splits in 2022."""
        codes = np.array([*self.ugel_codes, self.split_code])
        moved = self.service_split[service] & (year >= 2022)
        return codes[np.where(moved, len(self.ugel_codes), self.service_ugel[service])]


def build(rng: np.random.Generator, pupils: int) -> Places:
    """Return the places of a country for a number of pupils a year."""
    real = seeds.rows("departments")
    of_ugel = np.sort(np.concatenate([np.arange(25), rng.choice(25, N_UGEL - 25, replace=False)]))
    nth = np.array([np.sum(of_ugel[:i] == d) for i, d in enumerate(of_ugel)])
    ugel_codes = [f"{real[d]['department_code']}{n + 1:02d}01" for d, n in zip(of_ugel, nth, strict=True)]
    district_ugel = np.repeat(np.arange(N_UGEL), 6)
    within = np.tile(np.arange(6), N_UGEL)
    codes = [f"{ugel_codes[u][:4]}{w + 1:02d}" for u, w in zip(district_ugel, within, strict=True)]
    poverty = np.clip(rng.beta(2, 3, len(codes)) * 0.75 + rng.normal(0, 0.08, N_UGEL)[district_ugel], 0.03, 0.9)
    services = _services(rng, pupils, poverty)
    split = int(np.argmax(np.bincount(services.ugel, minlength=N_UGEL)))
    return Places(
        department_of_ugel=of_ugel,
        ugel_codes=ugel_codes,
        split_ugel=split,
        split_code=f"{ugel_codes[split][:4]}90",
        district_codes=codes,
        reniec_codes=[f"{(int(code[:2]) * 7) % 25 + 1:02d}{code[2:4]}{int(code[4:]) + 20:02d}" for code in codes],
        district_names=[NAMES[(i * 5 + i // 6) % len(NAMES)] for i in range(len(codes))],
        district_department=of_ugel[district_ugel],
        district_poverty=poverty,
        district_altitude=np.minimum(HIGHEST_TOWN_M, np.round(rng.gamma(2, 900, len(codes)))),
        service_ugel=services.ugel,
        service_level=services.level,
        service_rural=services.rural,
        service_bilingual=services.bilingual,
        service_district=services.district,
        service_site=services.site,
        service_code=services.code,
        service_effect=services.effect,
        service_split=(services.ugel == split) & (services.district % 2 == 1),
        departments=real,
    )


@dataclass(frozen=True)
class _Services:
    """Arrays by service."""

    ugel: NDArray[np.int64]
    level: NDArray[np.int64]
    rural: NDArray[np.bool_]
    district: NDArray[np.int64]
    site: NDArray[np.int64]
    bilingual: NDArray[np.bool_]
    code: list[str]
    effect: NDArray[np.float64]


def _services(rng: np.random.Generator, pupils: int, poverty: NDArray) -> _Services:
    """Place primary and secondary services; some sites hold both, and each UGEL has both, urban and rural."""
    ugel, level, rural = _levels(rng, pupils)
    n = len(ugel)
    district = ugel * 6 + rng.integers(0, 6, n)
    site = np.arange(n)
    for s in np.flatnonzero((level == SECONDARY) & (rng.random(n) < 0.5)):  # two services in a building
        same = np.flatnonzero((level == PRIMARY) & (ugel == ugel[s]) & (rural == rural[s]))
        site[s] = site[same[s % len(same)]]
        district[s] = district[same[s % len(same)]]
    numbers = rng.permutation(900_000)[:n] + 100_000
    first = np.where(rng.random(n) < 0.7, 0, 1)
    return _Services(
        ugel=ugel,
        level=level,
        rural=rural,
        district=district,
        site=site,
        bilingual=rural & (rng.random(n) < 0.5) & (poverty[district] > 0.25),
        code=[f"{f}{number}" for f, number in zip(first, numbers, strict=True)],
        effect=rng.normal(0, 0.35, n),
    )


class _Levels(NamedTuple):
    """Arrays by service: UGEL, level and whether it is rural."""

    ugel: NDArray[np.int64]
    level: NDArray[np.int64]
    rural: NDArray[np.bool_]


def _levels(rng: np.random.Generator, pupils: int) -> _Levels:
    """Draw the UGEL and kind of each service: one urban and one rural per level and UGEL, the others at random."""
    weights = rng.lognormal(0, 0.5, N_UGEL)
    n_primary = max(4 * N_UGEL, int(pupils * 0.58 / PUPILS_PER_PRIMARY))
    n_secondary = max(2 * N_UGEL, int(pupils * 0.42 / PUPILS_PER_SECONDARY))
    parts = []
    for kind, n in ((PRIMARY, n_primary), (SECONDARY, n_secondary)):
        least = np.tile(np.arange(N_UGEL), 2)
        more = rng.choice(N_UGEL, n - len(least), p=weights / weights.sum())
        is_rural = np.concatenate([np.repeat([False, True], N_UGEL), rng.random(len(more)) < 0.45])
        parts.append(_Levels(np.concatenate([least, more]), np.full(n, kind), is_rural))
    return _Levels(*map(np.concatenate, zip(*parts, strict=True)))

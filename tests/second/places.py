"""Schools and places: the register of the day, buildings, distances."""

from __future__ import annotations

import csv
import math
from fractions import Fraction
from pathlib import Path

from tests.second.arithmetic import DISTANCE, MEAN, ratio, rounded
from tests.second.days import Day
from tests.second.enrollments import PRIMARY, SECONDARY
from tests.second.rows import YES, Row, service, text

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds"
EARTH_KM = 6371.0
FARTHEST_KM = Fraction(50)
Point = tuple[float, float]


def seed(name: str) -> list[Row]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


CAPITALS: dict[str, Point] = {
    row["department_code"]: (float(row["latitude"]), float(row["longitude"])) for row in seed("departments")
}


class Schools:
    """The register, the places and the ration lists as known on a day."""

    def __init__(self, day: Day) -> None:
        self.day = day
        register = day.newest(day.table("escale_schools"), service)
        self.open = {name: row for name, row in register.items() if _is_open(row)}
        self.places = day.newest(day.table("inei_populated_places"), lambda row: row["codccpp"])
        self.poverty = {
            code: row["pct_pobreza_total"]
            for code, row in day.newest(day.table("inei_districts"), lambda row: row["inei"]).items()
        }
        self.fed = set(day.newest(day.of_years("midis_feeding", day.year, day.year), service))
        self.buildings = self._buildings()
        self.secondary = [row for row in self.open.values() if text(row["estadistica_nivelmodalidad"]) == SECONDARY]
        self._distances: dict[str, Fraction | None] = {}

    def _buildings(self) -> dict[str, str]:
        """Return the building of each service that any register known by the day named, as told last."""
        told = [
            row
            for row in self.day.table("escale_schools")
            if row["known_at"] <= self.day.date and text(row["codlocal"])
        ]
        return {service(row): f"building {text(row['codlocal'])}" for row in sorted(told, key=lambda row: row["told"])}

    def ugel(self, name: str) -> str | None:
        row = self.open.get(name)
        return row["consulta_ugel"].strip().zfill(6) if row else None

    def features(self, name: str, level: str, speaks_indigenous: bool, home_district: str | None) -> Row:
        row = self.open.get(name)
        is_bilingual = text(row["estadistica_eseib"]) if row else None
        found: Row = {
            "is_bilingual_school": is_bilingual in YES,
            "lacks_bilingual_school": speaks_indigenous and is_bilingual == "NO",
            "has_school_feeding": name in self.fed,
            "lacks_school_register": row is None,
        }
        return found | _size(row, level) | self._place(row) | self._district(row, home_district)

    def _place(self, row: Row | None) -> Row:
        place = self.places.get(row["codccpp"]) if row else None
        altitude = place["altitud"] if place else None
        return {
            "is_rural": text(place["area"]) == "RURAL" if place else None,
            "altitude_m": altitude,
            "is_highland": None if altitude is None else altitude >= 3500,
            "lacks_place": altitude is None,
        }

    def _district(self, row: Row | None, home: str | None) -> Row:
        district = row["consulta_ubigeo"] if row else None
        return {
            "district_poverty_percent": self.poverty.get(district),
            "is_home_in_other_district": None if home is None or district is None else home != district,
            "n_district_secondary_services": None
            if row is None
            else sum(one["consulta_ubigeo"] == district for one in self.secondary),
            "capital_distance_km": _distance(_position(row), CAPITALS.get(district[:2])) if district else None,
            "secondary_distance_km": self._to_secondary(row) if row else None,
        }

    def _to_secondary(self, row: Row) -> Fraction | None:
        name = service(row)
        if name not in self._distances:
            distances = [_distance(_position(row), _position(one)) for one in self.secondary]
            near = [found for found in distances if found is not None]
            is_one = text(row["estadistica_nivelmodalidad"]) == SECONDARY
            self._distances[name] = Fraction(0) if is_one else min([*near, FARTHEST_KM])
        return self._distances[name]


def _is_open(row: Row) -> bool:
    state = text(row["estado"])
    return state is None or state == "1" or state.startswith("ACTIV")


def _size(row: Row | None, level: str) -> Row:
    pupils, teachers, sections = (
        row[f"estadistica_total{name}"] if row else None for name in ("alumnos", "docentes", "secciones")
    )
    grades = {PRIMARY: 6, SECONDARY: 5}[level]
    management = (text(row["gestion"]) or "") if row else ""
    return {
        "school_pupils": pupils,
        "pupils_per_teacher": rounded(ratio(pupils, teachers), MEAN) if pupils is not None and teachers else None,
        "pupils_per_section": rounded(ratio(pupils, sections), MEAN) if pupils is not None and sections else None,
        "is_multigrade": None if sections is None else sections < grades,
        "is_public_school": management.startswith("PÚBLICA") if management.startswith(("PÚBLICA", "PRIVADA")) else None,
    }


def _position(row: Row | None) -> Point | None:
    """Return where a school stands; coordinates of zero are unknown."""
    return (row["nlatie"], row["nlongie"]) if row and row["nlatie"] and row["nlongie"] else None


def _distance(start: Point | None, end: Point | None) -> Fraction | None:
    """Return the great-circle distance in kilometers."""
    if start is None or end is None:
        return None
    (lat, long), (other_lat, other_long) = (tuple(map(math.radians, point)) for point in (start, end))
    half = (
        math.sin((other_lat - lat) / 2) ** 2
        + math.cos(lat) * math.cos(other_lat) * math.sin((other_long - long) / 2) ** 2
    )
    return rounded(2 * EARTH_KM * math.asin(math.sqrt(half)), DISTANCE)

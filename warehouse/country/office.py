"""The registrars' desk: tables of the country in an in-memory DuckDB, from which files are written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from warehouse import database, files
from warehouse.country import people as p
from warehouse.country.people import People
from warehouse.country.places import Places
from warehouse.database import quoted

FIRST_PERSONA, FIRST_SECOND_PERSONA, FIRST_DNI, FIRST_GUARDIAN = 20_000_000, 50_000_000, 60_000_000, 10_000_000


class Office:
    """Writes deliveries into a folder and remembers their hashes."""

    def __init__(self, folder: Path, seed: int, today: date) -> None:
        self.folder = folder
        self.seed = seed
        self.today = today
        self.hashes: list[str] = []
        self.traps: list[tuple[str, str, str]] = []  # (trap, file, rows touched as SQL over the file's columns)
        self.db = duckdb.connect(":memory:", config={"preserve_insertion_order": "true"})
        self.db.execute("set enable_progress_bar = false")
        self.db.execute("create table case_of (file varchar, line bigint, child bigint, documented boolean)")

    def rng(self, *label: int | str) -> np.random.Generator:
        """Return a stream of its own for each use, so that a change of one leaves the others alone."""
        digest = hashlib.sha256("/".join(map(str, (self.seed, *label))).encode()).digest()
        return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))

    def table(self, table: str, /, **columns: object) -> None:
        """Make a table from arrays of equal length."""
        arrow = pa.table({key: pa.array(value) for key, value in columns.items()})
        self.db.register("incoming", arrow)
        self.db.execute(f"create or replace table {table} as select * from incoming")
        self.db.unregister("incoming")

    def trap(self, name: str, file: str, rows: str) -> None:
        """Enter into the answer key which rows of which file a trap touches."""
        self.traps.append((name, file, rows))

    def deliver(
        self,
        stem: str,
        period: str,
        delivered: date,
        sql: str,
        mark: str = "",
        separator: str = "|",
        latin: bool = True,
    ) -> Path | None:
        """Write the rows of a query as one delivery; deliveries dated after today do not exist yet."""  # fmt: skip
        if delivered > self.today:
            return None
        extension = "txt" if separator == "|" else "csv"
        path = self.folder / f"{stem}_{period}_{delivered:%Y%m%d}{mark}.{extension}"
        unfinished = path.with_name(path.name + ".part")
        n = database.value(
            self.db,
            f"copy ({sql}) to {quoted(str(unfinished), chr(39))} "
            f"(format csv, header, delimiter '{separator}', quote '\"')",
        )
        if not n:  # with nothing to tell, nothing is sent
            unfinished.unlink()
            return None
        if latin:
            _to_latin(unfinished)
        self.seal(unfinished, path, delivered)
        return path

    def seal(self, unfinished: Path, path: Path, delivered: date) -> None:
        """Give a file its name and its date, and note its hash."""
        stamp = datetime(delivered.year, delivered.month, delivered.day, 12, tzinfo=UTC).timestamp()
        os.utime(unfinished, (stamp, stamp))
        unfinished.replace(path)
        self.hashes.append(files.sha256(path))

    def rewrite(self, path: Path | None, change: Callable[[bytes], bytes], delivered: date) -> None:
        """Change the bytes of a delivery already written (how a trap damages it)."""
        if path is None:
            return
        unfinished = path.with_name(path.name + ".part")
        unfinished.write_bytes(change(path.read_bytes()))
        self.hashes.pop()
        self.seal(unfinished, path, delivered)


def _to_latin(path: Path) -> None:
    """Write a UTF-8 file again as latin-1, block by block."""
    other = path.with_name(path.name + ".latin")
    with path.open(encoding="utf-8", newline="") as source, other.open("w", encoding="latin-1", newline="") as target:
        while block := source.read(8 << 20):
            target.write(block)
    other.replace(path)


def register(office: Office, places: Places, people: People) -> None:
    """Make the tables `child` and `service` that every file is written from."""
    rng, n = office.rng("register"), people.n
    house = people.household
    born = [date(y, 1, 1) + timedelta(days=int(d)) for y, d in zip(people.birth_year, people.birth_day, strict=True)]
    given = np.where(people.girl[:, None], p.GIRLS[people.given], p.BOYS[people.given])
    office.table(
        "child",
        child=np.arange(n),
        household=house,
        persona=FIRST_PERSONA + rng.permutation(n),
        persona_2=FIRST_SECOND_PERSONA + rng.permutation(n),
        dni=FIRST_DNI + rng.permutation(n),
        dni_from=people.dni_from,
        second_id_from=people.second_id_from,
        father=p.SURNAMES[people.surnames[house, 0]],
        mother=p.SURNAMES[people.surnames[house, 1]],
        given_1=given[:, 0],
        given_2=given[:, 1],
        born=pa.array(born),
        girl=people.girl,
        language=p.LANGUAGES[people.language],
        disability=people.disability,
        is_foreign=people.foreign,
        is_twin=people.twin_of >= 0,
        poverty=people.household_class[house],
        in_juntos=people.household_in_juntos[house],
        in_sisfoh=people.household_in_sisfoh[house],
        house_rural=people.household_rural[house],
        house_district=places.service_district[people.household_primary[house]],
        guardian=FIRST_GUARDIAN + house,
    )
    count = len(places.service_code)
    office.table(
        "service",
        service=np.arange(count),
        code=places.service_code,
        level=places.service_level,
        rural=places.service_rural,
        bilingual=places.service_bilingual,
        district=places.service_district,
        site=places.service_site,
        is_split=places.service_split,
        ugel=np.array(places.ugel_codes)[places.service_ugel],
        department=np.array([c[:2] for c in places.ugel_codes])[places.service_ugel],
    )
    office.table(
        "district",
        district=np.arange(len(places.district_codes)),
        inei=places.district_codes,
        reniec=places.reniec_codes,
        name=places.district_names,
        poverty=places.district_poverty,
        altitude=places.district_altitude,
        realm=places.district_department,
    )
    office.table("department", realm=np.arange(25), name=[d["department_name"] for d in places.departments],
                 latitude=[float(d["latitude"]) for d in places.departments],
                 longitude=[float(d["longitude"]) for d in places.departments])  # fmt: skip

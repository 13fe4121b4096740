"""The registry office: the country's tables in an in-memory DuckDB, and the files written from them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa

from warehouse import database, files
from warehouse.country import people as p
from warehouse.country.people import People
from warehouse.country.places import Places
from warehouse.database import quoted

# The first numbers of pupils, of second numbers of the same pupil, of documents and of guardians.
FIRST_PERSONA = 20_000_000
FIRST_SECOND_PERSONA = 50_000_000
FIRST_DNI = 60_000_000
FIRST_GUARDIAN = 10_000_000


class Trap(NamedTuple):
    """A planted difficulty, for the answer key."""

    trap: str
    file: str  # or a pattern of files
    rows_touched: str  # SQL over the file's columns


class Office:
    """Writes deliveries into a folder and keeps their hashes."""

    def __init__(self, folder: Path, seed: int, today: date) -> None:
        self.folder = folder
        self.seed = seed
        self.today = today
        self.hashes: list[str] = []
        self.traps: list[Trap] = []
        self.db = duckdb.connect(":memory:", config={"preserve_insertion_order": "true"})
        self.db.execute("set enable_progress_bar = false")
        self.db.execute("create table case_of (file varchar, line bigint, child bigint, documented boolean)")

    def rng(self, *label: int | str) -> np.random.Generator:
        """Return a random stream of its own per use, so that a change of one leaves the others alone."""
        digest = hashlib.sha256("/".join(map(str, (self.seed, *label))).encode()).digest()
        return np.random.default_rng(np.frombuffer(digest, dtype=np.uint32))

    def table(self, table: str, /, **columns: object) -> None:
        """Make a table from arrays of equal length."""
        arrow = pa.table({key: pa.array(value) for key, value in columns.items()})
        self.db.register("incoming", arrow)
        self.db.execute(f"create or replace table {table} as select * from incoming")
        self.db.unregister("incoming")

    def trap(self, name: str, file: str, rows: str) -> None:
        """Enter a trap into the answer key."""
        self.traps.append(Trap(name, file, rows))

    def deliver(
        self,
        stem: str,
        period: str,
        delivered: date,
        sql: str,
        *,
        mark: str = "",
        separator: str = "|",
        latin: bool = True,
    ) -> Path | None:
        """Write the rows of a query as one delivery; None where it is empty or dated after today."""
        if delivered > self.today:
            return None
        extension = "txt" if separator == "|" else "csv"
        path = self.folder / f"{stem}_{period}_{delivered:%Y%m%d}{mark}.{extension}"
        with tempfile.TemporaryDirectory() as folder:
            written = Path(folder) / "rows"
            n = database.value(
                self.db,
                f"copy ({sql}) to {quoted(str(written), chr(39))} "
                f"(format csv, header, delimiter '{separator}', quote '\"')",
            )
            if not n:  # an empty delivery is not sent
                return None
            with written.open(encoding="utf-8", newline="") as rows, files.writing(path) as unfinished:
                while block := rows.read(8 << 20):
                    unfinished.write(block.encode("latin-1" if latin else "utf-8"))
        self._seal(path, delivered)
        return path

    def _seal(self, path: Path, delivered: date) -> None:
        """Give a file its date, and note its hash."""
        stamp = datetime(delivered.year, delivered.month, delivered.day, 12, tzinfo=UTC).timestamp()
        os.utime(path, (stamp, stamp))
        self.hashes.append(files.sha256(path))

    def rewrite(self, path: Path | None, change: Callable[[bytes], bytes], delivered: date) -> None:
        """Change the bytes of a written delivery, as some traps do."""
        if path is None:
            return
        files.write_whole(path, change(path.read_bytes()))
        self.hashes.pop()
        self._seal(path, delivered)


def register(office: Office, places: Places, people: People) -> None:
    """Create the tables `child`, `service`, `district` and `department`, from which all files are written."""
    _register_children(office, places, people)
    _register_places(office, places)


def _register_children(office: Office, places: Places, people: People) -> None:
    rng = office.rng("register")
    n = people.n
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


def _register_places(office: Office, places: Places) -> None:
    office.table(
        "service",
        service=np.arange(len(places.service_code)),
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
    office.table(
        "department",
        realm=np.arange(25),
        name=[department["department_name"] for department in places.departments],
        latitude=[float(department["latitude"]) for department in places.departments],
        longitude=[float(department["longitude"]) for department in places.departments],
    )

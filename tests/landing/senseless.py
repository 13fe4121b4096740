"""Deliveries within the format but outside sense: what a sender's program can write and no child can be.

`python -m tests.landing.senseless BUILDS PER_CONTRACT [SEED]` lands and builds them in batches in one empty home and
says the figures: deliveries tried, rows quarantined by reason, builds failed.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tests.cases import home
from tests.landing import samples
from warehouse.contracts import Column, Contract
from warehouse.errors import QhawaqError
from warehouse.landing import land
from warehouse.pipeline import run as job

YEARS = (2022, 2023, 2024, 2025)
PUPILS, SCHOOLS, LINES = 60, 8, 8  # few, so that what is said of one child meets what else is said of it
SENSELESS_VALUE, SENSELESS_FILE = 0.06, 0.15  # shares of values, and of files in which every value may be anything
WHOLE = ["-1", "0", "1", "3", "7", "12", "13", "31", "32", "45", "99", "2042", "32767", "-32768", "05", "5.0", " 7 "]
DAYS = ["1900-01-01", "29/02/2024", "20240401", "2042-04-28", "31-12-2099", "2024-04-30", "2005-01-01", "2023-12-31"]
REAL = ["nan", "inf", "-inf", "1e308", "-1", "0", "99.9", "100.1", "1e-320", "-12.05", "-77.03"]
TEXT = ["RETIRADA", "EN PROCESO", "x", " B0", "b0 ", "D2", "definitiva", "AD", "A D", "aa", "-", "?", "999999999999",
        "643270.0", "0643270", "00", "990101", "ÑAHUI", "Pública - En convenio", "N/A", "0", " ", "\u00a0"]  # fmt: skip


@dataclass
class Figures:
    """What was tried and what became of it."""

    deliveries: int = 0
    builds: int = 0
    failed: list[str] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """Say it in lines."""
        reasons = "\n".join(f"  {n:>7} {reason}" for reason, n in self.reasons.most_common())
        return (
            f"{self.deliveries} deliveries ({dict(self.statuses)}), {self.builds} builds, {len(self.failed)} failed\n"
            f"rows quarantined by reason:\n{reasons}\n" + "\n".join(self.failed)
        )


class Sender:
    """Writes deliveries of every contract, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.written = 0

    def deliveries(self, contract: Contract, count: int) -> Iterator[tuple[str, str]]:
        """Yield names and contents; a name that was given already is told again, as offices do."""
        for _ in range(count):
            self.written += 1
            year = int(self._one(YEARS))
            period, day = self._stated(contract, year)
            yield _name(contract, period, day, self.written), self._content(contract, period, day)

    def _stated(self, contract: Contract, year: int) -> tuple[str, str]:
        """Return a period and a day of delivery."""
        kind = re.search(r"\(\?P<period>(.*?)\)", contract.pattern.pattern)[1]
        month, half = int(self._one(range(3, 13))), str(self._one(["A", "B"]))
        period = {r"\d{6}": f"{year}{month:02}", r"\d{4}[AB]": f"{year}{half}"}.get(kind, str(year))
        shift = int(self.random.integers(0, 400))
        day = np.datetime64(f"{year}-{month:02}-28") + np.timedelta64(shift, "D")
        return period, str(min(day, np.datetime64("2026-10-31"))).replace("-", "")

    def _content(self, contract: Contract, period: str, day: str) -> str:
        share = 1.0 if self.random.random() < SENSELESS_FILE else SENSELESS_VALUE
        columns = [column for column in contract.columns if not column.optional or self.random.random() < 0.5]
        lines = [contract.separator.join(column.name for column in columns)]
        for _ in range(int(self.random.integers(1, LINES + 1))):
            pupil = int(self.random.integers(PUPILS))
            values = [self._value(column, contract, period, day, pupil, share) for column in columns]
            lines.append(contract.separator.join(value.replace(contract.separator, "") for value in values))
        return "\n".join(lines) + "\n"

    def _value(self, column: Column, contract: Contract, period: str, day: str, pupil: int, share: float) -> str:
        if self.random.random() < share * 0.9:
            return str(self._one(self._senseless(column)))
        return self._sound(column, period, day, pupil)

    def _senseless(self, column: Column) -> list[str]:
        """Return values that the type of a column can hold, or that a spreadsheet makes of them."""
        typed = {"date": DAYS, "double": REAL, "varchar": TEXT}.get(column.data_type, WHOLE)
        return typed if self.random.random() < 0.9 else [""]

    def _sound(self, column: Column, period: str, day: str, pupil: int) -> str:
        """Return a value that can be true."""
        school, date = pupil % SCHOOLS, f"{period[:4]}-03-{1 + pupil % 28:02}"
        named = {
            "id_anio": period[:4], "anio": period[:4], "mes": period[4:] or "4", "periodo": period[4:] or "A",
            "cod_mod": f"{600000 + school}", "codmod": f"0{600000 + school}", "anexo": "0", "tipo_doc": "DNI",
            "n_doc": f"7{1000000 + pupil}", "id_persona": f"{9000 + pupil}", "cod_ugel": f"1501{school % 3:02}",
            "consulta_ugel": f"1501{school % 3:02}", "consulta_ubigeo": f"1501{school:02}", "ubigeo": f"1501{school:02}",
            "inei": f"1501{school:02}", "reniec": f"1401{school:02}", "codccpp": f"15010100{school:02}",
            "fecha_nacimiento": f"{int(period[:4]) - 7 - pupil % 9}-05-06", "id_grado": str(4 + pupil % 6),
            "id_nivel": "B0", "dias_abiertos": "20", "faltas_justificadas": str(pupil % 3), "edad": f"{6 + pupil % 9}.0",
            "nlatie": "-12.05", "nlongie": "-77.03", "latitude": "-12.05", "longitude": "-77.03", "fechareg": "1990-03-01",
            "nino": str(1000 + pupil), "asunto": "INTERRUPTION", "area": "RURAL", "caso": f"C{self.written}-{pupil}",
            "linea": "2", "archivo": "DEMUNA_CASOS_2024_20241202.txt", "hogar": f"H{pupil // 3}", "fecha_cierre": "",
            "numero_visita": f"{10**15 + pupil}", "reemplaza": "", "ofrecidos": "TUTOR", "aceptados": "VISITA EIB",
            "rechazados": "", "totalestudiantes": "20", "denominador": "500", "tasa": "1.5", "pct_pobreza_total": "20.5",
        }  # fmt: skip
        if column.name in named:
            return named[column.name]
        if column.codes:
            return str(self._one(column.codes.accepted)) if not column.nullable or pupil % 2 else ""
        return {"date": date, "varchar": f"T{pupil % 5}", "double": "12.5"}.get(column.data_type, str(pupil % 5))

    def _one(self, values: Iterable[object]) -> object:
        listed = list(values)
        return listed[int(self.random.integers(len(listed)))]


def _name(contract: Contract, period: str, day: str, number: int) -> str:
    """Return a name of the contract; where no part tells files of one day apart, the days do."""
    pattern = contract.pattern.pattern
    part = f"_G{number}" if "(_[A-Z0-9]+)?" in pattern else ""
    extension = re.search(r"\\\.(txt|csv)", pattern)[1]
    return f"{contract.stem}_{period}_{day}{part}.{extension}"


def run(folder: Path, builds: int, per_contract: int, seed: int) -> Figures:
    """Land so many deliveries of every contract before each of the builds, and judge after each."""
    empty, sender, figures = home.empty(folder), Sender(seed), Figures()
    for _ in range(builds):
        for contract in samples.CONTRACTS.values():
            for name, content in sender.deliveries(contract, per_contract):
                _offer(empty.home.inbox / name, content.encode("latin-1", "replace"))
                figures.deliveries += 1
        figures.statuses.update(outcome.status for outcome in land.land(empty.home, home.SILENT))
        empty.assert_nothing_lost()
        figures.reasons = Counter(dict(empty.ask("select fault, count(*) from quarantine.rows group by fault")))
        _build(empty, figures)
        sys.stdout.write(f"{figures}\n")
        sys.stdout.flush()
    return figures


def _offer(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    os.utime(path, (time.time() - 3600,) * 2)


def _build(empty: home.CaseHome, figures: Figures) -> None:
    figures.builds += 1
    try:
        job.run(empty.home, home.SILENT)
    except QhawaqError as error:
        figures.failed.append(f"build {figures.builds}: {error}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        sys.stdout.write(f"{run(Path(made), int(sys.argv[1]), int(sys.argv[2]), int((*sys.argv[3:], '1')[0]))}\n")

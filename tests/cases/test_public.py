"""The small public cases of `shared/cases`, each with its stated outcome: real headers, real levels, real answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import duckdb
import pytest
import requests

from tests.conftest import deliver
from warehouse.collect import run
from warehouse.landing import land
from warehouse.landing.ledger import Outcome
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home

CASES = REPOSITORY.parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the small broken deliveries are not here")


def landed(home: Home, case: str) -> list[Outcome]:
    """Land the files of a case into an empty real home."""
    folder = CASES / case
    for path in sorted(folder.rglob("*.csv")):
        deliver(home, path.name, path.read_bytes())
    return land.land(home, Progress(quiet=True))


def ask(home: Home, sql: str) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(sql).fetchall()


def test_failed_pupils_of_2021_land_as_unknown(home: Home) -> None:
    (outcome,) = landed(home, "trajectory-2021-real-header")
    assert (outcome.status, outcome.accepted_rows, outcome.quarantined_rows) == ("landed", 1, 0), outcome
    sql = "select desaprobado, promocionguiada, aprobado, totalestudiantes from raw.minedu_trajectories"
    assert ask(home, sql) == [(None, 1, 10, 14)]


def test_adult_levels_land(home: Home) -> None:
    outcomes = landed(home, "register-with-adult-levels")
    assert {(o.file.split("_")[0], o.status) for o in outcomes} == {
        ("DESERTORES", "landed"), ("ESCALE", "superseded"), ("ESCALE", "landed"),
        ("MATRICULACION", "landed"), ("UBIGEO", "landed"),
    } or {o.status for o in outcomes} == {"landed"}  # fmt: skip
    levels = {level for (level,) in ask(home, "select distinct estadistica_nivelmodalidad from raw.escale_schools")}
    assert {"D2", "T0"} <= levels


def test_private_in_words_lands(home: Home) -> None:
    (outcome,) = landed(home, "private-in-words")
    assert (outcome.status, outcome.quarantined_rows) == ("landed", 0), outcome


@contextmanager
def served(shape: str) -> Iterator[str]:
    """Serve the register as public clients of its API describe it; yield its address."""
    port = 18000 + int(time.time() * 1000) % 20000
    command = [sys.executable, str(CASES / "escale-real-shape" / "fake_escale.py"), str(port), shape]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}/padron"
    try:
        for _ in range(100):
            try:
                requests.get(address, timeout=1)
                break
            except requests.RequestException:
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize("shape", ["items", "list"])
def test_the_real_api_s_answers_land_with_their_numbers(
    home: Home, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    with served(shape) as address:
        monkeypatch.setenv("QHAWAQ_ESCALE_URL", address)
        (path,) = run.collect(home, Progress(quiet=True), date(2024, 3, 15), ("escale",), back_off=0.01)
    assert "PERSONA" not in path.read_text(encoding="utf-8")  # the director's name is a person's
    (outcome,) = land.land(home, Progress(quiet=True))
    assert (outcome.status, outcome.accepted_rows, outcome.quarantined_rows) == ("landed", 3, 0), outcome
    sql = (
        "select codmod, consulta_ubigeo, consulta_ugel, estadistica_nivelmodalidad, estadistica_totalalumnos, "
        "estadistica_totaldocentes, estadistica_totalsecciones, gestion from raw.escale_schools order by codmod"
    )
    assert ask(home, sql) == [
        ("0305615", "010101", "010001", "B0", 132, 8, 6, "Pública - Sector Educación"),
        ("0324053", "010101", "010001", "F0", 90, 8, 6, "Privada - Particular"),
        ("1055680", "010102", "010001", "D2", 40, 8, 6, "Pública - Sector Educación"),
    ]

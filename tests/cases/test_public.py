"""The small public cases of `shared/cases`, each with its stated outcome: real headers, real levels, real answers."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import requests

from tests.cases.home import CASES, SILENT, CaseHome, empty
from warehouse.build import dbt
from warehouse.collect import run
from warehouse.pipeline import build
from warehouse.progress import Progress

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the small broken deliveries are not here")
PUBLISHED = ("+registered_schools", "+int_ministry__control_totals", "+int_ministry__districts")


@pytest.fixture
def case(tmp_path: Path) -> CaseHome:
    return empty(tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> CaseHome:
    """Three cases in one home, with what officials see of public files built and tested."""
    case = empty(tmp_path_factory.mktemp("published"))
    for name in ("register-with-adult-levels", "trajectory-2021-real-header", "private-in-words"):
        assert {outcome.status for outcome in case.deliver(name)} <= {"landed", "superseded", "duplicate"}
    case.assert_nothing_lost()
    build.begin(case.home, Progress(quiet=True))
    dbt.build(case.home, SILENT, ("--select", *PUBLISHED, *dbt.CAUTIOUS))
    return case


@pytest.mark.long
def test_failed_pupils_of_2021_are_unknown_and_not_0(published: CaseHome) -> None:
    sql = "select n_failed, n_passed, n_pupils from staging.stg_minedu__trajectories where _file like '%2021%'"
    assert published.ask(sql) == [(None, 10, 14)]
    assert published.ask("select promocionguiada from raw.minedu_trajectories where _file like '%2021%'") == [(1,)]
    sql = "select level, n_pupils from intermediate.int_ministry__districts where school_year = 2021"
    assert published.ask(sql) == [("B0", 14)]


@pytest.mark.long
def test_levels_of_adults_are_counted_as_such(published: CaseHome) -> None:
    sql = "select level, is_covered, count(*) from officials.registered_schools group by all order by 1"
    assert [row[:2] for row in published.ask(sql)] == [("B0", True), ("D2", False), ("F0", True), ("T0", False)]
    sql = "select distinct level from intermediate.int_ministry__districts where school_year = 2023 order by 1"
    assert published.ask(sql) == [("B0",), ("D2",), ("F0",), ("T0",)]
    sql = "select distinct level from intermediate.int_ministry__control_totals order by 1"
    assert published.ask(sql) == [("B0",), ("F0",)]  # no pupil of the others can land


@pytest.mark.long
def test_private_in_words_is_not_public(published: CaseHome) -> None:
    sql = (
        "select gestion, is_public, count(*) from raw.escale_schools "
        "join staging.stg_escale__schools using (_file, _line) where _file like '%2024%' group by all order by 1"
    )
    found = published.ask(sql)
    assert [row[:2] for row in found] == [("Privada - Particular", False), ("Pública - Sector Educación", True)]
    public, services = published.ask(
        "select sum(n_public_services), sum(n_services) from officials.registered_schools"
    )[0]
    assert 0 < public < services


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
    case: CaseHome, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    with served(shape) as address:
        monkeypatch.setenv("QHAWAQ_ESCALE_URL", address)
        (path,) = run.collect(case.home, SILENT, date(2024, 3, 15), ("escale",), back_off=0.01)
    assert "PERSONA" not in path.read_text(encoding="utf-8")  # the director's name is a person's
    (outcome,) = case.land()
    assert (outcome.status, outcome.accepted_rows, outcome.quarantined_rows) == ("landed", 3, 0), outcome
    sql = (
        "select codmod, consulta_ubigeo, consulta_ugel, estadistica_nivelmodalidad, estadistica_totalalumnos, "
        "estadistica_totaldocentes, estadistica_totalsecciones, gestion from raw.escale_schools order by codmod"
    )
    assert case.ask(sql) == [
        ("0305615", "010101", "010001", "B0", 132, 8, 6, "Pública - Sector Educación"),
        ("0324053", "010101", "010001", "F0", 90, 8, 6, "Privada - Particular"),
        ("1055680", "010102", "010001", "D2", 40, 8, 6, "Pública - Sector Educación"),
    ]

"""Simulation of the country, with its deliveries in a home's inbox."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

from warehouse.country import lives, people, places, public, siagie, truth, welfare
from warehouse.country.office import Office, register
from warehouse.files import write_whole
from warehouse.progress import Progress
from warehouse.settings import Home

# The delivery of the snapshot of 30 November.
TODAY_MONTH = 12
TODAY_DAY = 5
BY_API = ("JUNTOS_PADRON", "DEMUNA_CASOS")  # an office with an API puts no files into the inbox


def simulate(
    home: Home,
    progress: Progress,
    *,
    answers: Path,
    children: int,
    years: range,
    seed: int,
    api: Path | None = None,
) -> int:
    """Write every delivery of the years up to 5 December of the last one; return the number of files.

    The same arguments give the same bytes.

    Args:
        home: a synthetic home.
        progress: where progress is logged.
        answers: folder of the answer key.
        children: number of children.
        years: school years.
        seed: of all random draws.
        api: folder for the files of offices with an API; None leaves them in the inbox.

    Raises:
        HomeError: the home holds real data.
    """
    home.claim("synthetic")
    office = Office(home.inbox, seed, date(years[-1], TODAY_MONTH, TODAY_DAY))
    rng = office.rng("country")
    land = places.build(rng, int(children * 0.57))
    population = people.build(rng, land, children, years[0], years[-1])
    with progress.step(f"living {len(years)} school years of {children:,} synthetic children"):
        lived = lives.live(rng, population, land, years)
    register(office, land, population)
    public.places(office, years[0])
    for year in lived:
        _deliver_year(office, year, is_first=year.year == years[0])
        progress.say(f"wrote {year.year}", pupils=len(year.child), files=len(office.hashes))
    _people_traps(office)
    truth.write(answers, office, lived)
    if api:
        _leave_to_apis(home, api)
    write_whole(home.synthetic, json.dumps({"seed": seed, "sha256": sorted(office.hashes)}))
    return len(office.hashes)


def _deliver_year(office: Office, year: lives.Year, is_first: bool) -> None:
    """Write a year's deliveries of all sources."""
    siagie.note_year(office, year)
    welfare.deliver(office, year, first=is_first)
    siagie.attendance(office, year)
    siagie.grades(office, year)
    siagie.enrollments(office, year.year)
    public.deliver(office, year)
    _alternative(office, year)


def _leave_to_apis(home: Home, folder: Path) -> None:
    """Move the files of offices with an API to its folder, and copy the newest school register there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(home.inbox.iterdir()):
        if path.name.startswith(BY_API):
            shutil.move(path, folder / path.name)
    shutil.copy2(max(home.inbox.glob("ESCALE_PADRON_*")), folder)


def _alternative(office: Office, year: lives.Year) -> None:
    """Deliver the enrollments in alternative education of the year after the move."""
    moved = year.child[year.fate == lives.Fate.TO_EBA]
    office.table("moved", child=moved)
    following = year.year + 1
    path = office.deliver(
        "EBA_MATRICULA",
        str(following),
        date(following, 6, 15),
        f"select {following} as ID_ANIO, '0999999' as COD_MOD, 'DNI' as TIPO_DOC, c.dni as N_DOC, "
        "c.father as APELLIDO_PATERNO, c.mother as APELLIDO_MATERNO, c.given_1 || ' ' || c.given_2 as NOMBRES, "
        f"c.born as FECHA_NACIMIENTO, 'AVANZADO' as CICLO, date '{following}-03-20' as FECHA_MATRICULA "
        f"from moved join child as c using (child) where c.dni_from <= {following} order by c.dni",
    )
    if path:
        office.trap("a pupil who moves to alternative education", path.name, "true")


def _people_traps(office: Office) -> None:
    """Enter the traps that touch people instead of lines of a file."""
    for trap, condition in (
        ("the same child twice with and without a DNI", "second_id_from < 9999"),
        ("twins", "is_twin"),
        ("a child who gets a DNI later", "dni_from between 1 and 9998"),
    ):
        office.trap(trap, "children.parquet", condition)
    for trap, condition in (
        ("transfers that look like exits", "ESTADO_MATRICULA = 'TRASLADADO'"),
        ("children who die or emigrate", "SITUACION_FINAL = 'FALLECIDO' or JUSTIFICACION_RETIRO like 'VIAJE%'"),
        ("a leaked column filled in after the fact", "JUSTIFICACION_RETIRO is not null"),
    ):
        office.trap(trap, "SIAGIE_MATRICULA_*", condition)

"""Files of the welfare registers, of services received, and of the protection offices (confidential)."""

from __future__ import annotations

from datetime import date

import numpy as np

from warehouse.country.lives import Year
from warehouse.country.office import Office

DOC = "'DNI' as TIPO_DOC, c.dni as N_DOC"
HAS_DNI = "c.dni_from <= {year} and c.born <= date '{year}-01-01'"
HOUSEHOLD = "concat('H', lpad(c.household::varchar, 8, '0')) as HOGAR"


def deliver(office: Office, year: Year, first: bool) -> None:
    """Deliver a year of welfare files."""
    _households(office, year.year, first)
    _work(office, year)
    _services(office, year)
    for stem, share in (("DEMUNA_CASOS", 9), ("CEM_CASOS", 4), ("UPE_CASOS", 2)):
        _cases(office, year, stem, share)


def _households(office: Office, year: int, first: bool) -> None:
    has_dni = HAS_DNI.format(year=year)
    due = "true" if first else f"c.household % 3 = {year % 3}"  # a class is valid three years
    office.deliver(
        "SISFOH_HOGARES",
        str(year),
        date(year, 2, 20),
        f"select {HOUSEHOLD}, {DOC}, (['NO POBRE', 'POBRE', 'POBRE EXTREMO'])[c.poverty + 1] as CLASE, "
        f"date '{year}-01-10' + (c.household % 25)::int as FECHA_CLASIFICACION, "
        "case when c.house_rural then 'RURAL' else 'URBANA' end as AREA, d.inei as UBIGEO "
        f"from child as c join district as d on d.district = c.house_district "
        f"where c.in_sisfoh and {has_dni} and {due} order by c.child",
    )
    juntos = (
        f"select {year} as ANIO, {HOUSEHOLD}, {DOC}, 'ACTIVO' as ESTADO, "
        f"date '{min(year, 2018)}-01-05' as FECHA_AFILIACION "
        f"from child as c where c.in_juntos and {has_dni} order by c.child"
    )
    office.deliver("JUNTOS_PADRON", str(year), date(year, 2, 15), juntos)
    if year == 2020:
        path = office.deliver("JUNTOS_PADRON", str(year), date(year, 3, 2), juntos, mark="_OTRAVEZ")
        office.trap("a file delivered twice", path.name if path else "", "true")


def _work(office: Office, year: Year) -> None:
    has_dni = HAS_DNI.format(year=year.year)
    office.deliver(
        "TRABAJO_INFANTIL",
        str(year.year),
        date(year.year, 7, 5),
        f"select {year.year} as ANIO, {DOC}, y.hours as HORAS_SEMANALES, 'AGRICULTURA' as ACTIVIDAD, "
        f"date '{year.year}-06-01' as FECHA_REGISTRO from year as y join child as c using (child) "
        f"where y.hours > 0 and y.child % 5 < 3 and {has_dni} order by c.child",
    )


def _services(office: Office, year: Year) -> None:
    given = [
        (year.child[month > 0], np.full((month > 0).sum(), code), month[month > 0])
        for code, month in year.services.items()
        if code != "JUNTOS"
    ]
    child, code, month = map(np.concatenate, zip(*given, strict=True))
    office.table("served", child=child, code=code, month=month)
    since = 0
    for upto, delivered in ((8, (9, 5)), (10, (11, 3)), (12, (12, 5))):
        office.deliver(
            "SERVICIOS_RECIBIDOS",
            str(year.year),
            date(year.year, *delivered),
            "select case when y.year >= c.second_id_from then c.persona_2 else c.persona end as ID_PERSONA, "
            f"s.code as SERVICIO, make_date({year.year}, s.month::int, 15) as FECHA, 'REALIZADO' as RESULTADO "
            "from served as s join child as c using (child) join year as y using (child) "
            f"where s.month > {since} and s.month <= {upto} order by 1, 2",
        )
        since = upto


def _cases(office: Office, year: Year, stem: str, share: int) -> None:
    """Deliver case files: half without a document number, with names as a clerk heard them."""
    rng = office.rng(stem, year.year)
    n = len(year.child)
    chosen = np.flatnonzero(rng.random(n) < share / 1000 * (1 + (year.drift > 0)))
    office.table(
        "involved",
        child=year.child[chosen],
        day=rng.integers(10, 320, len(chosen)),
        slip=rng.random(len(chosen)),
        documented=rng.random(len(chosen)) < 0.5,
        number=np.arange(len(chosen)),
    )
    has_dni = f"i.documented and {HAS_DNI.format(year=year.year)}"
    since = 0
    for upto, delivered in ((150, date(year.year, 6, 20)), (320, date(year.year, 12, 2))):
        path = office.deliver(
            stem,
            str(year.year),
            delivered,
            f"select concat('{stem[:3]}-{year.year}-', lpad(i.number::varchar, 6, '0')) as CASO, "
            f"case when {has_dni} then 'DNI' end as TIPO_DOC, case when {has_dni} then c.dni end as N_DOC, "
            "case when i.slip < 0.15 then replace(c.father, 'Z', 'S') else c.father end as APELLIDO_PATERNO, "
            "case when i.slip between 0.1 and 0.2 then strip_accents(c.mother) else c.mother end as APELLIDO_MATERNO, "
            "case when i.slip > 0.8 then c.given_1 else c.given_1 || ' ' || c.given_2 end as NOMBRES, "
            "case when i.slip > 0.95 then c.born + 1 else c.born end as FECHA_NACIMIENTO, d.inei as UBIGEO, "
            f"case when i.number % 40 = 7 then '31/02/{year.year}' "
            f"else strftime(date '{year.year}-01-01' + i.day::int, '%Y-%m-%d') end as FECHA_INGRESO, "
            "(['VIOLENCIA', 'ABANDONO', 'TRABAJO', 'ALIMENTOS'])[i.number % 4 + 1] as MOTIVO, "
            "case when i.number % 3 = 0 then 'CERRADO' else 'ABIERTO' end as ESTADO, "
            f"case when i.number % 3 = 0 then date '{year.year}-01-01' + i.day::int + 20 end as FECHA_CIERRE "
            "from involved as i join child as c using (child) join district as d on d.district = c.house_district "
            f"where i.day > {since} and i.day <= {upto} order by i.number",
        )
        if path:
            office.db.execute(
                f"insert into case_of select '{path.name}', 1 + row_number() over (order by i.number), i.child, "
                f"{has_dni} from involved as i join child as c using (child) where i.day > {since} and i.day <= {upto}"
            )
            office.trap("welfare cases without a document number", path.name, "N_DOC is null")
            office.trap("a date typed by hand that does not exist", path.name, "FECHA_INGRESO like '31/02/%'")
        since = upto

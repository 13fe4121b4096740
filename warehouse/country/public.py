"""Files without children: school register, places, school feeding, the ministry's public totals, SíseVe by school."""

from __future__ import annotations

from datetime import date

from warehouse.country.lives import LAST_GRADE, Fate, Year
from warehouse.country.office import Office
from warehouse.country.records import PANDEMIC, PROMOTED

SITE = "lpad((100000 + s.site)::varchar, 6, '0')"
PLACE = "d.inei || lpad((s.site % 9000)::varchar, 4, '0')"
# Services that the register has and the warehouse is not about: of each UGEL one of adults and a private institute.
ADULT_EDUCATION = (
    "select d.inei as consulta_ubigeo, s.ugel as consulta_ugel, t.first || s.ugel as codMod, '0' as anexo, "
    "(t.first * 100000 + row_number() over (partition by t.first order by s.ugel))::varchar as codlocal, "
    "t.name || ' ' || s.ugel as cenEdu, t.management as gestion, '1995-03-01' as fechareg, "
    "p.latitude as nlatIE, p.longitude as nlongIE, t.level as estadistica_nivelModalidad, "
    "60 as estadistica_totalAlumnos, 6 as estadistica_totalDocentes, 3 as estadistica_totalSecciones, "
    "'NO' as estadistica_esEIB from (select ugel, min(district) as district from service group by ugel) as s "
    "join district as d using (district) join department as p using (realm) "
    "cross join (values (8, 'CEBA', 'D2', 'Pública - Sector Educación'), "
    "(9, 'INSTITUTO', 'T0', 'Privada - Particular')) as t(first, name, level, management)"
)


def places(office: Office, first_year: int) -> None:
    """Deliver districts, in the public list's format, and populated places, some in RENIEC's coding."""
    office.deliver(
        "UBIGEO_DISTRITO",
        str(first_year),
        date(first_year, 1, 8),
        "select d.inei, d.reniec, upper(p.name) as departamento, 'PROVINCIA ' || left(d.inei, 4) as provincia, "
        "d.name as distrito, upper(p.name) as region, null as macroregion_inei, null as macroregion_minsa, "
        "null as iso_3166_2, null as fips, d.name as capital, null as superficie, null as pob_densidad_2020, "
        "d.altitude, p.latitude + (d.district % 13 - 6) / 20.0 as latitude, "
        "p.longitude + (d.district % 11 - 5) / 20.0 as longitude, null as indice_vulnerabilidad_alimentaria, "
        "null as idh_2019, round(d.poverty * 100, 2) as pct_pobreza_total, "
        "round(d.poverty * 30, 2) as pct_pobreza_extrema "
        "from district as d join department as p using (realm) order by 1",
        separator=",",
        latin=False,
    )
    path = office.deliver(
        "INEI_CENTROS_POBLADOS",
        str(first_year),
        date(first_year, 1, 9),
        f"select {PLACE} as codccpp, any_value(d.name) || ' ' || s.site as nombre, "
        "case when s.site % 10 = 3 then any_value(d.reniec) else any_value(d.inei) end as ubigeo, "
        "case when s.site % 10 = 3 then 'RENIEC' else 'INEI' end as sistema_codigo, "
        "case when bool_or(s.rural) then 'RURAL' else 'URBANA' end as area, any_value(d.altitude) as altitud "
        "from service as s join district as d using (district) group by codccpp, s.site order by 1",
        separator=",",
        latin=False,
    )
    office.trap("a district code in the other coding", path.name if path else "", "sistema_codigo = 'RENIEC'")


def deliver(office: Office, year: Year) -> None:
    """Deliver a year of public files; needs the tables `year`, `child` and `service`."""
    _population(office, year.year)
    _register(office, year.year)
    _feeding(office, year.year)
    if year.year in (2021, 2022, 2023, 2024):
        _trajectories(office, year.year)
    if year.year - 1 in (2023, 2024):
        _dropouts(office, year.year - 1)
    office.db.execute("create or replace table last_year as from year")
    _siseve(office, year)


def _population(office: Office, year: int) -> None:
    """Deliver how many live in each department on 30 June, by sex and age, at school or not.

    Of ages before school the country draws no child in its last years: those three years older stand for them.
    """
    office.db.execute("create table if not exists gone (child bigint)")
    age = f"{year} - year(c.born) - (c.born > make_date(year(c.born), 6, 30))::int"
    office.deliver(
        "INEI_POBLACION",
        str(year),
        date(year, 1, 10),
        f"with alive as (select left(d.inei, 2) as ubigeo, c.girl, {age} as age from child as c "
        "join district as d on d.district = c.house_district anti join gone on gone.child = c.child), "
        "people as (select ubigeo, girl, unnest(if(age < 9, [age, age - 3], [age])) as edad from alive where age >= 6) "
        f"select {year} as anio, d.ubigeo, s.sexo, a.edad, count(p.girl) as poblacion "
        "from (select distinct left(inei, 2) as ubigeo from district) as d "
        "cross join (values ('HOMBRE', false), ('MUJER', true)) as s(sexo, girl) cross join range(3, 18) as a(edad) "
        "left join people as p on p.ubigeo = d.ubigeo and p.girl = s.girl and p.edad = a.edad "
        "group by all order by 2, 3, 4",
        separator=",",
        latin=False,
    )
    office.db.execute(f"insert into gone select child from year where fate in ({Fate.DIES}, {Fate.EMIGRATES})")


def _register(office: Office, year: int) -> None:
    path = office.deliver(
        "ESCALE_PADRON",
        str(year),
        date(year, 3, 15),
        f"{_schools(year)} union all by name {ADULT_EDUCATION} order by codMod",
        separator=",",
        latin=False,
    )
    if path and year == 2022:
        office.trap("a UGEL split", path.name, "consulta_ugel like '%90'")
    if path:
        office.trap("two services in one building", path.name, "codlocal")


def _schools(year: int) -> str:
    """Return SQL of the register's primary and secondary services in a year."""
    return (
        f"select d.inei as consulta_ubigeo, case when s.is_split and {year} >= 2022 then left(s.ugel, 4) || '90' "
        f"else s.ugel end as consulta_ugel, s.code as codMod, '0' as anexo, {SITE} as codlocal, {SITE} as codinst, "
        "'I.E. ' || s.code as cenEdu, 'JR. PRINCIPAL ' || s.site as dirCen, 'Pública - Sector Educación' as gestion, "
        f"'1990-03-01' as fechareg, d.name || ' ' || s.site as cenPob, {PLACE} as codccpp, "
        "p.latitude + (s.service % 17 - 8) / 30.0 as nlatIE, p.longitude + (s.service % 19 - 9) / 30.0 as nlongIE, "
        "null as area, null as distrito, null as ugel, null as nivelModalidad, "
        "case when s.level = 0 then 'B0' else 'F0' end as estadistica_nivelModalidad, "
        "coalesce(n.pupils, 0) as estadistica_totalAlumnos, greatest(1, coalesce(n.pupils, 0) // 20) as "
        "estadistica_totalDocentes, greatest(1, coalesce(n.pupils, 0) // 18) as estadistica_totalSecciones, "
        "case when s.bilingual then 'SI' else 'NO' end as estadistica_esEIB "
        "from service as s join district as d using (district) join department as p using (realm) "
        "left join (select service, count(*) as pupils from year group by 1) as n using (service)"
    )


def _feeding(office: Office, year: int) -> None:
    program = "QALI WARMA" if year < 2025 else "WASI MIKUNA"
    path = office.deliver(
        "ALIMENTACION_ESCOLAR",
        str(year),
        date(year, 4, 2),
        f"select {year} as anio, cast(s.code as bigint) as cod_mod, '0' as anexo, '{program}' as programa, "
        "n.pupils as raciones, 'DESAYUNO' as modalidad from service as s "
        "join (select service, count(*) as pupils from year group by 1) as n using (service) "
        "where s.level = 0 order by s.code",
        separator=",",
        latin=False,
    )
    if path:
        office.trap("leading zeros lost", path.name, "length(cod_mod) < 7")
        office.trap("a feeding program renamed, then abolished", path.name, "true")


def _trajectories(office: Office, year: int) -> None:
    # of the years of guided promotion the ministry tells that, and not who failed
    failed = (
        "count(*) filter (where v.final = 'PROMOCION GUIADA') as PromocionGuiada"
        if year in (2021, 2022)
        else "count(*) filter (where v.final = 'DESAPROBADO') as Desaprobado"
    )
    path = office.deliver(
        "MATRICULACION_TRAYECTORIA",
        str(year),
        date(year + 1, 6, 15),
        "select cast(s.code as bigint) as cod_mod, '0' as anexo, 'I.E. ' || s.code as Nombre, "
        "'Pública de gestión directa' as gestion, "
        "case when s.level = 0 then 'B0' else 'F0' end as id_nivel, "
        "case when s.level = 0 then 'Primaria' else 'Secundaria' end as dsc_nivel, "
        f"printf('%.1f', ({year} - year(c.born) - (c.born > make_date(year(c.born), 3, 31))::int)::double) as Edad, "
        "case when c.disability then 'INTELECTUAL' end as TipoDiscaIntegrada, "
        "count(*) as TotalEstudiantes, count(*) filter (where c.disability) as Discapacidad, "
        "count(*) filter (where c.girl) as Mujer, count(*) filter (where not c.girl) as Hombre, "
        "count(*) filter (where c.is_foreign) as Venezolanos, count(*) filter (where not c.is_foreign) as Peruanos, "
        f"count(*) filter (where c.is_foreign) as Extranjeros, count(*) filter (where c.dni_from <= {year}) as "
        f"DNI_validado, 0 as DNI_SinValidar, count(*) filter (where c.dni_from > {year}) as No_DNI, "
        f"count(*) filter (where v.final = 'APROBADO') as Aprobado, {failed}, "
        "count(*) filter (where v.final = 'RETIRADO') as Retirado, "
        "count(*) filter (where v.final = 'FALLECIDO') as Fallecido, "
        "count(*) filter (where v.final = 'REQUIERE RECUPERACION') as RequiereRecuperacion, "
        "0 as Matriculado, 0 as PostergaEvaluacion, "
        f"count(*) filter (where {year} - year(c.born) - y.grade - 2 >= 2) as tot_atraso "
        "from version as v join year as y using (child) join child as c using (child) "
        "join service as s on s.service = v.service where v.final is not null group by all order by 1, 7, 8",
        separator=",",
        latin=False,
    )
    if path:
        office.trap("leading zeros lost", path.name, "length(cod_mod) < 7")


def _dropouts(office: Office, year: int) -> None:
    """Deliver who is not in regular education in the year after, which is the one being simulated."""
    office.db.execute("create table if not exists last_year as from year limit 0")
    office.deliver(
        "DESERTORES",
        str(year),
        date(2025, 6, 1) if year == 2023 else date(2025, 11, 20),
        "select d.inei as ubigeo, upper(any_value(p.name)) as Departamento, 'PROVINCIA ' || left(d.inei, 4) as "
        "Provincia, any_value(d.name) as Distrito, "
        "count(*) filter (where y.child not in (select child from year)) as desertor, "
        "count(*) as denominador, round(100.0 * desertor / denominador, 2) as Tasa "
        "from last_year as y join service as s using (service) join district as d using (district) "
        "join department as p using (realm) "
        # the ministry takes out who died and who finished secondary, and nobody else
        f"where y.fate <> {Fate.DIES} and not (y.grade = {LAST_GRADE} and y.left_month = 99 "
        f"and y.result in ({', '.join(str(int(result)) for result in PROMOTED)})) group by d.inei order by 1",
        separator=",",
        latin=False,
    )


def _siseve(office: Office, year: Year) -> None:
    scale = 0.1 if year.year in PANDEMIC else 1.0
    path = office.deliver(
        "SISEVE",
        str(year.year),
        date(year.year + 1, 1, 15),
        f"select {year.year} as anio, cast(s.code as bigint) as cod_mod, t.tipo, n.pupils % 3 + 1 as reportes "
        "from service as s join (select service, count(*) as pupils from year group by 1) as n using (service) "
        "cross join (values ('FISICA', 3), ('PSICOLOGICA', 5), ('SEXUAL', 11)) as t(tipo, every) "
        f"where (s.service + {year.year}) % (t.every * 4) < {4 * scale} order by 2, 3",
        separator=",",
        latin=False,
    )
    if path:
        office.trap("leading zeros lost", path.name, "length(cod_mod) < 7")

"""The draw: children of every trap that touches children, then others, always the same."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import duckdb

SIZE, QUOTA = 300, 14
# What a file tells of: children, or schools whose pupils are then meant.
CHILDREN_OF = {
    "SIAGIE_MATRICULA": "siagie_enrollments", "SIAGIE_ASISTENCIA": "siagie_attendance", "SIAGIE_NOTAS": "siagie_grades",
    "EBA_MATRICULA": "eba_enrollments",
}  # fmt: skip
SCHOOLS_OF = {"ESCALE_PADRON": ("escale_schools", "codmod"), "ALIMENTACION_ESCOLAR": ("midis_feeding", "cod_mod")}
# Where the condition names what is not in the raw rows, or holds for far more than the trap: said of the raw rows.
SAID_OTHERWISE = {
    "attendance exactly at 90%": "dias_abiertos = 20 and faltas_justificadas + faltas_injustificadas = 2",
    "latin-1 and UTF-8 mixed": "true",
    "leading zeros lost": "cod_mod like '0%'",
    "two services in one building": "codlocal in (select codlocal from raw.escale_schools group by all having count(distinct codmod) > 1)",
}
TWICE = "select child_key from raw.child_merges union select merged_into from raw.child_merges"
OTHERWISE = {
    "the same child twice with and without a DNI": TWICE,
    "a child who gets a DNI later": "select child_key from raw.siagie_enrollments group by 1 having count(distinct validado_reniec) > 1",
    "twins": """select unnest(list(distinct child_key)) from raw.siagie_enrollments where guardian_key is not null
        group by guardian_key, fecha_nacimiento having count(distinct child_key) > 1""",
    "a month of attendance missing for one region": """select child_key from raw.siagie_enrollments
        where id_anio = 2023 and _region in (select region from raw.withheld)""",
    "a district code in the other coding": """select child_key from raw.siagie_enrollments where cod_mod in (select codmod from
        raw.escale_schools where codccpp in (select codccpp from raw.inei_populated_places where sistema_codigo = 'RENIEC'))""",
    "a corrected file delivered later": "select child_key from raw.siagie_attendance where _file like '%\\_C1.txt' escape '\\'",
}
# They touch cases of protection offices, or leave no rows: the former are not in features, of the latter nothing is to be seen.
OF_NO_CHILD = {
    "welfare cases without a document number", "a date typed by hand that does not exist", "a file delivered twice",
    "a year's file with a renamed column",
}  # fmt: skip


def by_trap(warehouse: Path, traps: Path) -> dict[str, set[int]]:
    """Return the keys of the children whom each trap touches."""
    found: dict[str, set[int]] = {}
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        for trap, file, condition in connection.execute(f"select trap, file, rows_touched from '{traps}'").fetchall():
            sql = (
                None
                if trap in OF_NO_CHILD
                else OTHERWISE.get(trap) or _of_file(file, SAID_OTHERWISE.get(trap, condition))
            )
            if sql:
                found.setdefault(trap, set()).update(key for (key,) in connection.execute(sql).fetchall())
    return found


def _of_file(file: str, condition: str) -> str | None:
    of_file = f"where _file glob '{file}' and ({condition})"
    for prefix, table in CHILDREN_OF.items():
        if file.startswith(prefix):
            return f"select distinct child_key from raw.{table} {of_file}"
    for prefix, (table, code) in SCHOOLS_OF.items():
        if file.startswith(prefix):
            year = f"id_anio = cast(regexp_extract('{file}', '[0-9]{{4}}') as integer)"
            return f"select distinct child_key from raw.siagie_enrollments where {year} and cod_mod in (select {code} from raw.{table} {of_file})"
    return None


def draw(touched: dict[str, set[int]], everyone: Iterable[int], size: int = SIZE) -> list[int]:
    """Return keys: a quota of each trap, the rarest first, then others."""
    chance = random.Random(20251205)
    drawn: dict[int, None] = {}
    for trap in sorted(touched, key=lambda name: (len(touched[name]), name)):
        keys = sorted(touched[trap] - {None})
        drawn |= dict.fromkeys(chance.sample(keys, min(QUOTA, len(keys))))
    others = sorted(set(everyone) - set(drawn))
    chance.shuffle(others)
    return list(dict.fromkeys([*drawn, *others]))[:size]

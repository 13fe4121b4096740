"""The raw records of a warehouse's children, as a school system that holds them would send them."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

import duckdb

from service.features import ChildRecords, FeatureDatabase

# A line of one child who is enrolled in a school that no register names.
ENROLLED = {"id_anio": 2025, "cod_mod": "0000001", "anexo": "0", "id_nivel": "F0", "id_grado": 10, "id_seccion": "A",
            "sexo": "M", "fecha_nacimiento": "2012-05-01", "estado_matricula": "DEFINITIVA",
            "fecha_matricula": "2025-03-10", "fecha_registro": "2025-03-12"}  # fmt: skip
MERGES = """
select child_key, merged_into from intermediate.int_children__merges where known_at <= $day and known_until > $day
"""
# What a delivery brought counts while nothing replaced it, and a region's month that is withheld does not.
STANDING = """
_file in (select file from raw.deliveries where status = 'landed' or superseded_at > $day)
and not exists (select 1 from raw.withheld as w where w.file = _file
  and w.region = left(lpad(cast(cod_ugel as varchar), 6, '0'), 2))
"""


def children(
    db: duckdb.DuckDBPyConnection, features: FeatureDatabase, keys: list[int], lineage: bool = True
) -> list[ChildRecords]:
    """Return children with what was known of them on the published date.

    Args:
        db: the warehouse.
        features: says which sources count.
        keys: the children.
        lineage: send with each row when it was delivered and known.
    """
    day, merged = features.as_of, defaultdict(list)
    for other, key in db.execute(MERGES, {"day": day}).fetchall():
        merged[key].append(other)
    every = [other for key in keys for other in (key, *merged[key])]
    db.execute("create or replace temp table wanted as select unnest($keys) as child_key", {"keys": every})
    found: dict[int, dict[str, list[dict[str, Any]]]] = {key: defaultdict(list) for key in every}
    for source in features.sources:
        for row in _rows(db, features, source, day, lineage):
            own = row.pop("own_key")
            found[own][source].append(row)
    return [ChildRecords(key, found[key], {other: found[other] for other in merged[key]}) for key in keys]


def _rows(
    db: duckdb.DuckDBPyConnection, features: FeatureDatabase, source: str, day: date, lineage: bool
) -> list[dict[str, Any]]:
    given = [one for one in features.columns()[source] if lineage or one not in ("known_at", "_delivered_at")]
    key = "nino" if source == "feedback_case_events" else "child_key"
    standing = STANDING if source == "siagie_attendance" else "true"
    listed = ", ".join(f'"{name}"' for name in given)
    found = db.execute(
        f"select {key} as own_key, {listed} from raw.{source} where {key} in (from wanted) and known_at <= $day "
        f"and {standing} order by _delivered_at, known_at, _file, _line", {"day": day},
    )  # fmt: skip
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

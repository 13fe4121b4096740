"""Feedback of synthetic staff on the children of their published lists."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from warehouse import files, synthetic
from warehouse.database import quoted
from warehouse.errors import HomeError
from warehouse.publish.switching import CURRENT
from warehouse.settings import Home

LATER = timedelta(days=14)  # from the list to the feedback
# Bounds on a draw from 0 to 99, a hash of the child's key: the state that a case reaches.
NEVER_SEEN = 20
DISMISSED = 30
CLOSED = 50
SERVED = 70
CONTACTED = 90
EVENTS = f"""
with listed as (
  select child_key, ugel_code, 'interruption' as matter, as_of_date as listed_on from lists.priority_list
  union all select child_key, ugel_code, need, on_date from lists.immediate_cases),
drawn as (select *, hash(child_key || matter) % 100 as draw from listed),
events as (
  select *, 'ASIGNADO' as state, 2 as day from drawn where draw >= {NEVER_SEEN}
  union all select *, 'DESCARTADO', 4 from drawn where draw >= {NEVER_SEEN} and draw < {DISMISSED}
  union all select *, 'CONTACTADO', 5 from drawn where draw >= {DISMISSED} and draw < {CONTACTED}
  union all select *, 'ATENDIDO', 9 from drawn where draw >= {DISMISSED} and draw < {SERVED}
  union all select *, 'CERRADO', 12 from drawn where draw >= {DISMISSED} and draw < {CLOSED})
select year(listed_on) as ANIO, ugel_code as COD_UGEL, child_key as NINO, upper(matter) as ASUNTO, state as ESTADO,
  listed_on + day::integer as FECHA,
  case when state = 'ATENDIDO' then if(matter = 'interruption', 'TUTOR', 'VISITA') end as SERVICIO,
  case when state = 'DESCARTADO' then if(draw % 2 = 0, 'TRASLADADO', 'NO_UBICADO') end as MOTIVO
from events
"""


def deliver(home: Home) -> Path:
    """Write the feedback on the listed children as a delivery; return the file.

    Raises:
        HomeError: the home is not synthetic, or no list was published yet.
    """
    if home.kind != "synthetic":
        raise HomeError(f"{home.root} is no synthetic home: real staff tell what became of real children")
    files = sorted((home.serving / "education").glob(f"*/{CURRENT}"))
    if not files:
        raise HomeError(f"no list was published in {home.serving}: call 'qhawaq run' first")
    db = duckdb.connect(":memory:")
    for number, file in enumerate(files):
        db.execute(f"attach {quoted(str(file), chr(39))} as lists (read_only)")
        (day,) = db.execute("select built_for from lists.release").fetchone() or (None,)
        target = "create table feedback as" if number == 0 else "insert into feedback by name"
        db.execute(f"{target} {EVENTS}")
        db.execute("detach lists")
    return _write(home, db, day + LATER)


def _write(home: Home, db: duckdb.DuckDBPyConnection, delivered: date) -> Path:
    path = home.inbox / f"SEGUIMIENTO_CASOS_{delivered:%Y}_{delivered:%Y%m%d}.csv"
    with files.replacing(path) as unfinished:
        db.execute(
            f"copy (select * from feedback where FECHA <= date '{delivered}' order by all) "
            f"to {quoted(str(unfinished), chr(39))} (format csv, header)"
        )
        synthetic.note(home, files.sha256(unfinished))
    return path

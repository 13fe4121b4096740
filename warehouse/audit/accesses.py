"""Daily counts of accesses to children's data, without children and names.

The logs of the service and of the vault hold users, children and reasons; only counts leave them.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from warehouse import clock, database
from warehouse.database import quoted
from warehouse.keys import Keys
from warehouse.settings import Home

DDL = """
create table if not exists raw.accesses (day date, what varchar, n_accesses bigint, n_people bigint);
"""
LOGGED = """
select {day} as day, what, who from read_json({file}, format = 'newline_delimited', ignore_errors = true,
  columns = {{"at": 'TIMESTAMPTZ', who: 'VARCHAR', what: 'VARCHAR'}})
where "at" is not null and who is not null and what is not null
"""
REVEALED = "select {day} as day, 'reveal' as what, who from vault.reveals"  # before the access log held those too
COUNTED = """
insert into raw.accesses (day, what, n_accesses, n_people)
select day, what, count(*), count(distinct who) from ({accesses}) group by 1, 2
"""


def count(db: duckdb.DuckDBPyConnection, home: Home, keys: Keys) -> None:
    """Count the accesses of every day, from the logs of the service and of the vault.

    Raises:
        HomeError: the vault does not open.
    """
    if has_vault := home.vault.exists():
        database.attach_vault(db, home, keys, read_only=True)
    try:
        with database.transaction(db):
            db.execute("delete from raw.accesses")
            if parts := list(_logs(home, has_vault)):
                db.execute(COUNTED.format(accesses=" union all ".join(parts)))
    finally:
        if has_vault:
            db.execute("detach vault")


def _logs(home: Home, has_vault: bool) -> Iterator[str]:
    """Yield SQL for the accesses in each log that is there: day, kind and user."""
    if home.access_log.exists():
        yield LOGGED.format(day=clock.day_sql('"at"'), file=quoted(str(home.access_log), "'"))
    if has_vault:
        yield REVEALED.format(day=clock.day_sql("revealed_at"))

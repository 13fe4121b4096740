"""Link 50,000 case records without a document to 1,000,000 synthetic children: seconds, memory, precision, recall.

The clerks' slips are those of the synthetic country's case files (`warehouse/country/welfare.py`); the files themselves
are left out, so that only linkage is measured.
"""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from warehouse import contracts, database, keys
from warehouse.country import people, places
from warehouse.country.office import Office, register
from warehouse.identity import vault
from warehouse.identity.linkage import link
from warehouse.landing import ledger
from warehouse.settings import DBT_PROJECT, Home

CHILDREN, CASES, SEED = 1_000_000, 50_000, 11
PUPILS = """
select child as child_key, father as apellido_paterno, mother as apellido_materno, given_1 || ' ' || given_2 as nombres,
  child::varchar as content, 'p' as _file, child as _line, date '2022-04-01' as known_at from child
"""
CASE = """
select row_number() over () as _line, child, 'c' as _file, date '2022-06-20' as known_at, d.inei as ubigeo,
  case when slip < 0.15 then replace(father, 'Z', 'S') else father end as apellido_paterno,
  case when slip between 0.1 and 0.2 then strip_accents(mother) else mother end as apellido_materno,
  case when slip > 0.8 then given_1 else given_1 || ' ' || given_2 end as nombres,
  case when slip > 0.95 then born + 1 else born end as fecha_nacimiento
from (select *, hash(child) % 1000 / 1000.0 as slip from child using sample {n} rows (reservoir, {seed})) as c
join district as d on d.district = c.house_district
"""


def fill(home: Home, db: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, office: Office) -> None:
    """Put pupils and cases where landing would have put them."""
    db.register("pupils_in", office.db.execute(PUPILS).to_arrow_table())
    db.execute("insert into vault.siagie_enrollments by name select * from pupils_in")
    cases = office.db.execute(CASE.format(n=CASES, seed=SEED)).to_arrow_table()
    db.register("cases_in", cases)
    db.execute(
        "insert into vault.demuna_cases by name select apellido_paterno, apellido_materno, nombres, fecha_nacimiento, "
        "_line::varchar as content, _file, _line, known_at from cases_in"
    )
    db.execute("create table truth as select _line, child from cases_in")
    born = office.db.execute(
        "select child as child_key, born as fecha_nacimiento, s.code as cod_mod, date '2022-04-01' as known_at "
        "from child as c join (select district, min(code) as code from service group by 1) as s "
        "on s.district = c.house_district"
    ).to_arrow_table()
    schools = office.db.execute(
        "select s.code as codmod, d.inei as consulta_ubigeo from service as s join district as d using (district)"
    ).to_arrow_table()
    for table, rows in (("siagie_enrollments", born), ("escale_schools", schools)):
        warehouse.register("rows_in", rows)
        warehouse.execute(f"insert into raw.{table} by name select * from rows_in")
        warehouse.unregister("rows_in")
    warehouse.register("rows_in", cases)
    warehouse.execute("insert into raw.demuna_cases by name select _file, _line, ubigeo, known_at from rows_in")
    warehouse.unregister("rows_in")


def main() -> None:
    """Build, link, compare."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        home.claim("synthetic")
        office = Office(home.inbox, SEED, date(2022, 12, 5))
        rng = office.rng("country")
        land = places.build(rng, int(CHILDREN * 0.57))
        register(office, land, people.build(rng, land, CHILDREN, 2018, 2022))
        found = list(contracts.read(DBT_PROJECT).values())
        warehouse, db = database.warehouse(home), database.scratch(home)
        ledger.prepare(warehouse, found)
        database.attach_vault(db, home, keys.load(home.secrets))
        vault.prepare(db, found)
        fill(home, db, warehouse, office)
        begun = time.monotonic()
        decided = link.link(db, warehouse, found)
        seconds = time.monotonic() - begun
        right, links = db.execute(
            "select count(*) filter (where l.child_key = t.child), count(*) from vault.links as l "
            "join truth as t on t._line = l.line where l.decision = 'link'"
        ).fetchone() or (0, 1)
        print(f"{CASES:,} records without a document, {CHILDREN:,} children (synthetic)")
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"{seconds:.1f} s (aim 180), peak {peak:.2f} GiB, the making of the country included; {dict(decided)}")
        print(f"precision {right / links:.4f} (aim 0.98), recall {right / CASES:.4f} (aim 0.90)")


if __name__ == "__main__":
    main()

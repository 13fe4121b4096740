"""Link records without a document number to pupils: by name, date of birth and place, each with a probability.

A record is of one pupil or of none. The odds of its candidates are therefore shared out between them: twins who
differ in nothing that the record says get half each, and a person decides.
"""

from __future__ import annotations

import logging
from collections import Counter

import duckdb

from warehouse.contracts import Contract
from warehouse.database import quoted
from warehouse.linkage.model import ROLES, VERSION

LINK, REVIEW = 0.95, 0.30  # from these probabilities on; below, the record stays without a child
DDL = """
create table if not exists vault.links (
  source varchar, file varchar, line bigint, child_key bigint, probability double, decision varchar,
  model_version varchar, known_at date);
"""
# The newest school's district is where a pupil lives, as far as anybody knows.
PLACES = """
select e.child_key, arg_max(s.district, e.known_at) as district
from raw.siagie_enrollments as e
join (select lpad(codmod, 7, '0') as code, max(consulta_ubigeo) as district from raw.escale_schools group by 1) as s
  on s.code = lpad(e.cod_mod, 7, '0')
where e.child_key is not null group by 1
"""
COMPARED = ("unique_id", *ROLES, "first_given", "district")
CLEAN = "trim(regexp_replace(upper(strip_accents({0})), '[^A-Z ]+', '', 'g'))"


def linkable(contracts: list[Contract]) -> list[Contract]:
    """Return the contracts whose records name a person well enough to be linked."""
    return [contract for contract in contracts if set(ROLES) <= set(contract.link)]


def link(
    vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, contracts: list[Contract]
) -> Counter[str]:
    """Decide on every record that has no link yet; append to `vault.links`, then to `raw.record_links`.

    Vault first; what a crash left out of the warehouse is copied the next time. Links are never taken back.

    Args:
        vault: a throw-away database with the vault attached.
        warehouse: the warehouse.
        contracts: all contracts; those with the roles of `model.ROLES` take part.

    Returns:
        how many links and reviews are new.
    """
    vault.execute(DDL)
    chosen = linkable(contracts)
    found: Counter[str] = Counter()
    if prepare(vault, warehouse, chosen):
        _score(vault)
        _decide(vault)
        found.update(dict(vault.execute("select decision, count(*) from decided group by 1").fetchall()))
        vault.execute("insert into vault.links select * from decided order by source, file, line")
    _copy(vault, warehouse)
    return found


def _split(contract: Contract) -> tuple[list[str], list[str]]:
    """Return which roles the vault holds and which the warehouse does (dates of birth of pupils land there)."""
    vaulted = {column.link for column in contract.vaulted}
    return sorted(contract.link.keys() & vaulted), sorted(contract.link.keys() - vaulted)


def _written(
    vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, contract: Contract, known: bool
) -> str:
    """Return SQL for the compared columns of a source: of rows whose child is known, or of those where it is not."""
    in_vault, in_warehouse = _split(contract)
    key, group, shape = ("child_key", " group by child_key", "arg_max({}, known_at)") if known else (
        "_file, _line", "", "{}",
    )  # fmt: skip
    lent = [f"{shape.format(quoted(contract.link[role]))} as {role}" for role in in_warehouse]
    where = f"where child_key is {'not ' if known else ''}null"
    _lend(
        vault, warehouse, f"facts_{contract.table}",
        f"select {', '.join([key, *lent])} from raw.{contract.table} {where}{group}",
    )  # fmt: skip
    places = {role: f"v.{quoted(contract.link[role])}" for role in in_vault} | {r: f"f.{r}" for r in in_warehouse}
    compared = _compared(places)
    return (
        f"select '{contract.name}' as source, v._file as file, v._line as line, v.child_key, v.known_at, "
        f"{', '.join(compared)} from vault.{contract.table} as v left join facts_{contract.table} as f using ({key}) "
        f"where v.child_key is {'not ' if known else ''}null"
    )


def _compared(places: dict[str, str]) -> list[str]:
    """Return SQL for what is compared: names cleaned, the date of birth as text, the district if it is given."""
    names = [f"{CLEAN.format(places[role])} as {role}" for role in ROLES if role != "birth_date"]
    return [
        *names,
        f"cast({places['birth_date']} as varchar) as birth_date",
        f"{places.get('district', 'cast(null as varchar)')} as district",
    ]


def _lend(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Copy the rows of a query of the warehouse into a temporary table beside the vault."""
    vault.register("lent", warehouse.execute(sql).to_arrow_table())
    vault.execute(f"create or replace temp table {name} as select * from lent")
    vault.unregister("lent")


def prepare(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, chosen: list[Contract]) -> int:
    """Make `temp.records` and, if there are any, `temp.pupils`; return how many records wait for a link."""
    _records(vault, warehouse, chosen)
    (n,) = vault.execute("select count(*) from records").fetchone() or (0,)
    if n:
        _pupils(vault, warehouse, chosen)
        for side in ("pupils", "records"):
            vault.execute(f"create or replace temp view compared_{side} as select {', '.join(COMPARED)} from {side}")
    return n


def _records(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, chosen: list[Contract]) -> None:
    """Make `temp.records`: one row per record without a child that is not linked yet."""
    parts = " union all ".join(_written(vault, warehouse, contract, known=False) for contract in chosen)
    vault.execute(
        "create or replace temp table records as select concat_ws('/', source, file, line) as unique_id, *, "
        f"split_part(given_names, ' ', 1) as first_given from ({parts}) as r "
        "where not exists (select 1 from vault.links as l where l.decision = 'link' "
        "and l.source = r.source and l.file = r.file and l.line = r.line)"
    )


def _pupils(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, chosen: list[Contract]) -> None:
    """Make `temp.pupils`: one row per person and way in which it was ever written."""
    parts = " union all ".join(_written(vault, warehouse, contract, known=True) for contract in chosen)
    _lend(vault, warehouse, "pupil_places", PLACES)
    listed = ", ".join(ROLES)
    vault.execute(
        f"create or replace temp table pupils as with written as (select coalesce(m.merged_into, w.child_key) as "
        f"person_key, w.* from ({parts}) as w left join vault.merges as m using (child_key)) "
        f"select concat_ws('/', person_key, row_number() over (partition by person_key order by {listed})) as "
        f"unique_id, person_key, min(w.known_at) as known_at, {listed}, split_part(given_names, ' ', 1) as "
        "first_given, max(p.district) as district from written as w "
        f"left join pupil_places as p on p.child_key = w.person_key group by person_key, {listed}"
    )


def _score(vault: duckdb.DuckDBPyConnection) -> None:
    """Make `temp.scored`: the odds of each pair that the blocking rules bring together."""
    from splink import DuckDBAPI, Linker

    from warehouse.linkage import model

    logging.getLogger("splink").setLevel(logging.ERROR)  # its notes are about training
    (n,) = vault.execute("select count(distinct person_key) from pupils").fetchone() or (0,)
    api = DuckDBAPI(connection=vault)
    linker = Linker(
        [api.register("compared_pupils"), api.register("compared_records")], model.frozen(n), log_level=logging.ERROR
    )
    pairs = linker.inference.predict(threshold_match_weight=-10)
    vault.execute(
        f"create or replace temp table scored as select p.person_key, p.known_at as pupil_known_at, r.unique_id, "
        f"pow(2, s.match_weight) as odds from {pairs.physical_name} as s "
        "join pupils as p on p.unique_id = s.unique_id_l join records as r on r.unique_id = s.unique_id_r"
    )
    pairs.drop_table_from_database_and_remove_from_cache()


def _decide(vault: duckdb.DuckDBPyConnection) -> None:
    """Make `temp.decided`: links, and reviews that are new."""
    vault.execute(
        f"""
        create or replace temp table decided as
        with candidates as (
          select unique_id, person_key, max(odds) as odds, min(pupil_known_at) as pupil_known_at
          from scored group by all),
        shared as (
          select *, round(odds / (1 + sum(odds) over (partition by unique_id)), 6) as probability from candidates),
        best as (
          select * from shared where probability >= {REVIEW}
          qualify row_number() over (partition by unique_id order by probability desc, person_key) = 1),
        found as (
          select r.source, r.file, r.line, b.person_key as child_key, b.probability,
            case when b.probability >= {LINK} then 'link' else 'review' end as decision,
            '{VERSION}' as model_version, greatest(r.known_at, b.pupil_known_at) as known_at
          from best as b join records as r using (unique_id))
        select * from found as f where not exists (
          select 1 from vault.links as l where l.source = f.source and l.file = f.file and l.line = f.line
          and l.decision = f.decision)
        """
    )


def _copy(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Bring every link that the warehouse lacks into it, in one transaction; a review names no child there."""
    links = vault.execute(
        "select source, file, line, case when decision = 'link' then child_key end as child_key, probability, "
        "decision, model_version, known_at from vault.links order by all"
    ).to_arrow_table()
    warehouse.register("links", links)
    warehouse.execute(
        "insert into raw.record_links select * from links as l where not exists (select 1 from raw.record_links as r "
        "where r.source = l.source and r.file = l.file and r.line = l.line and r.decision = l.decision)"
    )
    warehouse.unregister("links")

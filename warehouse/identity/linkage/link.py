"""Linkage of records without a document number to pupils by name, date of birth and place, with probabilities.

A record belongs to one pupil or to none, so its candidates share the odds: twins with equal values get half each, and
a person decides. Decisions are delivered like any other data (`linkage.link_decisions`) and are final for the pair:
they link it or set it apart, and the other candidates share the odds again.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from warehouse.contracts import Contract
from warehouse.database import quoted
from warehouse.identity.linkage.model import ROLES, VERSION
from warehouse.identity.people import SAME_PERSON

LINK = 0.95  # from this probability on a record is linked
REVIEW = 0.30  # from this probability on a person decides; below, the record stays without a child
DDL = """
create table if not exists raw.child_merges (child_key bigint, merged_into bigint, known_at date);
alter table raw.child_merges add column if not exists known_until date;
create table if not exists raw.record_links (
  source varchar, file varchar, line bigint, child_key bigint, probability double, decision varchar,
  model_version varchar, known_at date);
create table if not exists raw.linked (n_deliveries bigint);
"""
VAULT_DDL = """
create table if not exists vault.links (
  source varchar, file varchar, line bigint, child_key bigint, probability double, decision varchar,
  model_version varchar, known_at date);
alter table vault.links add column if not exists birth_date varchar;
alter table vault.links add column if not exists district varchar;
alter table vault.links add column if not exists record_district varchar;
"""
# Decisions of people about candidates; existing links are never taken back.
APPEND_DECISIONS = """
insert into vault.links (
  source, file, line, child_key, probability, decision, model_version, known_at, birth_date, district, record_district)
select r.source, r.file, r.line, r.child_key, r.probability,
  case d.decision when 'VINCULAR' then 'link' else 'apart' end,
  'person', d.known_at, null, null, null
from vault.links as r join decisions as d on d.archivo = r.file and d.linea = r.line and d.nino = r.child_key
where r.decision = 'review' and d.decision in ('VINCULAR', 'SEPARAR') and not exists (
  select 1 from vault.links as l where l.source = r.source and l.file = r.file and l.line = r.line
  and (l.decision = 'link' or l.child_key = r.child_key and l.decision = 'apart' and d.decision = 'SEPARAR'))
"""
# The newest decision on each pair.
DECISIONS = """
select archivo, linea, nino, upper(decision) as decision, known_at from raw.link_decisions
qualify row_number() over (
  partition by archivo, linea, nino order by known_at desc, _delivered_at desc, _file desc, _line desc) = 1
"""
# A pupil's district, assumed to be that of the newest school.
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
    """Return the contracts with all columns that linkage needs."""
    return [contract for contract in contracts if set(ROLES) <= set(contract.link)]


def link(
    vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, contracts: list[Contract]
) -> Counter[str]:
    """Decide on every record without a link; append to `vault.links`, then to `raw.record_links`.

    The vault is written first; the next call copies links that a crash kept out of the warehouse. Links are final.

    Args:
        vault: a throw-away database with the vault attached.
        warehouse: the warehouse.
        contracts: all contracts; those with the roles of `model.ROLES` are linked.

    Returns:
        the number of new links and reviews.
    """
    vault.execute(VAULT_DDL)
    _append_decisions(vault, warehouse)
    chosen = linkable(contracts)
    decisions: Counter[str] = Counter()
    if prepare(vault, warehouse, chosen):
        _score(vault)
        _decide(vault)
        decisions.update(dict(vault.execute("select decision, count(*) from decided group by 1").fetchall()))
        vault.execute("insert into vault.links by name select * from decided order by source, file, line")
    _forget_evidence(vault)
    _copy(vault, warehouse)
    return decisions


def _append_decisions(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Append people's decisions on reviews; a decision about a child that is no candidate is ignored."""
    vault.register("decisions", warehouse.execute(DECISIONS).to_arrow_table())
    vault.execute(APPEND_DECISIONS)
    vault.unregister("decisions")


class Roles(NamedTuple):
    """The roles of a contract's columns, by the database that holds them."""

    vault: list[str]
    warehouse: list[str]  # such as the dates of birth of pupils


def _roles(contract: Contract) -> Roles:
    """Return the roles of a contract's columns."""
    vaulted = {column.link for column in contract.vaulted}
    return Roles(sorted(contract.link.keys() & vaulted), sorted(contract.link.keys() - vaulted))


@dataclass(frozen=True)
class Side:
    """One side of the comparison: rows of known children, or records without a child."""

    key: str  # columns that join the vault's rows with the warehouse's
    where: str
    fact: str  # SQL of a fact of the warehouse, with a place for its column
    group: str


KNOWN = Side("child_key", "child_key is not null", "arg_max({}, known_at)", " group by child_key")
UNKNOWN = Side("_file, _line", "child_key is null", "{}", "")


def _rows_sql(
    vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, contract: Contract, side: Side
) -> str:
    """Return SQL for the compared columns of a source's rows on one side."""
    roles = _roles(contract)
    facts = f"facts_{contract.table}"
    columns = [f"{side.fact.format(quoted(contract.link[role]))} as {role}" for role in roles.warehouse]
    _lend(
        vault,
        warehouse,
        facts,
        f"select {', '.join([side.key, *columns])} from raw.{contract.table} where {side.where}{side.group}",
    )
    expressions = {role: f"v.{quoted(contract.link[role])}" for role in roles.vault}
    expressions |= {role: f"f.{role}" for role in roles.warehouse}
    return (
        f"select '{contract.name}' as source, v._file as file, v._line as line, v.child_key, v.known_at, "
        f"{', '.join(_compared(expressions))} from vault.{contract.table} as v "
        f"left join {facts} as f using ({side.key}) where v.{side.where}"
    )


def _compared(expressions: dict[str, str]) -> list[str]:
    """Return SQL of the compared columns: names cleaned, the date of birth as text, the district where given."""
    names = [f"{CLEAN.format(expressions[role])} as {role}" for role in ROLES if role != "birth_date"]
    return [
        *names,
        f"cast({expressions['birth_date']} as varchar) as birth_date",
        f"{expressions.get('district', 'cast(null as varchar)')} as district",
    ]


def _lend(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    """Copy the rows of a query of the warehouse into a temporary table beside the vault."""
    vault.register("lent", warehouse.execute(sql).to_arrow_table())
    vault.execute(f"create or replace temp table {name} as select * from lent")
    vault.unregister("lent")


def prepare(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, chosen: list[Contract]) -> int:
    """Create `temp.records` and, if it has rows, `temp.pupils`; return the number of records to link."""
    _records(vault, warehouse, chosen)
    (n,) = vault.execute("select count(*) from records").fetchone() or (0,)
    if n:
        _pupils(vault, warehouse, chosen)
        for side in ("pupils", "records"):
            vault.execute(f"create or replace temp view compared_{side} as select {', '.join(COMPARED)} from {side}")
    return n


def _records(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, chosen: list[Contract]) -> None:
    """Create `temp.records`: one row per record without a child and without a link."""
    parts = " union all ".join(_rows_sql(vault, warehouse, contract, UNKNOWN) for contract in chosen)
    vault.execute(
        "create or replace temp table records as select concat_ws('/', source, file, line) as unique_id, *, "
        f"split_part(given_names, ' ', 1) as first_given from ({parts}) as r "
        "where not exists (select 1 from vault.links as l where l.decision = 'link' "
        "and l.source = r.source and l.file = r.file and l.line = r.line)"
    )


def _pupils(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection, chosen: list[Contract]) -> None:
    """Create `temp.pupils`: one row per person and spelling."""
    parts = " union all ".join(_rows_sql(vault, warehouse, contract, KNOWN) for contract in chosen)
    _lend(vault, warehouse, "pupil_places", PLACES)
    listed = ", ".join(ROLES)
    vault.execute(
        f"create or replace temp table pupils as with written as (select coalesce(m.merged_into, w.child_key) as "
        f"person_key, w.* from ({parts}) as w left join {SAME_PERSON} as m using (child_key)) "
        f"select concat_ws('/', person_key, row_number() over (partition by person_key order by {listed})) as "
        f"unique_id, person_key, min(w.known_at) as known_at, {listed}, split_part(given_names, ' ', 1) as "
        "first_given, max(p.district) as district from written as w "
        f"left join pupil_places as p on p.child_key = w.person_key group by person_key, {listed}"
    )


def _score(vault: duckdb.DuckDBPyConnection) -> None:
    """Create `temp.scored`: the odds of each pair of the blocking rules."""
    from splink import DuckDBAPI, Linker

    from warehouse.identity.linkage import model

    logging.getLogger("splink").setLevel(logging.ERROR)  # its notes are about training
    (n,) = vault.execute("select count(distinct person_key) from pupils").fetchone() or (0,)
    api = DuckDBAPI(connection=vault)
    linker = Linker(
        [api.register("compared_pupils"), api.register("compared_records")], model.frozen(n), log_level=logging.ERROR
    )
    pairs = linker.inference.predict(threshold_match_weight=-10)
    vault.execute(
        f"create or replace temp table scored as select p.person_key, p.known_at as pupil_known_at, p.birth_date, "
        f"p.district, r.unique_id, pow(2, s.match_weight) as odds from {pairs.physical_name} as s "
        "join pupils as p on p.unique_id = s.unique_id_l join records as r on r.unique_id = s.unique_id_r"
    )
    pairs.drop_table_from_database_and_remove_from_cache()


def _decide(vault: duckdb.DuckDBPyConnection) -> None:
    """Create `temp.decided`: links, and reviews of records without an open one; pairs set apart are left out."""
    vault.execute(
        f"""
        create or replace temp table decided as
        with apart as (
          select concat_ws('/', l.source, l.file, l.line) as unique_id,
            coalesce(m.merged_into, l.child_key) as person_key, l.known_at
          from vault.links as l left join {SAME_PERSON} as m using (child_key) where l.decision = 'apart'),
        candidates as (
          select unique_id, person_key, max(odds) as odds, min(pupil_known_at) as pupil_known_at,
            arg_max(birth_date, odds) as birth_date, arg_max(district, odds) as district
          from scored anti join apart using (unique_id, person_key) group by all),
        shared as (
          select *, round(odds / (1 + sum(odds) over (partition by unique_id)), 6) as probability from candidates),
        best as (
          select * from shared where probability >= {REVIEW}
          qualify row_number() over (partition by unique_id order by probability desc, person_key) = 1),
        waiting as (
          select concat_ws('/', r.source, r.file, r.line) as unique_id from vault.links as r
          where r.decision = 'review' and not exists (
            select 1 from vault.links as l where l.source = r.source and l.file = r.file and l.line = r.line
            and l.child_key = r.child_key and l.decision = 'apart')),
        last_apart as (select unique_id, max(known_at) as known_at from apart group by 1),
        decisions as (
          select r.unique_id, r.source, r.file, r.line, b.person_key as child_key, b.probability,
            case when b.probability >= {LINK} then 'link' else 'review' end as decision, '{VERSION}' as model_version,
            greatest(r.known_at, b.pupil_known_at, a.known_at) as known_at,
            b.birth_date, b.district, r.district as record_district
          from best as b join records as r using (unique_id) left join last_apart as a using (unique_id))
        select * exclude (unique_id) from decisions
        where decision = 'link' or unique_id not in (select unique_id from waiting)
        """
    )


def _forget_evidence(vault: duckdb.DuckDBPyConnection) -> None:
    """Delete the evidence of reviews that are decided."""
    vault.execute(
        "update vault.links as v set birth_date = null, district = null, record_district = null "
        "where birth_date is not null and (decision = 'link' or exists (select 1 from vault.links as l "
        "where l.source = v.source and l.file = v.file and l.line = v.line "
        "and (l.decision = 'link' or l.decision = 'apart' and l.child_key = v.child_key)))"
    )


def _copy(vault: duckdb.DuckDBPyConnection, warehouse: duckdb.DuckDBPyConnection) -> None:
    """Copy the links that the warehouse lacks, in one transaction; a review names no child there."""
    links = vault.execute(
        "select source, file, line, case when decision = 'link' then child_key end as child_key, probability, "
        "decision, model_version, known_at from vault.links order by all"
    ).to_arrow_table()
    warehouse.register("links", links)
    warehouse.execute(
        "insert into raw.record_links by name select * from links as l where not exists ("
        "select 1 from raw.record_links as r where r.source = l.source and r.file = l.file and r.line = l.line "
        "and r.decision = l.decision and r.known_at = l.known_at)"
    )
    warehouse.unregister("links")

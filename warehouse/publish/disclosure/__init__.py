"""What may be seen of groups of people: decided once per count, kept for ever, and tried as an attacker would."""

from __future__ import annotations

import duckdb

from warehouse import database
from warehouse.publish.disclosure import indicators, published, totals

DDL = """
create table if not exists raw.official_cells (
  school_year integer, department_code varchar, level varchar, indicator varchar, n_pupils bigint, n_cases bigint,
  is_hidden boolean, decided_on date, primary key (school_year, department_code, level, indicator));
create table if not exists raw.official_groups (
  school_year integer, level varchar, indicator varchar, group_name varchar, n_pupils bigint, n_cases bigint,
  is_hidden boolean, decided_on date, primary key (school_year, level, indicator, group_name));
create table if not exists raw.official_ugels (
  school_year integer, department_code varchar, ugel_code varchar, level varchar, indicator varchar, n_pupils bigint,
  n_cases bigint, is_hidden boolean, decided_on date,
  primary key (school_year, department_code, ugel_code, level, indicator));
create table if not exists raw.official_department_groups (
  school_year integer, department_code varchar, level varchar, indicator varchar, group_name varchar, n_pupils bigint,
  n_cases bigint, is_hidden boolean, decided_on date,
  primary key (school_year, department_code, level, indicator, group_name));
create table if not exists raw.official_ugel_groups (
  school_year integer, department_code varchar, ugel_code varchar, level varchar, indicator varchar,
  group_name varchar, n_pupils bigint, n_cases bigint, is_hidden boolean, decided_on date,
  primary key (school_year, department_code, ugel_code, level, indicator, group_name));
create table if not exists raw.official_districts (
  school_year integer, district_code varchar, level varchar, n_pupils bigint, n_withdrawn bigint, n_over_age bigint,
  n_dropouts bigint, decided_on date, primary key (school_year, district_code, level));
create table if not exists raw.operations_totals (
  school_year integer, department_code varchar, level varchar, n_pupils bigint, n_dropouts bigint,
  n_districts integer, decided_on date, primary key (school_year, department_code, level));
create table if not exists raw.official_effects (
  support_code varchar, outcome varchar, judged_on date, n_served integer, share_served double, share_without double,
  effect double, effect_low double, effect_high double, e_value double, e_value_of_limit double, is_shown boolean,
  shown_on date);
alter table raw.official_effects add column if not exists smallest_visible_effect double;
"""


def decide_all(db: duckdb.DuckDBPyConnection) -> int:
    """Decide on every count that was not decided before, and keep it for ever; return how many rows."""
    return indicators.decide_new(db) + published.decide_new(db) + totals.decide_new(db)


def keep_effects(db: duckdb.DuckDBPyConnection) -> None:
    """Keep what officials are about to see of the effects of services; they are new figures on every day judged."""
    built = "select 1 from duckdb_tables() where schema_name = 'officials' and table_name = 'program_effects'"
    if not database.column(db, built):
        return
    shown = (
        "support_code, outcome, judged_on, n_served, share_served, share_without, effect, effect_low, effect_high, "
        "smallest_visible_effect, e_value, e_value_of_limit, is_shown"
    )
    db.execute(
        f"insert into raw.official_effects by name select *, (select today from raw.calendar) as shown_on from "
        f"(select {shown} from officials.program_effects except select {shown} from raw.official_effects)"
    )

"""A value can be told by a condition as by a column: each kind of condition, on a key, on protection data, on neither."""

from __future__ import annotations

from typing import Any

import pytest

from tests.build.test_firewall import CASES, PUPILS, by_name, model
from warehouse import database
from warehouse.build import allowed, compiling, conditions, firewall
from warehouse.build.column_lineage import ColumnLineage
from warehouse.build.conditions import Conditions
from warehouse.pipeline import tables
from warehouse.progress import Progress
from warehouse.settings import Home

STAGED = model(
    "staging",
    "stg_pupils",
    "select child_key, school, age, _file, _line from raw.pupils",
    "child_key school age _file _line",
)
STAGED_CASES = model("staging", "stg_cases", "select school, age from raw.cases", "school age")
STAGED_CASES["depends_on"]["nodes"] = ["source.q.cases"]
# Kinds of conditions on {c} of a table t: where, having, joins, subqueries, parts of rows, orders, groups, sets.
KINDS = {
    "where": "select school, count(*) as n from {t} as t where t.{c} > 7 group by 1",
    "where a digit": "select school, count(*) as n from {t} as t where t.{c} % 10 = 3 group by 1",
    "between": "select school, count(*) as n from {t} as t where t.{c} between 1 and 7 group by 1",
    "like": "select school, count(*) as n from {t} as t where t.{c}::varchar like '7%' group by 1",
    "in a list": "select school, count(*) as n from {t} as t where t.{c} in (1, 7) group by 1",
    "not": "select school, count(*) as n from {t} as t where not (t.{c} = 7 or t.school is null) group by 1",
    "having": "select school, count(*) as n from {t} as t group by 1 having max(t.{c}) > 7",
    "qualify": "select school, 1 as n from {t} as t qualify row_number() over (partition by school order by t.{c}) = 1",
    "join": "select s.school, 1 as n from {t} as t inner join staging.stg_schools as s on s.places = t.{c}",
    "join a digit": "select s.school, 1 as n from staging.stg_schools as s left join {t} as t on t.{c} % 9 = s.places",
    "semi join": "select s.school, 1 as n from staging.stg_schools as s semi join {t} as t on s.places = t.{c}",
    "anti join": "select s.school, 1 as n from staging.stg_schools as s anti join {t} as t on s.places = t.{c}",
    "using": "select school, 1 as n from (select places as {c}, school as s from staging.stg_schools) as x "
             "join {t} as t using ({c})",
    "in": "select s.school, 1 as n from staging.stg_schools as s where s.places in (select t.{c} from {t} as t)",
    "in a digit": "select s.school, 1 as n from staging.stg_schools as s where s.places in (select {c} % 9 from {t})",
    "not in": "select s.school, 1 as n from staging.stg_schools as s where s.places not in (select t.{c} from {t} as t)",
    "in pairs": "select s.school, 1 as n from staging.stg_schools as s "
                "where (s.school, s.places) in (select (t.school, t.{c}) from {t} as t)",
    "exists": "select s.school, 1 as n from staging.stg_schools as s "
              "where exists (select 1 from {t} as t where t.{c} = s.places)",
    "a query": "select s.school, 1 as n from staging.stg_schools as s where s.places < (select max(t.{c}) from {t} as t)",
    "any": "select s.school, 1 as n from staging.stg_schools as s where s.places = any (select t.{c} from {t} as t)",
    "counted rows": "select school, (select count(*) from {t} as o where o.{c} < 7) as n from {t} as t",
    "filter": "select school, count(*) filter (where t.{c} > 7) as n from {t} as t group by 1",
    "count if": "select school, count_if(t.{c} = 7) as n from {t} as t group by 1",
    "case": "select school, sum(case when t.{c} > 7 then 1 else 0 end) as n from {t} as t group by 1",
    "case of": "select school, sum(case t.{c} when 7 then 1 else 0 end) as n from {t} as t group by 1",
    "if": "select school, sum(if(t.{c} > 7, 1, 0)) as n from {t} as t group by 1",
    "bool": "select school, bool_or(t.{c} = 7)::int as n from {t} as t group by 1",
    "order": "select school, 1 as n from {t} as t order by t.{c} limit 5",
    "order of an inner query": "select school, 1 as n from (select school, {c} as o from {t} order by o limit 5)",
    "order by place": "select school, 1 as n from (select {c} as o, school from {t} order by 1 limit 5)",
    "order by all": "select school, 1 as n from (select {c} as o, school from {t} order by all limit 5)",
    "limit": "select school, 1 as n from {t} as t limit (select max(o.{c}) % 9 from {t} as o)",
    "window order": "select school, row_number() over (partition by school order by t.{c}) as n from {t} as t",
    "window part": "select school, count(*) over (partition by t.{c} % 9) as n from {t} as t",
    "aggregate order": "select string_agg(school, ',' order by t.{c}) as school, 1 as n from {t} as t",
    "max by": "select max_by(school, t.{c}) as school, 1 as n from {t} as t",
    "group": "select min(school) as school, count(*) as n from {t} as t group by t.{c} % 9",
    "distinct on": "select distinct on (t.{c} % 9) school, 1 as n from {t} as t",
    "counted digits": "select school, count(distinct t.{c} % 9) as n from {t} as t group by 1",
    "intersect": "select count(*) as n, 'a' as school from (select places as x from staging.stg_schools intersect select {c} from {t})",
    "except": "select count(*) as n, 'a' as school from (select places as x from staging.stg_schools except select {c} from {t})",
    "union": "select count(*) as n, 'a' as school from (select places as x from staging.stg_schools union select {c} from {t})",
    "recursive": "with recursive r as (select 0 as a, 0 as b, {c} as o, school from {t} union all "
                 "select b, o, o, school from r where b < 3) select school, 1 as n from r where a = 7",
    "natural": "select t.school, 1 as n from {t} as t natural join staging.stg_schools as s",
    "lateral": "select t.school, l.n from {t} as t cross join lateral (select count(*) as n from {t} as o where o.{c} < t.{c}) as l",
    "distinct": "select 'a' as school, count(*) as n from (select distinct {c} % 9 as d from {t})",
    "group by all": "select 'a' as school, n from (select {c} % 9 as d, count(*) as n from {t} group by all)",
    "group by place": "select 'a' as school, n from (select {c} % 9 as d, count(*) as n from {t} group by 1)",
    "group by name": "select 'a' as school, n from (select {c} % 9 as d, count(*) as n from {t} group by d)",
    "grouping sets": "select min(school) as school, count(*) as n from {t} as t group by grouping sets ((t.{c} % 9), ())",
    "rollup": "select min(school) as school, count(*) as n from {t} as t group by rollup (t.{c} % 9)",
    "in a row": "select school, 1 as n from {t} as t where (t.{c}, 1) = (7, 1)",
    "in a struct": "select school, 1 as n from {t} as t where {{'a': t.{c}}} = {{'a': 7}}",
    "in a list of values": "select school, 1 as n from {t} as t where list_contains([1, 7], t.{c})",
    "null for one": "select school, count(nullif(t.{c}, 7)) as n from {t} as t group by 1",
    "null where it is large": "select school, 1 as n from {t} as t where try_cast(t.{c} as tinyint) is null",
    "unlike": "select school, 1 as n from {t} as t where t.{c} is distinct from 7",
    "asof": "select t.school, 1 as n from {t} as t asof join staging.stg_schools as s on t.{c} >= s.places",
    "values": "select school, 1 as n from {t} as t join (values (1), (7)) as v(k) on v.k = t.{c}",
    "so many rows": "select t.school, 1 as n from {t} as t cross join unnest(range(t.{c} % 9)) as u(i)",
    "so many selected rows": "select school, 1 as n from (select school, unnest(range({c} % 9)) as i from {t})",
    "so many rows aside": "select t.school, 1 as n from {t} as t cross join lateral (select unnest(range(t.{c} % 9)) as i) as u",
    "window frame": "select school, count(*) over (order by school rows between t.{c} preceding and current row) as n from {t} as t",
    "named window": "select school, row_number() over w as n from {t} as t window w as (order by t.{c})",
    "filtered list": "select school, len(list_filter(list(t.{c}), x -> x > 7)) as n from {t} as t group by 1",
}  # fmt: skip
UNNAMED = {"natural", "order by all"}  # refused whatever the column is: none is named
SCHOOLS = model("staging", "stg_schools", "select school, age as places from raw.pupils", "school places")
WHERES = ("mart", "inner")


def breaches(sql: str, place: str, schema: str = "officials") -> list[str]:
    """Judge a query that is a mart, or a model that a mart counts."""
    reads = ("stg_pupils", "stg_cases", "stg_schools")
    if "staging.stg_cases" not in sql:
        reads = ("stg_pupils", "stg_schools")
    nodes = [PUPILS, CASES, STAGED, STAGED_CASES, SCHOOLS]
    if place == "mart":
        return firewall.breaches(by_name(*nodes, model(schema, "m", sql, "school n", reads)))
    inner = model("intermediate", "int_m", sql, "school n", reads)
    mart = model(schema, "m", "select count(*) as n from intermediate.int_m", "n", ("int_m",))
    return firewall.breaches(by_name(*nodes, inner, mart))


@pytest.mark.parametrize("place", WHERES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_condition_on_a_key_is_refused_with_its_way(kind: str, place: str) -> None:
    if kind == "filtered list":  # which is a value, and told where it is selected
        place = "mart"
    told = breaches(KINDS[kind].format(t="staging.stg_pupils", c="child_key"), place)
    assert told
    if kind not in UNNAMED:
        assert "raw.pupils.child_key" in told[0]
        assert told[0].startswith("  officials.m")


@pytest.mark.parametrize("place", WHERES)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNNAMED])
def test_the_same_condition_on_what_names_nobody_passes(kind: str, place: str) -> None:
    assert breaches(KINDS[kind].format(t="staging.stg_pupils", c="age"), place) == []


@pytest.mark.parametrize("schema", ["officials", "education", "operations"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_condition_on_protection_data_is_refused(kind: str, schema: str) -> None:
    for place in WHERES:
        told = breaches(KINDS[kind].format(t="staging.stg_cases", c="age"), place, schema)
        assert any("staging.stg_cases <- raw.cases" in one and f"  {schema}.m <- " in one for one in told)


LEDGER = PUPILS | {
    "schema": "raw", "name": "deliveries", "identifier": "deliveries", "source_name": "landing",
    "unique_id": "source.q.deliveries", "columns": dict.fromkeys(("school", "accepted_rows", "period")),
}  # fmt: skip
LINES = LEDGER | {"schema": "quarantine", "name": "rows", "identifier": "rows", "unique_id": "source.q.lines"}


def of_ledger(sql: str, schema: str = "operations") -> list[str]:
    """Judge a mart on the ledger of files, which counts rows of every source."""
    inner = model("intermediate", "int_l", sql, "school n", ("stg_schools",))
    inner["depends_on"]["nodes"] += (
        ["source.q.deliveries", "source.q.lines"] if "quarantine" in sql else [LEDGER["unique_id"]]
    )
    mart = model(schema, "m", "select school, n from intermediate.int_l", "school n", ("int_l",))
    return firewall.breaches(by_name(PUPILS, SCHOOLS, LEDGER, LINES, inner, mart))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in UNNAMED])
def test_how_many_rows_came_is_told_by_no_condition(kind: str) -> None:
    told = of_ledger(KINDS[kind].format(t="raw.deliveries", c="accepted_rows"))
    assert any("raw.deliveries.accepted_rows" in one for one in told)
    assert of_ledger(KINDS[kind].format(t="raw.deliveries", c="period")) == []


@pytest.mark.parametrize("schema", firewall.CLOSED_TO_PROTECTION)
def test_rows_of_protection_are_counted_by_no_other_model(schema: str) -> None:
    """By the numbers of the ledger, sums of them, and by lines in quarantine."""
    for value in ("accepted_rows", "sum(accepted_rows) over ()", "(accepted_rows > 3)::int"):
        told = of_ledger(f"select school, {value} as n from raw.deliveries", schema)
        assert any(f"{schema}.m" in one and "raw.deliveries.accepted_rows" in one for one in told)
    (told,) = of_ledger("select 'a' as school, count(*) as n from quarantine.rows", schema)
    assert f"{schema}.m <- intermediate.int_l <- quarantine.rows: it counts rows of protection" in told


def test_the_models_that_tell_rows_rounded_pass() -> None:
    teller = model("operations", "deliveries", "select school, accepted_rows as n from raw.deliveries", "school n")
    teller["depends_on"]["nodes"] += ["source.q.deliveries"]
    mart = model("officials", "m", "select n from operations.deliveries where n > 10", "n", ("deliveries",))
    assert firewall.breaches(by_name(PUPILS, LEDGER, teller, mart)) == []


@pytest.mark.parametrize(
    "sql",
    ["select a.school, count(*) as n from {t} as a join {t} as b on a.child_key = b.child_key group by 1",
     "select school, 1 as n from {t} as a semi join {t} as b using (child_key)",
     "select school, 1 as n from {t} where child_key in (select child_key from {t})",
     "select school, 1 as n from {t} where (child_key, school) in (select (child_key, school) from {t})",
     "select school, 1 as n from {t} as a where exists (select 1 from {t} as b where a.child_key = b.child_key)",
     "select school, count(distinct child_key) as n from {t} where child_key is not null group by 1",
     "select school, count(*) as n from (select child_key, max(school) as school from {t} group by child_key) group by 1",
     "select school, row_number() over (partition by child_key order by age) as n from {t}",
     "select count(*) as n, 'a' as school from (select child_key from {t} intersect select child_key from {t})",
     "select count(*) as n, 'a' as school from (select distinct child_key, school from {t})",
     "select a.school, 1 as n from {t} as a left join {t} as b on a.child_key = b.child_key left join {t} as c "
     "on coalesce(b.child_key, a.child_key)::varchar = c.child_key::varchar",
     "select school, row_number() over (partition by school order by age, _file, _line) as n from {t}"],
)  # fmt: skip
@pytest.mark.parametrize("place", WHERES)
def test_which_keys_are_the_same_may_be_asked(sql: str, place: str) -> None:
    assert breaches(sql.format(t="staging.stg_pupils"), place) == []


@pytest.mark.parametrize(
    "sql",
    ["select school, 1 as n from {t} where child_key = 7 + child_key - child_key",
     "select a.school, 1 as n from {t} as a join (select 7 + child_key - child_key as k from {t}) as b on a.child_key = b.k",
     "select a.school, 1 as n from {t} as a join {t} as b on a.child_key = coalesce(b.child_key, 7)",
     "select a.school, 1 as n from {t} as a join {t} as b on a.child_key = b._line",
     "select a.school, 1 as n from {t} as a join {t} as b on try_cast(a.child_key as tinyint) = b.child_key",
     "select school, count(distinct coalesce(child_key, 7)) as n from {t} group by 1",
     "select school, 1 as n from {t} where (child_key, 7) in (select (age, child_key) from {t})",
     "select school, row_number() over (partition by school order by _line) as n from {t}",
     "select school, row_number() over (partition by school order by age, child_key) as n from {t}"],
)  # fmt: skip
@pytest.mark.parametrize("place", WHERES)
def test_what_only_looks_like_comparing_keys_is_refused(sql: str, place: str) -> None:
    assert breaches(sql.format(t="staging.stg_pupils"), place)


def test_the_condition_is_told_with_the_way_to_it_and_from_it() -> None:
    (told,) = breaches("select school, 1 as n from staging.stg_pupils as t where t.child_key > 7", "inner")
    assert told == (
        "  officials.m <- intermediate.int_m <- «t.child_key > 7» <- staging.stg_pupils.child_key <- raw.pupils.child_key: "
        "officials may not learn it so"
    )


def test_education_may_order_the_children_of_its_lists() -> None:
    assert (
        breaches("select school, 1 as n from staging.stg_pupils order by child_key limit 5", "mart", "education") == []
    )


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Every model of the project as it compiles."""
    home = Home(tmp_path_factory.mktemp("shipped") / "home")
    home.claim("real")
    with database.warehouse(home) as db:
        tables.prepare(db)
    return compiling.compiled(home, Progress(quiet=True))


@pytest.fixture(scope="module")
def lineage(shipped: dict[str, Any]) -> ColumnLineage:
    return ColumnLineage(list(shipped.values()), firewall.pseudonyms())


def test_what_is_shipped_breaks_nothing(shipped: dict[str, Any]) -> None:
    assert firewall.breaches(shipped) == []


def test_each_order_that_a_key_ends_is_still_there(lineage: ColumnLineage) -> None:
    asked = Conditions(lineage, ())
    relations = list(lineage.models)
    ends = [(relation, way[-1].split(".")[-1]) for relation in relations for _, way in asked.telling(relation)]
    keys = {(relation, conditions.SAME.get(name, name)) for relation, name in ends}
    assert {(("*", key) if ("*", key) in allowed.TIES else (relation, key)) for relation, key in keys} == set(
        allowed.TIES
    )
    assert all(len(reason) > 30 for reason in allowed.TIES.values())


def test_each_teller_still_reads_how_many_rows_came(lineage: ColumnLineage) -> None:
    counts = lineage.looking_for(firewall.ROW_COUNTS)
    for teller, how in allowed.TELLERS.items():
        ways = filter(None, (counts.way(teller, column) for column in counts.columns(teller)))
        assert next(ways, None) or firewall.LINES in counts.tables(teller), teller
        assert len(how) > 30

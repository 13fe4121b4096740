"""The firewall by lineage: whatever a column is called, a pseudonym reaches no mart that counts children."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from warehouse.build import firewall
from warehouse.build.column_lineage import ColumnLineage
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import Home

SOURCES = ("source.q.pupils",)


def model(schema: str, name: str, sql: str, columns: str, reads: tuple[str, ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "resource_type": "model", "language": "sql", "schema": schema, "name": name, "alias": name,
        "unique_id": f"model.q.{name}", "columns": dict.fromkeys(columns.split()), "compiled_code": sql,
        "depends_on": {"nodes": [*(f"model.q.{one}" for one in reads), *SOURCES]}, "config": {"meta": {}},
        "raw_code": sql,
    } | more  # fmt: skip


PUPILS = {
    "resource_type": "source", "schema": "raw", "name": "pupils", "identifier": "pupils", "source_name": "siagie",
    "unique_id": "source.q.pupils", "columns": dict.fromkeys(("school", "sex", "age")), "config": {"meta": {}},
}  # fmt: skip
CASES = PUPILS | {
    "name": "cases",
    "identifier": "cases",
    "source_name": "protection_cases",
    "unique_id": "source.q.cases",
}
STAGED = model("staging", "stg_pupils", "select child_key as k, school, sex from raw.pupils", "k school sex")
MIDDLE = model(
    "intermediate", "int_pupils",
    "with s as (select * from staging.stg_pupils), t as (select k as pupil, school from s union all "
    "select k, school from s) select pupil, school from t", "pupil school", ("stg_pupils",),
)  # fmt: skip


def ways(sql: str, columns: str) -> dict[str, tuple[str, ...] | None]:
    """Return the way of each column of a mart made by a query."""
    mart = model("officials", "mart", sql, columns)
    lineage = ColumnLineage([PUPILS, STAGED, MIDDLE, mart], firewall.pseudonyms())
    return {column: lineage.way("officials.mart", column) for column in columns.split()}


FROM = "from intermediate.int_pupils as p"


@pytest.mark.parametrize(
    "value",
    ["p.pupil", "cast(p.pupil as varchar)", "'N-' || p.pupil", "coalesce(p.pupil, 0)", "p.pupil + 1", "md5(p.pupil::varchar)",
     "case when p.school = 'a' then p.pupil end", "case when p.school = 'a' then 0 else p.pupil end",
     "max(p.pupil) over (partition by p.school)", "lag(p.pupil) over (order by p.school)",
     "(select max(q.pupil) from intermediate.int_pupils as q)", "{'a': p.pupil}", "[p.pupil]", "hash(p.pupil)",
     "if(p.school = 'a', p.pupil, 0)", "p.pupil % 1000"],
)  # fmt: skip
def test_a_pseudonym_is_found_under_any_name(value: str) -> None:
    found = ways(f"select p.school, {value} as n_children {FROM}", "school n_children")
    assert found["school"] is None
    way = found["n_children"]
    assert way is not None
    assert way[0] == "officials.mart.n_children"
    assert way[-1] == "raw.pupils.child_key"
    assert "intermediate.int_pupils.pupil" in way
    assert "staging.stg_pupils.k" in way


@pytest.mark.parametrize(
    "value",
    ["min(p.pupil)", "any_value(p.pupil)", "sum(p.pupil)", "avg(p.pupil)", "list(p.pupil)", "string_agg(p.pupil, ',')",
     "arg_max(p.pupil, p.school)", "max_by(p.pupil, p.school)", "median(p.pupil)", "bit_xor(p.pupil)",
     "max(p.pupil) filter (where p.school = 'a')"],
)  # fmt: skip
def test_an_aggregate_of_pseudonyms_tells_one(value: str) -> None:
    assert ways(f"select p.school, {value} as n {FROM} group by 1", "school n")["n"] is not None


@pytest.mark.parametrize(
    "value",
    ["count(*)", "count(p.pupil)", "count(distinct p.pupil)", "count(*) filter (where p.pupil > 7)",
     "max(p.school) filter (where p.pupil is not null)", "max_by(p.school, p.pupil)",
     "sum(case when p.pupil > 7 then 1 else 0 end)", "bool_or(p.pupil in (1, 2))", "count_if(p.pupil = 7)",
     "string_agg(p.school, ',' order by p.pupil)"],
)  # fmt: skip
def test_what_counts_children_names_none(value: str) -> None:
    assert ways(f"select p.school, {value} as n {FROM} group by 1", "school n")["n"] is None


@pytest.mark.parametrize(
    "sql",
    ["select school, n from (select school, pupil as n from intermediate.int_pupils) as s",
     "with a as (select * from intermediate.int_pupils), b as (select a.pupil as n, a.school from a) select school, n from b",
     "select school, n from intermediate.int_pupils as p cross join lateral (select p.pupil as n) as l",
     "select school, 0 as n from intermediate.int_pupils union all select school, pupil from intermediate.int_pupils",
     "select a.school, b.pupil as n from intermediate.int_pupils as a join intermediate.int_pupils as b using (school)",
     "select school, unnest(list(pupil)) as n from intermediate.int_pupils group by 1"],
)  # fmt: skip
def test_a_pseudonym_is_followed_through_queries(sql: str) -> None:
    assert ways(sql, "school n")["n"] is not None


def test_the_line_of_a_file_is_a_childs() -> None:
    """With the file's name it leads to the child; the file's name alone, and how many lines there are, do not."""
    mart = model(
        "operations", "m", "select _file, max(_line) as at, count(_line) as n from raw.pupils group by 1", "_file at n"
    )
    lineage = ColumnLineage([PUPILS, mart], firewall.pseudonyms())
    assert lineage.way("operations.m", "at") == ("operations.m.at", "raw.pupils._line")
    assert lineage.way("operations.m", "_file") is None
    assert lineage.way("operations.m", "n") is None


def test_what_a_macro_asks_while_it_is_compiled_is_refused() -> None:
    node = model("officials", "m", "select 1 as n", "n", asked=["select count(*)\n from protection.caseload"])
    (told,) = firewall.breaches(by_name(PUPILS, node))
    assert "asks the database while it is compiled (select count(*) from protection.caseload)" in told


def test_a_python_model_passes_what_it_reads_under_the_same_name() -> None:
    scored = model("scores", "scored", "python", "pupil risk", ("int_pupils",), language="python")
    mart = model("officials", "mart", "select pupil as n, risk from scores.scored", "n risk")
    lineage = ColumnLineage([PUPILS, STAGED, MIDDLE, scored, mart], firewall.pseudonyms())
    assert lineage.way("officials.mart", "n") is not None
    assert lineage.way("officials.mart", "risk") is None


def test_a_model_that_reads_itself_ends() -> None:
    again = model("intermediate", "again", "select pupil from intermediate.again union all " + MIDDLE["compiled_code"].replace(
        "select pupil, school from t", "select pupil from t"), "pupil")  # fmt: skip
    lineage = ColumnLineage([PUPILS, STAGED, again], firewall.pseudonyms())
    assert lineage.way("intermediate.again", "pupil") is not None


def test_a_column_that_no_yaml_declares_is_followed_too() -> None:
    mart = model(
        "officials", "m", "select school, pupil + 1 as folio from intermediate.int_pupils", "school", ("int_pupils",)
    )
    (told,) = firewall.breaches(by_name(PUPILS, STAGED, MIDDLE, mart))
    assert "officials.m.folio <- intermediate.int_pupils.pupil" in told
    bare = model(
        "officials", "m", "select school, pupil + 1 as folio from intermediate.int_pupils", "", ("int_pupils",)
    )
    assert len(firewall.breaches(by_name(PUPILS, STAGED, MIDDLE, bare))) == 1


@pytest.mark.parametrize(
    ("sql", "told"),
    [("select count(*) as n from raw.cases", "reads raw.cases without ref() or source()"),
     ("select school from raw.pupils where exists (select 1 from protection.caseload)", "reads protection.caseload"),
     ("select (select count(*) from protection.caseload) as n", "reads protection.caseload"),
     ("with a as (select * from protection.caseload) select count(*) as n from a", "reads protection.caseload"),
     ("select count(*) as n from query('select * from protection.caseload')", "calls query()"),
     ("select count(*) as n from query_table('protection' || '.caseload')", "calls query_table()"),
     ("select estimated_size as n from duckdb_tables()", "calls duckdb_tables()"),
     ("select some_new_function(school) as n from raw.pupils", "calls some_new_function()")],
)  # fmt: skip
@pytest.mark.parametrize("schema", ["officials", "intermediate"])
def test_what_no_lineage_shows_is_refused(schema: str, sql: str, told: str) -> None:
    assert any(told in one for one in firewall.breaches(by_name(PUPILS, model(schema, "m", sql, "n"))))


def test_python_hooks_and_queries_at_compilation_are_refused() -> None:
    odd = {
        "is a Python model": model("intermediate", "m", "", "n", language="python"),
        "asks the database while it is compiled (run_query)": model(
            "officials", "m", "select 1 as n", "n", raw_code="select {{ run_query('select 1').columns[0][0] }} as n"
        ),
        "has a post-hook of its own": model(
            "officials",
            "m",
            "select 1 as n",
            "n",
            config={"meta": {}, "post-hook": [{"sql": "insert into x select 1"}]},
        ),
    }
    for told, node in odd.items():
        assert any(told in one for one in firewall.breaches(by_name(PUPILS, node))), told
    ours = model(
        "officials", "m", "select 1 as n", "n", config={"meta": {}, "post-hook": [{"sql": "{{ enforce_not_null() }}"}]}
    )
    assert firewall.breaches(by_name(PUPILS, ours)) == []


def by_name(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {node["unique_id"]: node for node in nodes}


@pytest.mark.parametrize("schema", firewall.WITHOUT_CHILDREN)
def test_the_way_from_column_to_source_is_told(schema: str) -> None:
    leak = model(schema, "leak", "select pupil as total from intermediate.int_pupils", "total", ("int_pupils",))
    (told,) = firewall.breaches(by_name(PUPILS, STAGED, MIDDLE, leak))
    assert told == (
        f"  {schema}.leak.total <- intermediate.int_pupils.pupil <- staging.stg_pupils.k <- raw.pupils.child_key: "
        f"{schema} may count children and name none"
    )


@pytest.mark.parametrize("schema", firewall.CLOSED_TO_PROTECTION)
def test_nothing_of_protection_reaches_the_others_not_even_a_count(schema: str) -> None:
    """By lineage: neither the source's nor the model's name says protection."""
    staged = model("staging", "stg_c", "select school from raw.cases", "school")
    staged["depends_on"]["nodes"] = ["source.q.cases"]
    middle = model(
        "intermediate", "int_c", "select school, count(*) as n from staging.stg_c group by 1", "school n", ("stg_c",)
    )
    mart = model(schema, "m", "select school, n from intermediate.int_c", "school n", ("int_c",))
    (told,) = firewall.breaches(by_name(CASES, staged, middle, mart))
    assert (
        told
        == f"  {schema}.m <- intermediate.int_c <- staging.stg_c <- raw.cases: {schema} may read nothing of protection"
    )


def test_education_may_name_the_children_of_its_lists() -> None:
    mart = model("education", "m", "select pupil from intermediate.int_pupils", "pupil", ("int_pupils",))
    assert firewall.breaches(by_name(PUPILS, STAGED, MIDDLE, mart)) == []


def test_a_project_is_checked_once_and_a_breach_each_time(
    home: Home, silent: Progress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QHAWAQ_CACHE", str(tmp_path / "cache"))
    leak = model("officials", "leak", "select pupil as total from intermediate.int_pupils", "total", ("int_pupils",))
    compiled = [by_name(PUPILS, STAGED, MIDDLE, leak)] * 2 + [by_name(PUPILS, STAGED, MIDDLE)]
    monkeypatch.setattr(firewall.compiling, "compiled", lambda *_: compiled.pop(0))
    for _ in range(2):
        with pytest.raises(BuildFailed, match="1 breaches of the firewall; nothing was built"):
            firewall.check(home, silent)
    for _ in range(2):
        firewall.check(home, silent)
    assert compiled == []
    ran = {"model.q.int_pupils": f"\n{MIDDLE['compiled_code']}\n"}  # dbt lays it out otherwise in files
    firewall.check_ran(home, ran)
    for other in ({"model.q.int_pupils": "select 1"}, {"model.q.unknown": "select 1"}):
        with pytest.raises(BuildFailed, match=f"other SQL ran than the firewall has judged, of {next(iter(other))}"):
            firewall.check_ran(home, ran | other)

"""Each operator of the mutator on a small query: what it changes, and what it leaves out."""

from __future__ import annotations

import duckdb
import pytest

from tests.mutants import mutator, operators, places

QUERIES = {
    "comparison": ("select 1 as n from t where a < 2", ["a <= 2"]),
    "bound": ("select 1 as n from t where a < 2", ["a < 3", "a < 1"]),
    "and/or": ("select a = 1 and b = 2 as x from t", ["(a = 1 OR b = 2)"]),
    "distinct": ("select distinct a from t", ["SELECT a"]),
    "join": ("select t.a from t left join u on t.a = u.a", ["INNER JOIN u"]),
    "coalesce": ("select coalesce(a, 0) as x from t", ["coalesce(a, 1)", "a AS x"]),
    "window": (
        "select sum(a) over (partition by b order by a rows between unbounded preceding and 1 preceding) as x from t",
        ["(ORDER BY a rows BETWEEN UNBOUNDED preceding AND 1 preceding)", "AND CURRENT ROW", "BETWEEN CURRENT ROW"],
    ),
    "order": ("select row_number() over (order by a) as x from t", ["ORDER BY a DESC"]),
    "filter": ("select a from t where a > 1 and b > 1", ["WHERE b > 1", "WHERE a > 1"]),
    "aggregate": ("select min(a) as x, max_by(a, b) as y from t", ["MAX(a)", "ARG_MIN(a, b)"]),
    "case": (
        "select case when a = 1 then 5 when a = 2 then 6 else 7 end as x from t",
        ["CASE WHEN a = 2", "THEN 5 ELSE 7", "THEN 6 END", "WHEN a = 1 THEN 6 WHEN a = 2 THEN 5"],
    ),
    "null": ("select a is null as x, b is not null as y from t", ["NOT a IS NULL", "b IS NULL AS y"]),
}  # fmt: skip
EQUAL = (
    "with m as (select * from t where school_year between 0 and 9999) select a from m",  # stands for every year
    "select a from t where coalesce(is_open, false)",  # null keeps no row
    "select a from t where a in (select distinct b from u)",
    "select case when length(a) < 6 then lpad(a, 6, '0') else a end as x from t",
    "select least(a, coalesce(b, cast('9999-12-31' as date))) as x from t",
    "select a + 0 as x from t",
    "with m as (select a, min(b) as unread from t group by a) select a from m",
)


@pytest.mark.parametrize("operator", QUERIES)
def test_an_operator_changes_one_place(operator: str) -> None:
    sql, expected = QUERIES[operator]
    tree = places.parse(sql)
    found = [one.sql(tree) for one in mutator.mutants(tree)[0] if one.operator == operator]
    missing = [part for part in expected if not any(part.lower() in str(mutated).lower() for mutated in found)]
    assert (missing, places.parse(sql)) == ([], tree)  # and the tree is as it was


def test_every_operator_is_tried() -> None:
    assert set(QUERIES) == set(operators.OPERATORS)


@pytest.mark.parametrize("sql", EQUAL)
def test_what_cannot_matter_is_left_out(sql: str) -> None:
    _, left_out = mutator.mutants(places.parse(sql))
    assert left_out > 0


def test_a_column_that_is_read_is_changed() -> None:
    tree = places.parse("with m as (select a, min(b) as x from t group by a) select a, x from m")
    assert any(one.before == "min(b)" for one in mutator.mutants(tree)[0])


def test_a_mutant_fits_every_tree_of_the_same_shape() -> None:
    """A unit test compiles the model with other tables and other values of variables."""
    model = places.parse(
        'with a as (select * from "w"."s"."t" where d <= cast(\'1900-01-01\' as date)) select * from a'
    )
    test = places.parse("with a as (select * from fixture where d <= cast('2024-07-31' as date)) select * from a")
    mutant = next(one for one in mutator.mutants(model)[0] if one.operator == "comparison")
    assert "d < CAST('2024-07-31' AS DATE)" in str(mutant.sql(test))
    assert mutant.sql(places.parse("select 1 as n")) is None


def test_mutants_of_a_query_are_queries() -> None:
    """All but those whose frame has no rows bind."""
    sql = """
    with ranked as (
        select distinct a, b, row_number() over (partition by a, b order by b desc) as n, coalesce(b, 0) as c
        from t where a between 1 and 5 or not b > 3
        qualify n = 1
    )
    select a, count(distinct b) as n_b, sum(c) as c, case when a = 1 then 'x' else 'y' end as d from ranked
    group by a having count(*) >= 1
    union all
    select ranked.a, 1, 2, null from ranked left join u on ranked.a = u.a and u.b is not null
    """
    tree = places.parse(sql)
    with duckdb.connect() as db:
        db.execute("create table t (a int, b int); create table u (a int, b int)")
        found = mutator.mutants(tree)[0]
        for mutant in found:
            db.execute(f"explain {mutant.sql(tree)}")
    assert len(found) > 30

"""The gate passes what the dashboards ask, and no other query."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grafana.gate.queries import KINDS, RefusedQuery, kind
from grafana.source import TYPE, UID
from tests.conftest import Country
from tests.grafana import runner
from tests.grafana.behind import AUDIENCES, OF, PLAIN, body
from tests.grafana.test_dashboards import DASHBOARDS, files, queries


def refused(said: object, audience: str = "operations") -> str:
    with pytest.raises(RefusedQuery) as found:
        OF[audience].passed(said if isinstance(said, bytes) else json.dumps(said).encode())
    return str(found.value)


@pytest.mark.parametrize(("audience", "made"), DASHBOARDS, ids=lambda one: one if isinstance(one, str) else one["uid"])
def test_every_query_of_a_dashboard_passes_with_every_choice(
    country: Country, audience: str, made: dict[str, Any]
) -> None:
    variables = [one["query"] for one in made.get("templating", {}).get("list", []) if one["type"] == "query"]
    for file in files(country, audience):
        with runner.opened(file) as db:
            for chosen in runner.choices(db, made):
                for sql in [sql for _, sql in queries(made)] + variables:
                    put = runner.put_in(sql, chosen)
                    assert OF[audience].passed(json.dumps(body(put)).encode())["queries"][0]["rawSql"] == put


@pytest.mark.parametrize(("audience", "made"), DASHBOARDS, ids=lambda one: one if isinstance(one, str) else one["uid"])
def test_every_value_of_a_choice_is_of_its_kind(country: Country, audience: str, made: dict[str, Any]) -> None:
    for one in made.get("templating", {}).get("list", []):
        if one["type"] == "query":
            with runner.opened(files(country, audience)[0]) as db:
                column = re.match(r"select distinct .+ as __text, (\w+) as __value from (\S+)", one["query"])
                assert column is not None
                found = db.execute(f"select distinct {column[1]} from {column[2]}").fetchall()
            assert found
            assert [value for (value,) in found if not re.fullmatch(kind(one), str(value))] == []


@given(st.data())
def test_no_other_sql_passes(data: st.DataObject) -> None:
    """A query of ours with something put in, taken out or changed is not one, unless another choice was made."""
    audience = data.draw(st.sampled_from(AUDIENCES))
    sql = data.draw(st.sampled_from([sql for of, made in DASHBOARDS if of == audience for _, sql in queries(made)]))
    sql = runner.put_in(sql, {name: [value] for name, value in CHOSEN.items()})
    start = data.draw(st.integers(0, len(sql)))
    end = data.draw(st.integers(start, min(start + 8, len(sql))))
    put = data.draw(
        st.text(max_size=12) | st.sampled_from(["'", "''", "; drop table release", "--", "/**/", "\x00", "' or '1'='1"])
    )
    changed = sql[:start] + put + sql[end:]
    literal = re.compile(r"'[\w=á-ú]*'")
    if literal.sub("''", changed) != literal.sub("''", sql):
        refused(body(changed), audience)


CHOSEN = {
    "department": "15", "level": "B0", "indicator": "over_age", "year": "2024", "ugel": "150101", "service": "TUTOR",
    "october": "2024", "place": "15", "group": "sex=mujer", "ugel_department": "15", "ugel_indicator": "over_age",
    "ugel_year": "2024", "gap_year": "2024", "gap_indicator": "over_age", "ratio_year": "2024",
}  # fmt: skip


@pytest.mark.parametrize(
    "value", ["B1", "b0", "B0' or '1'='1", "B0''", "B0,F0", " B0", "B0\n", "'", "\\", "%", "B0'--"]
)
def test_a_value_that_no_choice_has_is_refused(value: str) -> None:
    (sql,) = {sql for _, made in DASHBOARDS for _, sql in queries(made) if "from qhawaq.main.ugel_needs" in sql}
    assert OF["officials"].passed(json.dumps(body(runner.put_in(sql, {k: [v] for k, v in CHOSEN.items()}))).encode())
    text = runner.put_in(sql, {k: [v] for k, v in CHOSEN.items() if k != "level"}).replace(
        "${level:sqlstring}", f"'{value}'"
    )
    assert refused(body(text), "officials") == "SQL that no dashboard has"


def test_a_choice_of_no_known_kind_stops_the_gate_at_its_start() -> None:
    with pytest.raises(ValueError, match="knows no kind"):
        kind({"type": "query", "query": "select distinct a as __text, guardian_key as __value from t order by 1"})
    assert all(re.compile(one) for one in KINDS.values())


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 50_000, "not JSON"),
        ([], "queries"),
        ({"queries": []}, "queries"),
        ({"queries": [{}] * 13}, "queries"),
        ({"queries": ["select 1"]}, "no object"),
        (body(datasource={"type": TYPE, "uid": "other"}), "data source"),
        (body(datasource={"type": "__expr__", "uid": "__expr__"}), "data source"),
        (body(datasource=UID), "data source"),
        (body(refId="a b"), "plain name"),
        (body(refId=1), "plain name"),
        (body(1), "SQL"),
        (body(None), "SQL"),
        (body() | {"from": "now; drop"}, "moment"),
        (body(PLAIN + " "), "SQL"),
        (body(PLAIN.upper()), "SQL"),
    ],
)
def test_a_request_of_another_shape_is_refused(said: object, why: str) -> None:
    assert why in refused(said)


def test_what_is_passed_on_is_written_anew() -> None:
    """Grafana takes keys in any case, and the last of two: what another reader could find in the text is not passed on."""
    query = body()["queries"][0]
    text = json.dumps(query)[:-1] + ', "RAWSQL": "drop table release", "rawsql": "x", "connectionArgs": {"a": 1}}'
    passed = OF["operations"].passed(f'{{"queries": [{text}], "QUERIES": [{{"rawSql": "x"}}], "from": "now"}}'.encode())
    assert set(passed) == {"queries", "from", "to"}
    (only,) = passed["queries"]
    assert set(only) == {"refId", "datasource", "rawSql", "format", "maxDataPoints", "intervalMs"}
    assert only["rawSql"] == PLAIN
    twice = f'{{"queries": [{json.dumps(query)[:-1]}, "rawSql": "drop table release"}}]}}'
    assert "SQL" in refused(twice.encode())

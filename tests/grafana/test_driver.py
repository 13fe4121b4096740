"""What Grafana's source would get: the driver that it embeds (DuckDB 1.5.4), frames of Grafana's SDK; Python agrees.

The source's own module is not to be had from the registries; what it is made of is (grafana/plugin_check).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import duckdb
import pytest

from tests.conftest import Country
from tests.grafana import runner
from tests.grafana.source import Source, lacking
from tests.grafana.test_dashboards import ATTACKS, DASHBOARDS, RULES, files
from warehouse.publish.serving import AUDIENCES

KINDS = {"VARCHAR": "string", "DATE": "time", "TIMESTAMP": "time", "BOOLEAN": "boolean"}  # all others are numbers
pytestmark = [pytest.mark.long, pytest.mark.skipif(bool(lacking()), reason=lacking())]


def asked(made: dict[str, Any], db: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Yield every query of a dashboard, its choices' too, for the first and last of each choice."""
    variables = made.get("templating", {}).get("list", [])
    for chosen in runner.choices(db, made):
        texts = [panel["targets"][0]["rawSql"] for panel in made["panels"] if panel["targets"]]
        texts += [one["query"] for one in variables if one["type"] == "query"]
        yield from (runner.put_in(sql, chosen) for sql in texts)


def in_python(db: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[tuple[str, str]], list[tuple[object, ...]]]:
    found = db.execute(sql)
    fields = [(name, KINDS.get(str(kind), "number")) for name, kind, *_ in found.description]
    return fields, [tuple(map(sent, row)) for row in found.fetchall()]


def sent(value: object) -> object:
    """Return a value as the browser gets it: a moment is milliseconds."""
    if isinstance(value, date):
        moment = value if isinstance(value, datetime) else datetime.combine(value, time())
        return int(moment.replace(tzinfo=UTC).timestamp() * 1000)
    return value


@pytest.mark.parametrize("audience", sorted(set(AUDIENCES) - {"service"}))
def test_every_query_gives_the_frame_that_python_expects(country: Country, source: Source, audience: str) -> None:
    mine = [made for of, made in DASHBOARDS if of == audience]
    alerts = [rule["data"][0]["model"]["rawSql"] for rule in RULES] if audience == "operations" else []
    source.open(files(country, audience)[0], audience)
    with runner.opened(files(country, audience)[0]) as db:
        queries = {*itertools.chain.from_iterable(asked(made, db) for made in mine), *alerts}
        wanted = {sql: in_python(db, sql) for sql in sorted(queries)}
    assert {sql: source.ask(sql) for sql in wanted} == wanted
    assert len(wanted) >= len(mine)


@pytest.mark.parametrize("audience", ["officials", "operations"])
def test_the_driver_refuses_what_python_refuses(country: Country, source: Source, audience: str) -> None:
    source.open(files(country, audience)[0], audience)
    reached = [sql for sql in ATTACKS if "error" not in source.say(sql=sql)]
    assert all(sql.startswith("attach ':memory:'") for sql in reached), reached

"""Which queries pass: the SQL of the provisioned files, with values of its own choices in it and no others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grafana.source import TABLE, TYPE, UID

VARIABLE = re.compile(r"\$\{(\w+):sqlstring\}")
OPTION = re.compile(r" : ([^,]+)")  # of a choice that is written out: «text : value,text : value»
VALUED = re.compile(r"select distinct .+ as __text, (\w+) as __value ")
# What a choice's values look like, by the column that they are from; a choice without options puts in nothing.
KINDS = {
    "school_year": r"\d{4}",
    "department_code": r"\d{2}",
    "ugel_code": r"\d{6}",
    "place_code": r"\d{2}|\d{6}",
    "service_url": r"https?://[\w.:/-]{1,200}",
    "support_code": r"[A-Z_]{2,20}",
}
MOST_QUERIES = 12  # of one request: a dashboard sends one a panel
LONGEST = 2_000  # characters of a text that is passed on
NAME = re.compile(r"[\w-]{1,60}", re.ASCII)
WINDOW = re.compile(r"now(-\d{1,4}[smhdwMy])?(/[dwMy])?|\d{1,14}", re.ASCII)


class RefusedQuery(Exception):
    """A request that is not one of the dashboards'; its text says what it is instead."""


@dataclass(frozen=True)
class Queries:
    """The queries that may be asked."""

    patterns: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, provisioning: Path) -> Queries:
        """Read those of an audience from the files that its Grafana reads.

        Raises:
            ValueError: a choice whose values are of no kind that is known here.
        """
        found = set()
        for path in sorted(provisioning.glob("dashboards/*.json")):
            made = json.loads(path.read_text(encoding="utf-8"))
            choices = made.get("templating", {}).get("list", [])
            kinds = {one["name"]: kind(one) for one in choices if one["type"] in ("query", "custom")}
            found |= {pattern(sql, kinds) for sql in _asked(made)}
        return cls(tuple(re.compile(one, re.ASCII) for one in sorted(found)))

    def passed(self, body: bytes) -> dict[str, Any]:
        """Return the request to send for the one that came, written anew from what is known of it.

        What is passed on is never the text that came: Grafana takes a key in capitals for the same key, and the last
        of two keys, so that another reader of the same text could find another query in it.

        Raises:
            Refused: it is no request of a dashboard.
        """
        try:
            said = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RefusedQuery("the body is not JSON") from error
        queries = said.get("queries") if isinstance(said, dict) else None
        if not isinstance(queries, list) or not 0 < len(queries) <= MOST_QUERIES:
            raise RefusedQuery(f"not 1 to {MOST_QUERIES} queries")
        return {
            "queries": [self._query(one) for one in queries],
            "from": _moment(said, "from"),
            "to": _moment(said, "to"),
        }

    def _query(self, said: object) -> dict[str, Any]:
        if not isinstance(said, dict):
            raise RefusedQuery("a query is no object")
        source = said.get("datasource")
        sql = said.get("rawSql")
        name = said.get("refId")
        if not _is_ours(source):
            raise RefusedQuery("another data source")
        if not any(_fits(pattern, sql) for pattern in self.patterns):
            raise RefusedQuery("SQL that no dashboard has")
        if not _fits(NAME, name):
            raise RefusedQuery("a query without a plain name")
        return {
            "refId": name,
            "datasource": {"type": TYPE, "uid": UID},
            "rawSql": sql,
            "format": TABLE,
            "maxDataPoints": 100,
            "intervalMs": 60000,
        }


def _is_ours(source: object) -> bool:
    return isinstance(source, dict) and (source.get("uid"), source.get("type")) == (UID, TYPE)


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _moment(said: Mapping[str, object], name: str) -> str:
    found = str(said.get(name, "now"))
    if not WINDOW.fullmatch(found):
        raise RefusedQuery(f"«{name}» is no moment")
    return found


def _asked(made: Mapping[str, Any]) -> Iterator[str]:
    """Yield the SQL of a dashboard's panels and choices."""
    for panel in made["panels"]:
        yield from (target["rawSql"] for target in panel["targets"])
    yield from (one["query"] for one in made.get("templating", {}).get("list", []) if one["type"] == "query")


def kind(choice: Mapping[str, Any]) -> str:
    """Return the regular expression of a choice's values.

    Raises:
        ValueError: nothing is known of the column that they are from.
    """
    if choice["type"] == "custom":
        return "|".join(map(re.escape, OPTION.findall(choice["query"])))
    valued = VALUED.match(choice["query"])
    if not valued or valued[1] not in KINDS:
        raise ValueError(f"grafana/gate/queries.py knows no kind of value for: {choice['query']}")
    return KINDS[valued[1]]


def pattern(sql: str, kinds: Mapping[str, str]) -> str:
    """Return the regular expression of a query: one quoted value where a choice stands."""
    parts = VARIABLE.split(sql)
    return "".join(re.escape(one) if at % 2 == 0 else f"'(?:{kinds[one]})?'" for at, one in enumerate(parts))

"""What a run of dbt did: counts, the SQL that ran, and of nodes that failed what they found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import filterfalse
from operator import attrgetter
from typing import Any

from warehouse.database import warehouse
from warehouse.errors import BuildFailed
from warehouse.settings import Home

BAD = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class Built:
    """What a build did."""

    models: int
    tests: int
    warnings: int
    seconds: float
    slowest: str
    statements: Mapping[str, str] = field(default_factory=dict)  # SQL that ran, by the model's unique id
    growing: Mapping[str, str] = field(default_factory=dict)  # the same of tables that grow

    def __str__(self) -> str:
        """Say it in a line."""
        warned = f", {self.warnings} warnings" if self.warnings else ""
        return f"{self.models} models built, {self.tests} tests passed{warned}"


def summary(result: Any, home: Home) -> Built:  # noqa: ANN401  dbt's result type
    """Return what a run of dbt did.

    Raises:
        BuildFailed: models or tests failed; the message names each and says what it found.
    """
    _raise_for_bad(result, home)
    models = [r for r in result.results if r.node.resource_type in ("model", "seed")]
    statuses = Counter(str(r.status) for r in result.results)
    slowest = max(models, key=attrgetter("execution_time"), default=None)
    written_in_sql = [r.node for r in models if _is_sql(r)]
    return Built(
        models=len(models),
        tests=statuses["pass"],
        warnings=statuses["warn"],
        seconds=result.elapsed_time,
        slowest=slowest.node.name if slowest else "",
        statements=_compiled(filter(_is_plain, written_in_sql)),
        growing=_compiled(filterfalse(_is_plain, written_in_sql)),
    )


def _compiled(nodes: Iterable[Any]) -> dict[str, str]:
    return {node.unique_id: node.compiled_code for node in nodes}


def _is_plain(node: Any) -> bool:  # noqa: ANN401  dbt's node
    """Return whether a model's SQL is the same whatever its table holds already."""
    return bool(node.config.materialized in ("table", "view"))


def _is_sql(result: Any) -> bool:  # noqa: ANN401  dbt's result
    """Return whether a node that ran is a model of SQL; one that was skipped ran none."""
    node = result.node
    return node.resource_type == "model" and node.language == "sql" and bool(node.compiled_code)


# Tests that look at all of a model's columns at once → what is wrong with those that they name.
OF_COLUMNS = {"never_null": "null", "in_ranges": "out of range"}


def _message(result: Any, home: Home) -> str:  # noqa: ANN401  dbt's result of a node
    return f"  {result.node.name}: {(result.message or '').strip()}{_of_columns(result, home)}"


def _of_columns(result: Any, home: Home) -> str:  # noqa: ANN401  dbt's result of a node
    """Say which columns a failed test of many columns found wrong, and in how many rows."""
    test = getattr(result.node, "test_metadata", None)
    if test is None or test.name not in OF_COLUMNS or str(result.status) != "fail":
        return ""
    with closing(warehouse(home, read_only=True)) as db:
        counts = db.execute(f"select column_name, n from ({result.node.compiled_code})").fetchall()
    return f"; {OF_COLUMNS[test.name]}: " + ", ".join(f"{column} ({n} rows)" for column, n in counts)


def _raise_for_bad(result: Any, home: Home) -> None:  # noqa: ANN401  dbt's result type
    bad = [r for r in result.results if str(r.status) in BAD]
    if not bad:
        return
    messages = "\n".join(_message(result, home) for result in bad[:20])
    raise BuildFailed(
        f"{len(bad)} of {len(result.results)} nodes failed; what was published before stays as it is.\n{messages}\n"
        f"compiled SQL is in {home.dbt / 'compiled'}"
    )

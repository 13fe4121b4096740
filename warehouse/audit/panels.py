"""Panels of dashboards, their marts, and columns of marts without a reader."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp

from warehouse.build.manifest import Manifest
from warehouse.errors import QhawaqError, UsageError
from warehouse.publish.serving import AUDIENCES
from warehouse.settings import REPOSITORY, Home

VARIABLE = re.compile(r"\$\{[^}]+\}")  # of Grafana, filled in before DuckDB sees the query
PROVISIONING = REPOSITORY / "grafana" / "provisioning"
# The code that reads marts: service, bulletins, messages, commands and panels.
READERS = ("service", "warehouse/report", "warehouse/notify", "warehouse/commands", "grafana/provisioning")
OF_PUBLISHING = {"ugel_code", "area_code"}  # publishing chooses a row's file by them


@dataclass(frozen=True)
class DashboardPanel:
    """A panel of a dashboard, from the files that Grafana reads."""

    dashboard: str
    audience: str
    title: str
    sql: str

    @property
    def name(self) -> str:
        """Its name in traces: `dashboard/title`."""
        return f"{self.dashboard}/{self.title}"

    @property
    def mart(self) -> str:
        """The table that it queries, as schema.table."""
        return f"{self.audience}.{queried_table(self.sql)}"


def queried_table(sql: str) -> str:
    """Return the name of the table that a panel queries.

    Raises:
        QhawaqError: it queries none.
    """
    table = sqlglot.parse_one(VARIABLE.sub("null", sql), dialect="duckdb").find(exp.Table)
    if table is None:
        raise QhawaqError(f"a panel queries no table: {sql}")
    return table.name


def panels() -> Iterator[DashboardPanel]:
    """Yield the panels of all dashboards."""
    for path in sorted(PROVISIONING.glob("*/dashboards/*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        for panel in dashboard["panels"]:
            for target in panel["targets"]:  # none of a panel of text
                yield DashboardPanel(path.stem, path.parents[1].name, panel["title"], target["rawSql"])


def find(name: str) -> DashboardPanel:
    """Return a panel by `dashboard/title`, or by the beginning of its title.

    Raises:
        UsageError: there is none, or more than one.
    """
    by_name = {panel.name: panel for panel in panels()}
    candidates = [name] if name in by_name else [known for known in by_name if known.startswith(name)]
    if len(candidates) != 1:
        raise UsageError(f"{name} names no single panel; there are: {'; '.join(candidates or by_name)}")
    return by_name[candidates[0]]


def unused(home: Home) -> list[str]:
    """Return schema.table.column of marts that no panel, service, bulletin or message reads.

    A column counts as read if its name occurs in a reader's code, so a column of the same name can hide it.
    """
    read = OF_PUBLISHING.union(*(_words(path) for name in READERS for path in _texts(REPOSITORY / name)))
    return sorted(name for name in _columns(home) if name.rpartition(".")[2] not in read)


def _columns(home: Home) -> Iterator[str]:
    """Yield the columns of all marts, as schema.table.column."""
    for node in Manifest.read(home).of_type("model").values():
        if node["schema"] in AUDIENCES:
            yield from (f"{node['schema']}.{node['name']}.{column}" for column in node["columns"])


def _texts(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in (".py", ".json", ".html", ".yml"))


def _words(path: Path) -> set[str]:
    return set(re.findall(r"[a-z_][a-z0-9_]+", path.read_text(encoding="utf-8")))

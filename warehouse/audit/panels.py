"""Where lineage ends: panels of dashboards, the marts that they ask, and columns of marts that nobody reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warehouse.build.manifest import Manifest
from warehouse.errors import UsageError
from warehouse.publish.serving import AUDIENCES
from warehouse.settings import REPOSITORY, Home

PROVISIONING = REPOSITORY / "grafana" / "provisioning"
# Besides panels: what the service shows, what bulletins and messages are made of.
READERS = ("service", "warehouse/report", "warehouse/notify", "warehouse/commands", "grafana/provisioning")
OF_PUBLISHING = {"ugel_code", "area_code"}  # they say whose file a row goes into


@dataclass(frozen=True)
class Panel:
    """A panel, as it stands in what Grafana reads."""

    dashboard: str
    audience: str
    title: str
    sql: str

    @property
    def name(self) -> str:
        """What a trace calls it."""
        return f"{self.dashboard}/{self.title}"

    @property
    def mart(self) -> str:
        """Return the table it asks, as schema.table."""
        return f"{self.audience}.{self.sql.split(' from ')[1].split()[0]}"


def panels() -> Iterator[Panel]:
    """Yield the panels of all dashboards."""
    for path in sorted(PROVISIONING.glob("*/dashboards/*.json")):
        made = json.loads(path.read_text(encoding="utf-8"))
        for panel in made["panels"]:
            yield Panel(path.stem, path.parents[1].name, panel["title"], panel["targets"][0]["rawSql"])


def find(name: str) -> Panel:
    """Return a panel by `dashboard/title`, or by the beginning of its title.

    Raises:
        UsageError: there is none, or more than one.
    """
    named = {one.name: one for one in panels()}
    found = [one for one in named if one.startswith(name)]
    if name not in named and len(found) != 1:
        raise UsageError(f"no one panel is {name}; there are: {'; '.join(found or named)}")
    return named.get(name) or named[found[0]]


def unused(home: Home) -> list[str]:
    """Return schema.table.column of marts that no panel, service, bulletin or message reads.

    A column counts as read where its name stands in what reads; one of the same name elsewhere can hide that it is not.
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

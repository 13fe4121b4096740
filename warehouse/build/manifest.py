"""dbt's manifest of the last build: the one module that reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from warehouse.errors import HomeError, NoSuchNumber
from warehouse.files import read_json
from warehouse.settings import Home

NAME = "manifest.json"
MEASURES = "semantic_manifest.json"  # measures and dimensions, as dbt's semantic models define them
Node: TypeAlias = Mapping[str, Any]


def path(home: Home) -> Path:
    """Return where the manifest lies.

    Raises:
        HomeError: nothing has been built yet.
    """
    if not (home.dbt / NAME).exists():
        raise HomeError(f"{home.root} has nothing built yet: call 'qhawaq run' first")
    return home.dbt / NAME


@dataclass(frozen=True)
class Manifest:
    """Models, seeds, tests and sources of a dbt project, and what each is made from.

    Attributes:
        project: the project's name, as it stands in unique ids.
        nodes: unique id → model, seed or data test.
        sources: unique id → source table.
        unit_tests: unique ids of unit tests.
        parents: unique id → the nodes that it reads.
        children: unique id → the nodes that read it.
    """

    project: str
    nodes: Mapping[str, Node]
    sources: Mapping[str, Node]
    unit_tests: frozenset[str]
    parents: Mapping[str, list[str]]
    children: Mapping[str, list[str]]

    @classmethod
    def read(cls, home: Home) -> Manifest:
        """Read the manifest of a home's last build.

        Raises:
            HomeError: nothing has been built yet.
        """
        content = read_json(path(home), dict, "call 'qhawaq build': it writes it again")
        return cls(
            project=content.get("metadata", {}).get("project_name", ""),
            nodes=content["nodes"],
            sources=content.get("sources", {}),
            unit_tests=frozenset(content.get("unit_tests", ())),
            parents=content.get("parent_map", {}),
            children=content.get("child_map", {}),
        )

    def of_type(self, *resource_types: str) -> dict[str, Node]:
        """Return the nodes of some types (model, seed, test) by unique id."""
        return {name: node for name, node in self.nodes.items() if node["resource_type"] in resource_types}

    def node(self, name: str) -> Node:
        """Return a node or a source by its unique id."""
        return self.nodes[name] if name in self.nodes else self.sources[name]

    def table(self, name: str) -> Node:
        """Return the model or seed of a name.

        Raises:
            StopIteration: there is none.
        """
        return next(node for node in self.of_type("model", "seed").values() if node["name"] == name)

    @cached_property
    def keys(self) -> dict[str, list[str]]:
        """Unique id of a model → the columns that a test proves unique together."""
        keys: dict[str, list[str]] = {}
        for node in self.of_type("test").values():
            test = node.get("test_metadata") or {}
            if test.get("name") == "unique_together":
                keys[node["attached_node"]] = test["kwargs"]["columns"]
            elif test.get("name") == "unique":
                keys.setdefault(node["attached_node"], [test["kwargs"]["column_name"]])
        return keys

    def find(self, table: str) -> str:
        """Return the unique id of the model of a table, given as `schema.table` or `table`.

        Raises:
            NoSuchNumber: there is no such model.
        """
        schema, _, name = table.rpartition(".")
        for identity, node in self.of_type("model").items():
            if node["name"] == name and schema in ("", node["schema"]):
                return identity
        told = f"no table {table} is built by a model: name one as schema.table, such as scores.risk_scores"
        raise NoSuchNumber(told, "no_table", table)

    def ancestors(self, model: str, depth: int = 0, seen: set[str] | None = None) -> Iterator[tuple[int, str, bool]]:
        """Yield (depth, unique id, whether it came before) of everything that a model is made from."""
        seen = set() if seen is None else seen
        for parent in sorted(self.parents.get(model, [])):
            known = parent in seen
            seen.add(parent)
            yield depth, parent, known
            if not known:
                yield from self.ancestors(parent, depth + 1, seen)

    def descendants(self, models: set[str]) -> set[str]:
        """Return the unique ids of some nodes and of every model and seed that is made from them."""
        tables = self.of_type("model", "seed").keys()
        below = set(models)
        todo = list(models)
        while todo:
            new = tables & set(self.children.get(todo.pop(), ())) - below
            below |= new
            todo += new
        return below

    def raw_tables(self, model: str) -> list[str]:
        """Return the names of the raw tables that a model is made from."""
        ancestors = {name for _, name, _ in self.ancestors(model)}
        return sorted({self.sources[name]["identifier"] for name in ancestors & self.sources.keys()})

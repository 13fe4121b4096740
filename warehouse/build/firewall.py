"""The firewall between who reads what: checked on the graph before a table is written, and on what a file would hold.

Nothing for education, officials, operations or the service, and no score, is made from protection data. No mart for
officials or operations holds a pseudonym, whatever its column is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from warehouse import contracts
from warehouse.build import code, column_lineage, dbt, parsing
from warehouse.build.column_lineage import ColumnLineage
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

Node = Mapping[str, Any]
CLOSED_TO_PROTECTION = ("education", "officials", "operations", "service", "scores", "features", "outcomes")
WITHOUT_CHILDREN = ("officials", "operations")  # their marts count children and name none
PROTECTED_SOURCES = ("protection_cases", "linkage")
KEYS = {"child_key", "merged_into", "nino"}  # of raw tables: what our own DDL and the contracts of feedback call it
# What the parser of SQL does not know: a new one is added here once somebody has looked at what it reads.
KNOWN_FUNCTIONS = {"now"}
PYTHON_MODELS = ("score_outputs", "reason_outputs", "former_outputs")
ASKS = re.compile(r"\b(run_query|statement|load_result|adapter)\b")
HOOKS = {"{{ enforce_not_null() }}"}  # of dbt_project.yml, the same of every model


def check(home: Home, progress: Progress) -> None:
    """Check the whole project, once for each version of it; a version that passed is remembered beside what was parsed.

    Raises:
        BuildFailed: a model reads what it must not; the message shows the way from the column to its source.
    """
    if parsing.is_noted(NOTE, DBT_PROJECT):
        return
    with progress.step("firewall"):
        if broken := breaches(dbt.compiled(home, progress)):
            raise BuildFailed(f"{len(broken)} breaches of the firewall; nothing was built:\n" + "\n".join(broken))
    parsing.note(NOTE, DBT_PROJECT)


def breaches(nodes: dict[str, Node]) -> list[str]:
    """Return a sentence for each breach, with its way.

    Args:
        nodes: models with their compiled SQL, seeds and sources, by unique id.
    """
    lineage = ColumnLineage(list(nodes.values()), pseudonyms())
    return [*_hidden(nodes, lineage), *_protected(nodes), *_named(nodes, lineage)]


def _hidden(nodes: dict[str, Node], lineage: ColumnLineage) -> Iterator[str]:
    """Yield a sentence for each way of reading that no lineage shows: the other checks do not see what comes by it."""
    for node in _models(nodes):
        for what in _hidden_ways(nodes, lineage, node):
            yield f"  {_shown(node)} {what}: no lineage shows what comes by that"


def _hidden_ways(nodes: dict[str, Node], lineage: ColumnLineage, node: Node) -> Iterator[str]:
    if node["language"] != "sql":
        if node["name"] not in PYTHON_MODELS:
            yield "is a Python model, and only scores are made by those"
        return
    read = {_shown(nodes[one]) for one in node["depends_on"]["nodes"] if one in nodes} | {_shown(node)}
    for table in sorted(lineage.tables(_shown(node)) - read):
        yield f"reads {table} without ref() or source()"
    for function in sorted(lineage.functions(_shown(node)) - KNOWN_FUNCTIONS):
        yield f"calls {function}()"
    if asked := ASKS.search(node.get("raw_code") or ""):
        yield f"asks the database while it is compiled ({asked[0]})"
    yield from (f"has a {kind} of its own" for kind in ("pre-hook", "post-hook") if _hooks(node, kind) - HOOKS)


def _hooks(node: Node, kind: str) -> set[str]:
    hooks = node["config"].get(kind) or []
    return {str(hook["sql"] if isinstance(hook, Mapping) else hook).strip() for hook in hooks}


def _models(nodes: dict[str, Node]) -> Iterator[Node]:
    return (node for node in nodes.values() if node["resource_type"] == "model")


def is_protection(node: Node) -> bool:
    """Return whether a model or source holds data of protection."""
    meta = (node.get("config") or {}).get("meta") or {}
    if "protection" in str(node.get("schema", "")) or meta.get("domain") == "protection":
        return True
    return node["resource_type"] == "source" and node["source_name"] in PROTECTED_SOURCES


def _protected(nodes: dict[str, Node]) -> Iterator[str]:
    """Yield a sentence for each model outside protection that reads a table of protection."""
    for node in _models(nodes):
        is_closed = node["schema"] in CLOSED_TO_PROTECTION
        if is_closed and (way := _way_to_protection(nodes, node["unique_id"])):
            yield f"  {' <- '.join(way)}: {node['schema']} may read nothing of protection"


def _way_to_protection(nodes: dict[str, Node], name: str) -> list[str]:
    """Return the way from a model to a table of protection among its ancestors; nothing where there is none."""
    ways, seen = [[name]], {name}
    while ways:
        way = ways.pop()
        if len(way) > 1 and is_protection(nodes[way[-1]]):
            return [_shown(nodes[one]) for one in way]
        for parent in (nodes[way[-1]].get("depends_on") or {}).get("nodes", []):
            if parent in nodes and parent not in seen:
                seen.add(parent)
                ways.append([*way, parent])
    return []


def _shown(node: Node) -> str:
    return f"{node['schema']}.{node.get('identifier') or node['name']}"


def _named(nodes: dict[str, Node], lineage: ColumnLineage) -> Iterator[str]:
    """Yield a sentence for each column of a mart without children into which a child's pseudonym flows."""
    for node in _models(nodes):
        if node["schema"] in WITHOUT_CHILDREN:
            for column in lineage.columns(_shown(node)):
                if way := lineage.way(_shown(node), column):
                    yield f"  {' <- '.join(way)}: {node['schema']} may count children and name none"


def pseudonyms() -> set[str]:
    """Return the names by which raw tables hold pseudonyms of persons and households."""
    sources = contracts.read(DBT_PROJECT).values()
    return KEYS | {str(column.landed_name) for source in sources for column in source.columns if column.pseudonym}


def _rules() -> str:
    """Return a hash of the rules themselves: where they change, a version that passed is checked again."""
    rules = [Path(__file__), Path(column_lineage.__file__)]
    return code.hash_of_files(rules, Path(__file__).parent)[:8]


NOTE = f"firewall-{_rules()}"

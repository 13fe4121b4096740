"""The firewall between who reads what: checked on the graph before a table is written, and on what a file would hold.

Nothing for education, officials, operations or the service, and no score, is made from protection data. No mart for
officials or operations holds a pseudonym, whatever its column is called, or tells of one by a condition.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from warehouse import contracts, files
from warehouse.build import allowed, code, column_lineage, compiling, conditions, parsing
from warehouse.build.allowed import TELLERS, TIES
from warehouse.build.column_lineage import ColumnLineage
from warehouse.build.conditions import Conditions
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

Node = Mapping[str, Any]
CLOSED_TO_PROTECTION = ("education", "officials", "operations", "service", "scores", "features", "outcomes", "star")
WITHOUT_CHILDREN = ("officials", "operations")  # their marts count children and name none
PROTECTED_SOURCES = ("protection_cases", "linkage")
# Of raw tables: what our own DDL and the contracts of feedback call a child, and the line of a file that is a child's.
KEYS = {"child_key", "merged_into", "nino", "_line", "line"}
# What counts rows of every source, protection's too: columns, and a table in which each row is a line of a child's.
ROW_COUNTS = {
    *(f"raw.deliveries.{name}" for name in ("delivered_rows", "accepted_rows", "quarantined_rows")),
    *(f"raw.withheld.{name}" for name in ("n_rows", "n_before", "reason")),
    *(f"raw.shortfalls.{name}" for name in ("n_missing", "n_before", "reason")),
    "raw.standing.n_rows",
}
LINES = "quarantine.rows"
# Functions that the parser of SQL does not know: one is added here once somebody has looked at what it reads.
KNOWN_FUNCTIONS = {"now"}
JUDGED = "judged.json"  # in the home: of the SQL that was judged its hash and what it names, by the model's unique id
PYTHON_MODELS = ("score_outputs", "reason_outputs", "former_outputs")
ASKS = re.compile(r"\b(run_query|statement|load_result|adapter)\b")
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)  # by dbt, before each statement
HOOKS = {"{{ enforce_not_null() }}"}  # of dbt_project.yml, the same of every model


def check(home: Home, progress: Progress) -> None:
    """Check the whole project, once for each version of it; a version that passed is remembered beside what was parsed.

    Raises:
        BuildFailed: a model reads what it must not; the message shows the way from the column to its source.
    """
    as_read = parsing.version_of(DBT_PROJECT)
    judged = parsing.noted(NOTE, as_read)
    if judged is None:
        with progress.step("firewall"):
            nodes = compiling.compiled(home, progress, DBT_PROJECT)
            if broken := breaches(nodes):
                raise BuildFailed(f"{len(broken)} breaches of the firewall; nothing was built:\n" + "\n".join(broken))
        judged = json.dumps({node["unique_id"]: _judged(node) for node in _models(nodes)})
        parsing.note(NOTE, DBT_PROJECT, as_read, judged)
    home.dbt.mkdir(exist_ok=True)
    files.write_whole(home.dbt / JUDGED, judged)


def check_ran(home: Home, statements: Mapping[str, str], growing: Mapping[str, str] | None = None) -> None:
    """Compare the SQL that a build ran with what was judged: a model may compile to other SQL when it is run.

    Args:
        home: the home.
        statements: what ran, by the model's unique id.
        growing: the same of tables that grow, whose SQL depends on what they hold: it may name no other tables and call
            no other functions.

    Raises:
        BuildFailed: a model ran other SQL; nothing is published.
    """
    judged = files.read_json(home.dbt / JUDGED, dict, "call 'qhawaq build' again")
    other = [name for name, sql in statements.items() if judged.get(name, {}).get("sql") != _hash(sql)]
    other += [
        name
        for name, sql in (growing or {}).items()
        if name not in judged or not column_lineage.named(sql) <= {*judged[name]["names"]}
    ]
    if other:
        told = ", ".join(sorted(other))
        raise BuildFailed(f"nothing is published: other SQL ran than the firewall has judged, of {told}")


def _judged(node: Node) -> dict[str, Any]:
    """Return what a model's SQL is known by: its hash, and the tables and functions that it may name when it is run."""
    sql = node.get("compiled_code") or ""
    names = column_lineage.named(sql) | {_shown(node)} if node["language"] == "sql" else ()
    return {"sql": _hash(sql), "names": sorted(names)}


def _hash(sql: str | None) -> str:
    return hashlib.sha256((sql or "").strip().encode()).hexdigest()[:16]


def breaches(nodes: dict[str, Node]) -> list[str]:
    """Return a sentence for each breach, with its way.

    Args:
        nodes: models with their compiled SQL, seeds and sources, by unique id.
    """
    lineage = ColumnLineage(list(nodes.values()), pseudonyms())
    asked = Conditions(lineage, TIES)
    found = [
        *_hidden(nodes, lineage),
        *_protected(nodes),
        *_named(nodes, lineage),
        *_told(nodes, asked, WITHOUT_CHILDREN),
    ]
    return [*found, *_counted(nodes, lineage.looking_for(ROW_COUNTS, TELLERS))]


def _hidden(nodes: dict[str, Node], lineage: ColumnLineage) -> Iterator[str]:
    """Yield a sentence for each way of reading that no lineage shows: the other checks do not see what comes by it."""
    for node in _models(nodes):
        for what in _hidden_ways(nodes, lineage, node):
            yield f"  {_shown(node)} {what}: no lineage shows what comes by that"


def _hidden_ways(nodes: dict[str, Node], lineage: ColumnLineage, node: Node) -> Iterator[str]:
    if node["language"] == "sql":
        yield from _hidden_in_sql(nodes, lineage, node)
    elif node["name"] not in PYTHON_MODELS:
        yield "is a Python model, and only scores are made by those"


def _hidden_in_sql(nodes: dict[str, Node], lineage: ColumnLineage, node: Node) -> Iterator[str]:
    relation = _shown(node)
    read = {relation, *(_shown(nodes[parent]) for parent in _parents(nodes, node["unique_id"]))}
    yield from (f"reads {table} without ref() or source()" for table in sorted(lineage.tables(relation) - read))
    yield from (f"has a {unseen}" for unseen in sorted(lineage.unseen(relation)))
    yield from (f"calls {function}()" for function in sorted(lineage.functions(relation) - KNOWN_FUNCTIONS))
    yield from _hidden_while_it_runs(node)


def _hidden_while_it_runs(node: Node) -> Iterator[str]:
    if question := _asked_of_database(node):
        yield f"asks the database while it is compiled ({question})"
    yield from (f"has a {kind} of its own" for kind in ("pre-hook", "post-hook") if _hooks(node, kind) - HOOKS)


def _asked_of_database(node: Node) -> str:
    """Return what a model asks the database while it is compiled, itself or by a macro, under whatever name."""
    if named := ASKS.search(node.get("raw_code") or ""):
        return named[0]
    statements = [COMMENT.sub("", statement) for statement in node.get("asked") or []]
    return " ".join(statements[0].split())[:80] if statements else ""


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
    ways = _ways(name, partial(_parents, nodes))
    found = next((way for way in ways if way != (name,) and is_protection(nodes[way[-1]])), ())
    return [_shown(nodes[one]) for one in found]


def _parents(nodes: dict[str, Node], name: str) -> list[str]:
    """Return the models, seeds and sources that a model is made from."""
    return [parent for parent in (nodes[name].get("depends_on") or {}).get("nodes", []) if parent in nodes]


def _ways(name: str, parents: Callable[[str], Iterable[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the shortest way from a node to itself, and to each node that it is made from."""
    ways: deque[tuple[str, ...]] = deque([(name,)])
    seen = {name}
    while ways:
        way = ways.popleft()
        yield way
        for parent in parents(way[-1]):
            if parent not in seen:
                seen.add(parent)
                ways.append((*way, parent))


def _shown(node: Node) -> str:
    return f"{node['schema']}.{node.get('identifier') or node['name']}"


def _named(nodes: dict[str, Node], lineage: ColumnLineage) -> Iterator[str]:
    """Yield a sentence for each column of a mart without children into which a child's pseudonym flows."""
    for node in _models(nodes):
        if node["schema"] in WITHOUT_CHILDREN:
            for column in lineage.columns(_shown(node)):
                if way := lineage.way(_shown(node), column):
                    yield f"  {' <- '.join(way)}: {node['schema']} may count children and name none"


def _told(nodes: dict[str, Node], asked: Conditions, schemas: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each condition that tells what is looked for, in a mart or in what it is made from."""
    told: set[tuple[str, str]] = set()
    for node in _models(nodes):
        for way in _ways_up(nodes, node["unique_id"]) if node["schema"] in schemas else ():
            for condition, source in asked.telling(way[-1]):
                if (here := (way[-1], condition)) not in told:
                    told.add(here)
                    yield f"  {' <- '.join((*way, f'«{condition}»', *source))}: {node['schema']} may not learn it so"


def _counted(nodes: dict[str, Node], lineage: ColumnLineage) -> Iterator[str]:
    """Yield a sentence for each way by which how many rows of protection came reaches others unrounded."""
    for node in _models(nodes):
        if node["schema"] in CLOSED_TO_PROTECTION:
            ways = [lineage.way(_shown(node), column) for column in lineage.columns(_shown(node))]
            ways += [way for way in _ways_up(nodes, node["unique_id"], {LINES}) if way[-1] == LINES]
            for way in filter(None, ways):
                yield f"  {' <- '.join(way)}: it counts rows of protection, which models of TELLERS alone may tell"
    yield from _told(nodes, Conditions(lineage), CLOSED_TO_PROTECTION)


def _ways_up(nodes: dict[str, Node], name: str, tables: Collection[str] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the way from a model to itself and to each model or named table it is made from; those of tellers end."""
    for way in _ways(name, partial(_models_and_tables, nodes, tables)):
        yield tuple(_shown(nodes[one]) for one in way)


def _models_and_tables(nodes: dict[str, Node], tables: Collection[str], name: str) -> Iterator[str]:
    """Yield the models and named tables that a model is made from; where tables are named, none of a teller."""
    if tables and _shown(nodes[name]) in TELLERS:
        return
    for parent in _parents(nodes, name):
        if nodes[parent]["resource_type"] == "model" or _shown(nodes[parent]) in tables:
            yield parent


def pseudonyms() -> set[str]:
    """Return the names by which raw tables hold pseudonyms of persons and households."""
    sources = contracts.read(DBT_PROJECT).values()
    return KEYS | {str(column.landed_name) for source in sources for column in source.columns if column.pseudonym}


def _rules() -> str:
    """Return a hash of the rules themselves: where they change, a version that passed is checked again."""
    rules = [Path(__file__), *(Path(str(one.__file__)) for one in (allowed, column_lineage, conditions))]
    return code.hash_of_files(rules, Path(__file__).parent)[:8]


NOTE = f"firewall-{_rules()}"

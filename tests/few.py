"""Builds with the models of the dbt project and only the tests that they need: most of a short build's time goes to the others.

dbt compiles, runs and tests the same nodes as with the whole project.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from unittest import mock

from warehouse.build import dbt, formulas, parsing
from warehouse.build.results import Built
from warehouse.pipeline import build as step
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

SILENT = Progress(quiet=True)
TESTS = ("test", "unit_test")
PARTIAL = "partial_parse.msgpack"
UNREAD = (
    "exposures",
    "docs",
    "files",
    "disabled",
    "macros",
    "flat_graph",
)  # no node needs them; macros come by themselves


def begin(home: Home, full_refresh: bool = False) -> None:
    """Do what comes before a build; which code the project is of is found out once for all homes."""
    with mock.patch.object(formulas, "of_project", formulas_once):
        step.begin(home, SILENT, full_refresh=full_refresh)


def parse(changed: Path) -> None:
    """Let dbt parse a changed copy of the project once and keep it: it goes on from ours and reads only what differs."""
    from dbt.cli.main import dbtRunner

    parsing.manifest(DBT_PROJECT)
    with TemporaryDirectory() as folder:
        target = Path(folder)
        (target / PARTIAL).write_bytes(parsing._kept(parsed(DBT_PROJECT)) or b"")
        result = dbtRunner().invoke(["--quiet", "parse", *parsing.places(changed, target)])
        assert result.exception is None, result.exception
        content = (target / PARTIAL).read_bytes()
    parsing._keep(parsed(changed), content)


def parsed(project: Path) -> Path:
    """Return where it is kept what dbt parses of a project."""
    return parsing._cache() / f"{parsing.version_of(project)}.msgpack"


formulas_once = cache(formulas.of_project)


def build(home: Home, *names: str, full_refresh: bool = False, judged: tuple[str, ...] | None = None) -> Built:
    """Build models, seeds or tests by name, as dbt selects them (`*`, and `+` before a name), with their tests.

    Args:
        home: the home.
        names: what is built.
        full_refresh: build closed dates again.
        judged: names of those whose tests are run; all that are built where nothing is said.
    """
    part = packed(names, names if judged is None else judged, DBT_PROJECT)
    with mock.patch.object(parsing, "manifest", return_value=opened(part)):
        return dbt.build(home, SILENT, ("--select", *names, *dbt.CAUTIOUS), full_refresh)


def unit_tests(home: Home, *models: str) -> Built:
    """Run the unit tests of models by name."""
    part = of_units(models, DBT_PROJECT)
    with mock.patch.object(parsing, "manifest", return_value=opened(part)):
        return dbt.unit_tests(home, SILENT, models)


def without_tests(
    home: Home,
    *selection: str,
    full_refresh: bool = False,
    project: Path = DBT_PROJECT,
    of: tuple[str, ...] | None = None,
) -> Built:
    """Build what dbt's arguments choose, without the data tests: these judge other promises.

    Args:
        home: the home.
        selection: dbt's arguments.
        full_refresh: build closed dates again.
        project: the dbt project.
        of: names of all that the arguments choose, where they say it in another way than by name.
    """
    part = packed(of or by_name(selection), (), project)
    with mock.patch.object(parsing, "manifest", return_value=opened(part)):
        return dbt.build(home, SILENT, selection, full_refresh, project, tests=False)


def by_name(selection: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names that dbt's arguments select, all where they say something else than names."""
    option, *names = selection
    is_plain = option == "--select" and not any(mark in name for name in names for mark in ":.-")
    return tuple(names) if is_plain else ("*",)


def project() -> Manifest:
    """Return the project as dbt parsed it, for tests that change nothing of it."""
    return whole(DBT_PROJECT)


@cache
def whole(project: Path) -> Manifest:
    """Return a project as dbt parsed it, read once: that takes as long as a short build."""
    return parsing.manifest(project)


@dataclass(frozen=True)
class Part:
    """Some nodes of the project as dbt keeps them, its macros, and the schema and name of each other node."""

    content: bytes
    macros: dict[str, Any]
    others: dict[str, dict[str, str]]


def opened(part: Part) -> Manifest:
    """Return a manifest of one's own: dbt changes the nodes that it works on, and no macro."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack(part.content)
    manifest.macros = part.macros.copy()
    manifest.build_flat_graph()  # what macros read of it
    manifest.flat_graph["nodes"].update(part.others)  # before a build what is no model of the project's is dropped
    return manifest


@cache
def packed(names: tuple[str, ...], judged: tuple[str, ...], project: Path) -> Part:
    """Return nodes by name, with the tests of those that are judged, and all that they are made from."""
    manifest = whole(project)
    chosen = named(manifest, names)
    if not judged:
        chosen -= {one for one in chosen if manifest.nodes[one].resource_type in TESTS}
    read = named(manifest, judged) & chosen
    chosen |= {one for one, node in manifest.nodes.items() if node.resource_type == "test" and reads(node, read)}
    return only(manifest, with_ancestors(manifest, chosen))


@cache
def of_units(models: tuple[str, ...], project: Path) -> Part:
    """Return models by name with their unit tests and all that they are made from."""
    manifest = whole(project)
    tested = {one for one in named(manifest, models) if manifest.nodes[one].resource_type == "model"}
    units = {one: test for one, test in manifest.unit_tests.items() if not tested.isdisjoint(test.depends_on_nodes)}
    return only(manifest, with_ancestors(manifest, tested), units)


def only(manifest: Manifest, kept: set[str], units: dict[str, Any] | None = None) -> Part:
    """Return a manifest without all other nodes but hooks, all other unit tests, and what dbt reads of no node."""
    kept = kept | {one for one, node in manifest.nodes.items() if node.resource_type == "operation"}
    models = {one: node for one, node in manifest.nodes.items() if node.resource_type not in TESTS and one not in kept}
    others = {one: {"schema": node.schema, "alias": node.alias} for one, node in models.items()}
    nodes = {one: node for one, node in manifest.nodes.items() if one in kept}
    read = {source for node in nodes.values() for source in node.depends_on_nodes}
    sources = {one: source for one, source in manifest.sources.items() if one in read}
    measured = {model for one in manifest.semantic_models.values() for model in one.depends_on_nodes}
    is_measured = {dbt.SPINE, *measured} <= kept  # measures want all of the star
    unread = UNREAD if is_measured else (*UNREAD, "semantic_models", "metrics")
    part = replace(manifest, nodes=nodes, sources=sources, unit_tests=units or {}, **{what: {} for what in unread})
    return Part(part.to_msgpack(), manifest.macros, others)


def named(manifest: Manifest, names: tuple[str, ...]) -> set[str]:
    """Return the nodes of these names, with all that they are made from where a name begins with a plus."""
    found: set[str] = set()
    for name in names:
        own = {one for one, node in manifest.nodes.items() if fnmatch(node.name, name.removeprefix("+"))}
        found |= with_ancestors(manifest, own) if name.startswith("+") else own
    return found


def reads(node: Any, chosen: set[str]) -> bool:
    return not chosen.isdisjoint(node.depends_on_nodes)


def with_ancestors(manifest: Manifest, chosen: set[str]) -> set[str]:
    """Return nodes and all that they are made from."""
    kept = set(chosen)
    todo = list(chosen)
    while todo:
        new = {one for one in manifest.nodes[todo.pop()].depends_on_nodes if one in manifest.nodes} - kept
        kept |= new
        todo += new
    return kept

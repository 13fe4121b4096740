"""Builds with the models of the dbt project and only the tests that they need: most of a short build's time goes to the others.

dbt compiles, runs and tests the same nodes as with the whole project.
"""

from __future__ import annotations

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
    return parsing._cache() / f"{parsing._key(project)}.msgpack"


formulas_once = cache(formulas.of_project)


def build(home: Home, *names: str, full_refresh: bool = False) -> Built:
    """Build models, seeds or tests by name, as dbt selects them (`*`, and `+` before a name), with the tests of all that is built.

    Args:
        home: the home.
        names: what is built.
        full_refresh: build closed dates again.
    """
    part = packed(names, True, DBT_PROJECT)
    with mock.patch.object(parsing, "manifest", return_value=opened(part)):
        return dbt.build(home, SILENT, ("--select", *names, *dbt.CAUTIOUS), full_refresh)


def without_tests(home: Home, *selection: str, full_refresh: bool = False, project: Path = DBT_PROJECT) -> Built:
    """Build what dbt's arguments choose, without the data tests: these judge other promises."""
    part = packed(("*",), False, project)
    with mock.patch.object(parsing, "manifest", return_value=opened(part)):
        return dbt.build(home, SILENT, selection, full_refresh, project, tests=False)


def opened(part: bytes) -> Manifest:
    """Return a manifest of one's own: dbt changes the one that it works on."""
    from dbt.contracts.graph.manifest import Manifest

    manifest = Manifest.from_msgpack(part)
    manifest.build_flat_graph()  # what macros read of it
    return manifest


@cache
def packed(names: tuple[str, ...], tests: bool, project: Path) -> bytes:
    """Return all models and seeds of the project, and the tests of some nodes, as dbt keeps it."""
    whole = parsing.manifest(project)
    chosen = named(whole, names)
    if tests:
        chosen |= {one for one, node in whole.nodes.items() if node.resource_type == "test" and reads(node, chosen)}
    else:
        chosen -= {one for one in chosen if whole.nodes[one].resource_type in TESTS}
    # All models stay: before a build what is no model of the project's is dropped.
    kept = chosen | {one for one, node in whole.nodes.items() if node.resource_type not in TESTS}
    whole.nodes = {one: node for one, node in whole.nodes.items() if one in kept}
    whole.unit_tests, whole.exposures, whole.docs, whole.files, whole.disabled = {}, {}, {}, {}, {}
    return whole.to_msgpack()


def named(whole: Manifest, names: tuple[str, ...]) -> set[str]:
    """Return the nodes of these names, with all that they are made from where a name begins with a plus."""
    found: set[str] = set()
    for name in names:
        own = {one for one, node in whole.nodes.items() if fnmatch(node.name, name.removeprefix("+"))}
        found |= with_ancestors(whole, own) if name.startswith("+") else own
    return found


def reads(node: Any, chosen: set[str]) -> bool:
    return not chosen.isdisjoint(node.depends_on_nodes)


def with_ancestors(whole: Manifest, chosen: set[str]) -> set[str]:
    """Return nodes and all that they are made from."""
    kept = set(chosen)
    todo = list(chosen)
    while todo:
        new = {one for one in whole.nodes[todo.pop()].depends_on_nodes if one in whole.nodes} - kept
        kept |= new
        todo += new
    return kept

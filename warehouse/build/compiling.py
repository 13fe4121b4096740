"""What dbt compiles, for those who read its SQL and run none of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from warehouse import files
from warehouse.build.dbt import run
from warehouse.build.manifest import NAME
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home


def compiled(home: Home, progress: Progress, project: Path = DBT_PROJECT) -> dict[str, Any]:
    """Return models with their compiled SQL, seeds and sources, by unique id; what a build compiled stays.

    `asked` of a model are the statements that its compilation sent to the database, by whatever macro.
    """
    target = home.dbt / "checked"
    asked: dict[str, list[str]] = {}

    def note(event: Any) -> None:  # noqa: ANN401  dbt's event type
        if event.info.name == "SQLQuery" and event.data.node_info.unique_id:
            asked.setdefault(event.data.node_info.unique_id, []).append(event.data.sql)

    run(
        home,
        progress,
        "compile",
        ("--exclude", "resource_type:test", "resource_type:unit_test"),
        project,
        target=target,
        note=note,
    )
    written = files.read_json(target / NAME, dict, "call it again")
    shutil.rmtree(target)
    return {
        name: node | {"asked": asked.get(name, [])}
        for name, node in (written["nodes"] | written["sources"]).items()
        if node["resource_type"] in ("model", "seed", "source")
    }


def compiled_tests(home: Home, progress: Progress, project: Path = DBT_PROJECT) -> list[Any]:
    """Return the data tests as dbt compiles them for all of history (`where.sql`); what a build compiled stays."""
    selected = ("--select", "resource_type:test", "--vars", '{"history": true}')
    result = run(home, progress, "compile", selected, project, target=home.dbt / "history")
    return [ran.node for ran in result.results]

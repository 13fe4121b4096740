"""Pictures of the DAGs, drawn from the graphs that Airflow parsed: `python -m deploy.graphs FOLDER` (make graphs).

Boxes are tasks, colored by layer; a task of a model's tests and the process of dbt that tasks watch are left out.
"""

from __future__ import annotations

import html
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from warehouse.build import dbt, orchestration
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home

WIDTH = 168
HEIGHT = 15
ACROSS = 200
DOWN = 19
BAND = 8  # columns side by side
COLORS = {
    "staging": "#d8e6f3",
    "protection_staging": "#e6d8ee",
    "intermediate": "#e3eedb",
    "features": "#fbe7c6",
    "outcomes": "#f6d5cd",
    "scores": "#f9cfd8",
    "marts": "#d3ece6",
    "seeds": "#eeeeee",
}
STEP = "#0b5c7a"


def reduced(dag: Any) -> dict[str, tuple[str, set[str]]]:  # noqa: ANN401  Airflow's DAG
    """Return the tasks that are drawn: name → layer, and the drawn tasks it waits for."""
    kept = {
        task.task_id
        for task in dag.tasks
        if not task.task_id.endswith((".test", "dbt_producer_watcher", "dbt_producer_watcher_done"))
    }
    return {name: (_layer(dag.get_task(name)), _above(dag, name, kept)) for name in kept}


def _layer(task: Any) -> str:  # noqa: ANN401
    node = getattr(task, "extra_context", {}).get("dbt_node_config", {})
    path = Path(str(node.get("original_file_path") or node.get("file_path") or ""))
    return next((part for part in path.parts if part in COLORS), "")


def _above(dag: Any, name: str, kept: set[str]) -> set[str]:  # noqa: ANN401
    """Return the nearest drawn tasks upstream, through those that are not drawn."""
    found = set()
    seen = set()
    todo = [*dag.get_task(name).upstream_task_ids]
    while todo:
        one = todo.pop()
        if one in kept:
            found.add(one)
        elif one not in seen:
            seen.add(one)
            todo += dag.get_task(one).upstream_task_ids
    return found


def depths(graph: Mapping[str, tuple[str, set[str]]]) -> dict[str, int]:
    """Return how many tasks come before each, on the longest way."""
    found: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in found:
            found[name] = 1 + max(map(depth, graph[name][1]), default=-1)
        return found[name]

    for name in sorted(graph):
        depth(name)
    return found


def placed(graph: Mapping[str, tuple[str, set[str]]]) -> dict[str, tuple[int, int]]:
    """Return where each box begins: a column for each depth, so many columns in a band, bands below each other."""
    columns: dict[int, list[str]] = defaultdict(list)
    for name, depth in depths(graph).items():
        columns[depth].append(name)
    tops: dict[int, int] = {}
    top = 34
    for first in range(0, max(columns) + 1, BAND):
        band = range(first, min(first + BAND, max(columns) + 1))
        tops |= dict.fromkeys(band, top)
        top += max(len(columns[depth]) for depth in band) * DOWN + 30
    return {
        name: ((depth % BAND) * ACROSS + 8, tops[depth] + row * DOWN)
        for depth, names in columns.items()
        for row, name in enumerate(sorted(names, key=lambda name: (graph[name][0], name)))
    }


def picture(title: str, graph: Mapping[str, tuple[str, set[str]]]) -> str:
    """Return a graph as SVG, tasks of a layer together."""
    at = placed(graph)
    width = max(x for x, _ in at.values()) + WIDTH + 8
    height = max(y for _, y in at.values()) + HEIGHT + 8
    lines = "".join(_line(at[above], at[name]) for name in sorted(graph) for above in sorted(graph[name][1]))
    boxes = "".join(_box(name, graph[name][0], *at[name]) for name in sorted(graph))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" role="img">'
        f"<title>{html.escape(title)}</title><rect width='{width}' height='{height}' fill='#fff'/>"
        f"<text x='8' y='20' font-size='13' font-weight='bold'>{html.escape(title)}</text>{lines}{boxes}</svg>\n"
    )


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1 = start[0] + WIDTH
    x2 = end[0]
    y1 = start[1] + HEIGHT // 2
    y2 = end[1] + HEIGHT // 2
    way = f"M{x1} {y1}C{x1 + 20} {y1} {x2 - 20} {y2} {x2} {y2}"
    return f"<path d='{way}' stroke='#c3ccd4' stroke-width='.6' fill='none'/>"


def _box(name: str, layer: str, x: int, y: int) -> str:
    said = name.split(".", 1)[-1].removesuffix(".run").removesuffix(".seed")
    fill, ink = (COLORS[layer], "#111") if layer else (STEP, "#fff")
    return (
        f"<g><title>{html.escape(name)}</title>"
        f"<rect x='{x}' y='{y}' width='{WIDTH}' height='{HEIGHT}' rx='2' fill='{fill}'/>"
        f"<text x='{x + 4}' y='{y + 11}' font-size='8.5' fill='{ink}'>{html.escape(said[:36])}</text></g>"
    )


def write(folder: Path, dags: Iterable[Any]) -> list[Path]:
    """Write a picture of each DAG; return the files."""
    found = []
    for dag in sorted(dags, key=lambda dag: dag.dag_id):
        path = folder / f"{dag.dag_id}.svg"
        path.write_text(picture(dag.dag_id, reduced(dag)), encoding="utf-8")
        found.append(path)
    return found


def main() -> None:
    """Draw what Airflow parses of the dbt project, in an empty home: the graph depends on no data."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["QHAWAQ_HOME"] = folder
        home = Home.find()
        dbt.parse(home, Progress(quiet=True))
        orchestration.write_graph(home)
        for path in write(Path(sys.argv[1]), _dags()):
            print(path)  # noqa: T201


def _dags() -> Iterable[Any]:
    """Return the DAGs of the repository.

    Raises:
        SystemExit: one of them cannot be imported.
    """
    from airflow.dag_processing.dagbag import BundleDagBag

    place = str(REPOSITORY / "dags")
    bag = BundleDagBag(dag_folder=place, bundle_path=place, bundle_name="dags-folder")
    if bag.import_errors:
        sys.exit(str(bag.import_errors))
    return bag.dags.values()


if __name__ == "__main__":
    main()

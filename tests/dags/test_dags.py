"""What the graph holds: every model once, one writer at a time, a way back; drawn without running dbt."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.dags.scheduler import PYTHON
from warehouse.build import dbt, orchestration
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, REPOSITORY, Home

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.skipif(not PYTHON, reason="Airflow is not installed here: make test-airflow installs it"),
]
ELSEWHERE = ("collect", "notify")  # these open the inbox, published files and the outbox, never the warehouse
Dags = dict[str, dict[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with nothing but a graph."""
    found = Home(tmp_path_factory.mktemp("dags") / "home")
    found.claim("real")
    dbt.parse(found, Progress(quiet=True))
    orchestration.write_graph(found)
    return found


@pytest.fixture(scope="module", params=["watcher", "local"])
def dags(request: pytest.FixtureRequest, home: Home) -> Dags:
    environment = os.environ | {
        "QHAWAQ_HOME": str(home.root), "AIRFLOW_HOME": str(home.root / "airflow"), "PYTHONPATH": str(REPOSITORY),
        "QHAWAQ_AIRFLOW_MODE": request.param, "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }  # fmt: skip
    command = [PYTHON, str(Path(__file__).with_name("describe.py")), str(REPOSITORY / "dags")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["errors"] == {}
    return found["dags"]


def nodes(tasks: dict[str, dict[str, Any]], group: str) -> set[str]:
    return {task["node"] for name, task in tasks.items() if name.startswith(f"{group}.") and task["node"]}


def test_every_model_is_in_one_of_two_groups_as_the_command_line_builds_them(dags: Dags, home: Home) -> None:
    manifest = json.loads((home.dbt / "manifest.json").read_text())
    known = {name for name in manifest["nodes"] if name.split(".")[0] in ("model", "seed")}
    first, second = (nodes(dags["qhawaq_refresh"], group) for group in ("features", "scores"))
    assert first | second == known
    assert not first & second
    assert first == {name for name in known if name in upstream(manifest, dbt.FIRST) or name.startswith("seed.")}
    assert nodes(dags["qhawaq_deploy"], "scores") == second


def upstream(manifest: dict[str, Any], selection: tuple[str, ...]) -> set[str]:
    """Return the nodes of `+name` in a selection, walked through the manifest."""
    todo = [f"model.qhawaq.{name[1:]}" for name in selection if name.startswith("+")]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in found and name in manifest["nodes"]:
            found.add(name)
            todo += manifest["nodes"][name]["depends_on"].get("nodes", [])
    return found


def reads_models(home: Home, test: str) -> bool:
    """Say whether a test reads a model or seed at all; those of sources have no task to stand beside."""
    needs = json.loads((home.dbt / "graph.json").read_text())["nodes"][test]["depends_on"]["nodes"]
    return any(not name.startswith("source.") for name in needs)


def test_one_at_a_time_writes_the_warehouse(dags: Dags) -> None:
    for tasks in dags.values():
        for name, task in tasks.items():
            watches = "Watcher" in task["kind"] and "Producer" not in task["kind"]
            assert (task["pool"] == "watch") == watches, (name, task["kind"])
            if not watches and task["kind"] != "EmptyOperator" and name not in ELSEWHERE:
                assert task["pool"] == "duckdb", (name, task["kind"])


def test_what_watches_is_not_tried_again_and_what_can_be_is(dags: Dags) -> None:
    tasks = dags["qhawaq_refresh"]
    assert tasks["land"]["retries"] == 2
    for name, task in tasks.items():
        if task["node"]:
            assert task["retries"] == (0 if "features.dbt_producer_watcher" in tasks else 2), name


def test_every_model_links_to_its_docs(dags: Dags) -> None:
    for task in dags["qhawaq_refresh"].values():
        if task["node"]:
            assert f"#!/{task['node'].split('.')[0]}/{task['node']}" in task["doc"]


def test_nothing_is_published_before_everything_is_built_and_tested(dags: Dags) -> None:
    tasks = dags["qhawaq_refresh"]
    before, todo = set(), ["publish"]
    while todo:
        for name in tasks[todo.pop()]["upstream"]:
            if name not in before:
                before.add(name)
                todo.append(name)
    after = {"publish", "notify", "docs"}
    assert before == tasks.keys() - after


def test_the_way_back_is_taken_where_anything_failed(dags: Dags) -> None:
    back = dags["qhawaq_deploy"]["go_back"]
    assert back["rule"] == "one_failed"
    assert {"promote", "publish", "smoke_test"} <= set(back["upstream"])


def test_every_test_of_several_models_can_be_run_with_one_of_them(home: Home) -> None:
    """Model by model, a test runs with the model that all its others are upstream of; without one it would never run."""
    manifest = json.loads((home.dbt / "manifest.json").read_text())
    alone = []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test":
            parents = {name for name in node["depends_on"]["nodes"] if name in manifest["nodes"]}
            above = {name: upstream(manifest, (f"+{name.rsplit('.', 1)[-1]}",)) | {name} for name in parents}
            if not any(parents <= seen for seen in above.values()) and parents:
                alone.append(node["name"])
    assert alone == []


@pytest.mark.parametrize(("group", "selection"), [("features", dbt.FEATURES), ("scores", dbt.SCORES)])
def test_tasks_wait_for_the_tests_that_dbt_runs_and_for_no_others(
    dags: Dags, home: Home, group: str, selection: tuple[str, ...]
) -> None:
    """A test that reads what the other group builds runs there; who waited for it here would wait for ever."""
    tasks = dags["qhawaq_refresh"]
    if f"{group}.dbt_producer_watcher" not in tasks:  # each task runs its own tests
        assert not any(task["awaited"] for task in tasks.values())
        return
    awaited = tasks[f"{group}.dbt_producer_watcher"]["awaited"]
    asked = (*selection, "--resource-type", "test", "--exclude-resource-type", "unit_test", "--output", "json")
    listed = dbt.run(home, Progress(quiet=True), "ls", asked, DBT_PROJECT)
    named = {json.loads(line)["unique_id"] for line in listed}
    assert len(named) > 200
    assert {one for tests in awaited.values() for one in tests} == {one for one in named if reads_models(home, one)}
    mine = [task for name, task in tasks.items() if name.startswith(group)]
    assert {task["node"] for task in mine if task["awaits"]} == {model for model, tests in awaited.items() if tests}


def test_a_task_a_model_and_none_for_tests_alone_while_dbt_runs_them(dags: Dags) -> None:
    tasks = dags["qhawaq_refresh"]
    of_nodes = [task["node"] for task in tasks.values() if task["node"]]
    assert len(of_nodes) == len(set(of_nodes)) > 100
    assert not any("Test" in task["kind"] for task in tasks.values())
    for name, task in tasks.items():
        if task["node"] or "Producer" in task["kind"]:
            assert "--resource-type" not in task["flags"], name  # which would leave tests out


def test_the_picture_in_the_docs_shows_every_task(dags: Dags) -> None:
    shown = (REPOSITORY / "docs" / "pictures" / "qhawaq_refresh.svg").read_text(encoding="utf-8")
    left_out = ("watcher", "watcher_done", "_build")  # Cosmos's own, and of the other mode
    drawn = [name for name in dags["qhawaq_refresh"] if not name.endswith(left_out)]
    assert [name for name in drawn if f"<title>{name}</title>" not in shown] == []

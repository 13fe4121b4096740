"""The pipeline on a real scheduler: once in full, and then a slice of it with everything that can go wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import qhawaq
from tests.dags.scheduler import PYTHON, Airflow, who_has_open
from tests.faults import tables
from warehouse.publish import switching
from warehouse.settings import DBT_PROJECT, Home

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.scheduler,
    pytest.mark.skipif(not PYTHON, reason="Airflow is not installed here: make test-airflow installs it"),
]
OTHERS = ("qhawaq_train", "qhawaq_deploy", "qhawaq_monitor")
SLICE = {
    "QHAWAQ_AIRFLOW_FEATURES": "child_support",
    "QHAWAQ_AIRFLOW_SCORES": "quarantine_reasons freshness",
}  # no name of a folder: Cosmos takes all in it, dbt does not


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("airflow")


@pytest.fixture(scope="module")
def home(place: Path) -> Home:
    """A small country whose deliveries wait in the inbox."""
    found = Home(place / "home")
    qhawaq(found.root, "simulate", "--children", "1000", "--truth", str(place / "truth"))
    return found


@pytest.fixture(scope="module")
def project(place: Path) -> Path:
    """A copy of the dbt project, to break."""
    return Path(shutil.copytree(DBT_PROJECT, place / "project", ignore=shutil.ignore_patterns("target", "logs")))


def test_deliveries_are_refreshed_trained_on_and_deployed(home: Home, place: Path) -> None:
    """Nothing is triggered by hand: deliveries start refresh, its feature mart training, the model deployment."""
    with Airflow(home, place / "full", QHAWAQ_AIRFLOW_MODE="watcher") as airflow:
        airflow.pause("qhawaq_monitor")
        for dag in ("qhawaq_refresh", "qhawaq_train", "qhawaq_deploy"):
            run = airflow.first(dag)
            assert airflow.wait(dag, run) == "success", {
                name: state for name, state in airflow.tasks(dag, run).items() if state != "success"
            }
    live = json.loads(home.model_config.read_text())
    assert live["model_version"].startswith("rule:") == live["gate"].startswith("a rule")
    assert len(switching.kept(home)) == 2
    assert "nothing new" in qhawaq(home.root, "run").stdout  # the command line takes up where Airflow was
    assert not list(home.inbox.iterdir())


@pytest.fixture(scope="module")
def slice_of(home: Home, place: Path, project: Path) -> Iterator[Airflow]:
    """Airflow on three models, in the mode that is the default."""
    if switching.current(home) is None:
        qhawaq(home.root, "run")
    with Airflow(home, place / "slice", QHAWAQ_DBT_PROJECT=str(project), **SLICE) as airflow:
        airflow.pause(*OTHERS)
        assert airflow.did("qhawaq_refresh", full_refresh=True)[0] == "success"
        yield airflow


def state(home: Home) -> dict[str, object]:
    """Return every table but those that say what was tested."""
    aside = ("raw.built_", "raw.being_built", "raw.half_built")
    return {name: content for name, content in tables.of_home(home).items() if not any(map(name.__contains__, aside))}


def test_a_failing_model_publishes_nothing_and_the_next_run_does(slice_of: Airflow, home: Home, project: Path) -> None:
    before, release, model = (
        state(home),
        switching.current(home),
        project / "models/marts/operations/quarantine_reasons.sql",
    )
    good = model.read_text()
    model.write_text(good.replace("select * from", "select * from nowhere, "))
    said, tasks = slice_of.did("qhawaq_refresh", full_refresh=True)
    assert said == "failed"
    assert tasks["publish"] == "upstream_failed"
    assert switching.current(home) == release
    model.write_text(good)
    assert slice_of.did("qhawaq_refresh", full_refresh=True)[0] == "success"
    assert switching.current(home) != release
    assert state(home) == before


def test_a_failing_test_publishes_nothing(slice_of: Airflow, home: Home, project: Path) -> None:
    before, release = state(home), switching.current(home)
    test = project / "tests" / "planted.sql"
    test.write_text("select 1 as found from {{ ref('freshness') }} limit 1")
    said, tasks = slice_of.did("qhawaq_refresh", full_refresh=True)
    test.unlink()
    assert said == "failed"
    assert tasks["publish"] == "upstream_failed"
    assert switching.current(home) == release
    assert state(home) == before


def test_a_killed_worker_leaves_everything_whole(slice_of: Airflow, home: Home, project: Path) -> None:
    before, release, model = (
        state(home),
        switching.current(home),
        project / "models/marts/operations/freshness.sql",
    )
    good = model.read_text()
    slow = "cross join (select sum(a.range + b.range) as slow from range(400000) as a, range(400000) as b) as s"
    model.write_text(good.replace("cross join calendar", f"cross join calendar {slow}"))
    run = slice_of.trigger("qhawaq_refresh", full_refresh=True)
    worker = in_scores(slice_of, home, run)
    os.kill(worker, signal.SIGKILL)
    model.write_text(good)
    ended = slice_of.wait("qhawaq_refresh", run)
    if ended == "failed":  # one process of dbt is not tried again; a process a model is
        assert switching.current(home) == release
        assert slice_of.did("qhawaq_refresh", full_refresh=True)[0] == "success"
    assert switching.current(home) != release
    assert state(home) == before


def in_scores(airflow: Airflow, home: Home, run: str) -> int:
    """Wait until a task of the scores is in its model; return the process that has the warehouse open."""
    until = time.monotonic() + 300
    while time.monotonic() < until:
        tasks = airflow.tasks("qhawaq_refresh", run)
        running = any(name.startswith("scores.") and state == "running" for name, state in tasks.items())
        if running and (found := who_has_open(home.warehouse)):
            time.sleep(4)
            if found == who_has_open(home.warehouse):
                return found[0]
        time.sleep(0.5)
    raise AssertionError(f"no task of the scores opened the warehouse: {airflow.tasks('qhawaq_refresh', run)}")


def test_a_refused_model_does_not_go_live(slice_of: Airflow, home: Home) -> None:
    """The small country is too small for any gate: what was live stays, and the lists are published again as they were."""
    live = json.loads(home.model_config.read_text())["model_version"]
    slice_of.call("/api/v2/dags/qhawaq_deploy", {"is_paused": False}, "PATCH")
    said, tasks = slice_of.did("qhawaq_deploy")
    assert said == "success"
    assert tasks["go_back"] == "skipped"
    assert json.loads(home.model_config.read_text())["model_version"] == live


def test_what_is_live_is_watched_and_recipes_are_searched(slice_of: Airflow, home: Home) -> None:
    """Monitoring looks at drift and freshness, deletes, backs up and restores; tuning proposes and changes nothing."""
    live = home.model_config.read_text()
    for dag in ("qhawaq_monitor", "qhawaq_tune"):
        slice_of.call(f"/api/v2/dags/{dag}", {"is_paused": False}, "PATCH")
        said, tasks = slice_of.did(dag)
        assert said == "success", tasks
        assert set(tasks.values()) <= {"success", "skipped"}
    assert home.model_config.read_text() == live

"""What tasks note of themselves, what graphs are drawn from, and what is looked at before a release is believed."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from tests.conftest import Country
from warehouse.build import calendar, orchestration
from warehouse.errors import QhawaqError
from warehouse.pipeline import deploy, monitor, publish, run, smoke
from warehouse.pipeline.publish import PublishResult
from warehouse.progress import Progress
from warehouse.publish import releases
from warehouse.settings import Home

BEGAN = datetime(2025, 12, 5, 2, 0, tzinfo=UTC)


def context(task: str, error: Exception | None = None, attempt: int = 1) -> dict[str, object]:
    ran = SimpleNamespace(dag_id="qhawaq_refresh", run_id="r1", task_id=task, try_number=attempt,
                          start_date=datetime.now(UTC) - timedelta(seconds=3))  # fmt: skip
    return {"ti": ran} | ({"exception": error} if error else {})


def noted(home: Home) -> list[tuple]:
    db = duckdb.connect(":memory:")
    db.execute(f"create schema raw; {orchestration.DDL}")
    for _ in range(2):  # reading again adds nothing
        orchestration.read_in(db, home)
    return db.execute(
        "select task_id, try_number, state, error, round(seconds) from raw.task_runs order by all"
    ).fetchall()


def test_tasks_are_noted_once_with_the_kind_of_error_and_not_its_text(home: Home) -> None:
    orchestration.noting(home, "success")(context("land"))
    orchestration.noting(home, "failed")(context("close", ValueError("DNI 71234567")))
    orchestration.noting(home, "success")(context("close", attempt=2))
    assert noted(home) == [("close", 1, "failed", "ValueError", 3), ("close", 2, "success", None, 3),
                           ("land", 1, "success", None, 3)]  # fmt: skip
    assert "71234567" not in home.task_runs.read_text()
    assert home.task_runs.stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_off_loses_no_other(home: Home) -> None:
    orchestration.noting(home, "success")(context("land"))
    with home.task_runs.open("a") as file:
        file.write('{"dag_id": "qhawaq_refresh", "run\n')
    orchestration.noting(home, "success")(context("publish"))
    assert [task for task, *_ in noted(home)] == ["land", "publish"]


def test_a_home_without_an_orchestrator_has_nothing_to_read(home: Home) -> None:
    assert noted(home) == []


@pytest.fixture
def own(country: Country, tmp_path: Path) -> Home:
    return Home(Path(shutil.copytree(country.home.root, tmp_path / "home", symlinks=True)))


def test_a_graph_is_drawn_of_every_model_seed_and_test(own: Home) -> None:
    orchestration.draw(own)
    drawn = json.loads((own.dbt / "graph.json").read_text())["nodes"]
    known = json.loads((own.dbt / "manifest.json").read_text())["nodes"]
    assert drawn.keys() == {name for name in known if name.split(".")[0] in ("model", "seed", "test")}
    assert all(drawn[name]["depends_on"]["nodes"] == known[name]["depends_on"].get("nodes", []) for name in drawn)
    assert not any("raw_code" in node for node in drawn.values())


def test_what_dbt_said_and_compiled_elsewhere_is_kept(home: Home, tmp_path: Path) -> None:
    (tmp_path / "target" / "compiled" / "qhawaq").mkdir(parents=True)
    (tmp_path / "target" / "compiled" / "qhawaq" / "a.sql").write_text("select 1")
    (tmp_path / "target" / "manifest.json").write_text("{}")
    home.dbt.mkdir(parents=True)
    for _ in range(2):  # over what was kept before
        orchestration.keep_results(home, tmp_path)
    assert (home.dbt / "compiled" / "qhawaq" / "a.sql").read_text() == "select 1"
    assert sorted(path.name for path in home.dbt.iterdir()) == ["compiled", "manifest.json"]


def test_what_is_published_is_looked_at(own: Home) -> None:
    found = smoke.test(own)
    assert found["live"] == deploy.live(own)
    assert found["files"] > 10


def test_files_of_two_releases_are_not_believed(own: Home) -> None:
    before = releases.current(own)
    publish.publish(own, Progress(quiet=True), "second")
    file = next((own.serving / "education").glob("*/current.duckdb"))
    releases.switch(file.parent, f"{before}.duckdb")
    with pytest.raises(QhawaqError, match="not of release"):
        smoke.test(own)


def test_lists_by_another_model_are_not_believed_and_the_way_back_is_one_call(own: Home) -> None:
    before, release = deploy.live(own), releases.current(own)
    other = "rule:over_age" if before != "rule:over_age" else "rule:abc"
    deploy.make_live(own, other)
    publish.publish(own, Progress(quiet=True), "second")
    with pytest.raises(QhawaqError, match=f"live is {other}"):
        smoke.test(own)
    said = smoke.go_back(own, before, release)
    assert f"{before} is live again" in said
    assert f"{release} is current again" in said
    assert smoke.test(own)["live"] == before
    assert json.loads(own.model_config.read_text())["model_version"] == before
    assert "nothing had changed" in smoke.go_back(own, before, release)


def test_a_service_that_does_not_take_the_model_up_is_told(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QHAWAQ_SERVICE_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(smoke, "PATIENCE", 1.5)
    with pytest.raises(QhawaqError, match="service at"):
        smoke.test(own)


def test_late_sources_are_named(own: Home) -> None:
    found = monitor.late(own)["late"]
    with duckdb.connect(str(own.warehouse), read_only=True) as db:
        late = dict(db.execute("select source, age_days from operations.freshness where is_late").fetchall())
    assert {source: one["days"] for source, one in found.items()} == late


def test_a_published_home_is_released_until_something_is_new(own: Home) -> None:
    day = calendar.read(own)
    assert run.released(own, day) == releases.current(own)
    assert run.released(own, day + timedelta(days=1)) is None


def test_what_an_orchestrator_published_counts_for_the_command_line(own: Home) -> None:
    day, silent = calendar.read(own), Progress(quiet=True)
    run.begun(own, day)
    assert run.released(own, day) is None
    run.closed(own, silent, again=False)
    found = run.published(own, silent)
    assert run.released(own, day) == found.release == releases.current(own)


def test_a_deployment_between_landing_and_building_does_not_count_as_a_refresh(
    own: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "publish", lambda *_: PublishResult("second", 1))
    day, silent = calendar.read(own), Progress(quiet=True)
    run.begun(own, day)
    run.published(own, silent)
    assert run.released(own, day) is None


def test_what_landed_while_it_was_built_is_still_to_be_built(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publish, "publish", lambda *_: PublishResult("second", 1))
    day, silent = calendar.read(own), Progress(quiet=True)
    run.begun(own, day)
    with duckdb.connect(str(own.warehouse)) as db:
        db.execute("update raw.deliveries set sha256 = 'other' where file = (select max(file) from raw.deliveries)")
    run.closed(own, silent, again=False)
    run.published(own, silent)
    assert run.released(own, day) is None

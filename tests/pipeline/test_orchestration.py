"""What tasks note of themselves, what graphs are drawn from, and what is looked at before a release is believed."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from tests.conftest import Country
from warehouse import clock
from warehouse.build import calendar, manifest, orchestration
from warehouse.errors import QhawaqError
from warehouse.pipeline import deploy, monitor, publish, run, smoke
from warehouse.pipeline.publish import PublishResult
from warehouse.pipeline.state import State
from warehouse.progress import Progress
from warehouse.publish import switching
from warehouse.settings import Home

BEGAN = datetime(2025, 12, 5, 2, 0, tzinfo=UTC)


def context(task: str, error: Exception | None = None, attempt: int = 1) -> dict[str, object]:
    ran = SimpleNamespace(dag_id="qhawaq_refresh", run_id="r1", task_id=task, try_number=attempt,
                          start_date=clock.now() - timedelta(seconds=3))  # fmt: skip
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
    orchestration.task_callback(home, "success")(context("land"))
    orchestration.task_callback(home, "failed")(context("close", ValueError("DNI 71234567")))
    orchestration.task_callback(home, "success")(context("close", attempt=2))
    assert noted(home) == [("close", 1, "failed", "ValueError", 3), ("close", 2, "success", None, 3),
                           ("land", 1, "success", None, 3)]  # fmt: skip
    assert "71234567" not in home.task_runs.read_text()
    assert home.task_runs.stat().st_mode & 0o077 == 0


def test_a_line_that_was_cut_off_loses_no_other(home: Home) -> None:
    orchestration.task_callback(home, "success")(context("land"))
    with home.task_runs.open("a") as file:
        file.write('{"dag_id": "qhawaq_refresh", "run\n')
    orchestration.task_callback(home, "success")(context("publish"))
    assert [task for task, *_ in noted(home)] == ["land", "publish"]


def test_a_home_without_an_orchestrator_has_nothing_to_read(home: Home) -> None:
    assert noted(home) == []


@pytest.fixture(scope="module")
def own(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The country, to open as its owner does and to leave as it was."""
    return country.copy(tmp_path_factory.mktemp("own") / "home", "archive", "compiled")


@dataclass(frozen=True)
class Again:
    """A country with a second release, made by an orchestrator after another model went live."""

    home: Home
    day: date
    before: tuple[str | None, str | None]  # the live model, the current release
    other: str  # the model that is live now
    meanwhile: object  # what counted as released between landing and publishing
    release: object  # what the orchestrator's task returned


@pytest.fixture(scope="module")
def again(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Again:
    home, silent = country.copy(tmp_path_factory.mktemp("again") / "home", "archive", "compiled"), Progress(quiet=True)
    day, before = calendar.read(home), (deploy.live(home), switching.current(home))
    other = "rule:over_age" if before[0] != "rule:over_age" else "rule:abc"
    run.note_begin(home, Progress(quiet=True), day)
    meanwhile = run.released(home, silent, day)
    run.close_dates(home, silent, again=False)
    deploy.make_live(home, other)
    return Again(home, day, before, other, meanwhile, run.publish_built(home, silent).release)


def test_a_graph_is_drawn_of_every_model_seed_and_test(country: Country, home: Home) -> None:
    home.dbt.mkdir(parents=True)
    shutil.copy2(manifest.path(country.home), home.dbt)
    orchestration.write_graph(home)
    drawn = json.loads((home.dbt / "graph.json").read_text())["nodes"]
    known = json.loads((home.dbt / "manifest.json").read_text())["nodes"]
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


def test_files_of_two_releases_are_not_believed(again: Again) -> None:
    link = next((again.home.serving / "education").glob("*/current.duckdb"))
    (other,) = set(switching.kept(again.home)) - {switching.current(again.home)}
    link.unlink()
    link.symlink_to(f"{other}/{switching.FILE}")
    with pytest.raises(QhawaqError, match="not of release"):
        smoke.test(again.home)
    assert switching.follow(again.home) == 1
    assert switching.wrong_links(again.home) == []


def test_lists_by_another_model_are_not_believed_and_the_way_back_is_one_call(again: Again) -> None:
    home, (before, release) = again.home, again.before
    with pytest.raises(QhawaqError, match=f"live is {again.other}"):
        smoke.test(home)
    said = smoke.go_back(home, before, release)
    assert f"{before} is live again" in said
    assert f"{release} is current again" in said
    assert smoke.test(home)["live"] == before
    assert json.loads(home.model_config.read_text())["model_version"] == before
    assert "nothing had changed" in smoke.go_back(home, before, release)


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
    assert run.released(own, Progress(quiet=True), day) == switching.current(own)
    assert run.released(own, Progress(quiet=True), day + timedelta(days=1)) is None


def test_what_an_orchestrator_published_counts_for_the_command_line(again: Again) -> None:
    assert again.meanwhile is None
    assert run.released(again.home, Progress(quiet=True), again.day)
    assert State.read(again.home).done["publish"]["release"] == again.release
    assert switching.kept(again.home) == [again.before[1], again.release]


def test_a_deployment_between_landing_and_building_does_not_count_as_a_refresh(
    again: Again, silent: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "publish", lambda *_: PublishResult("second", 1))
    run.note_begin(again.home, Progress(quiet=True), again.day)
    run.publish_built(again.home, silent)
    assert run.released(again.home, Progress(quiet=True), again.day) is None


def test_what_landed_while_it_was_built_is_still_to_be_built(
    again: Again, silent: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish, "publish", lambda *_: PublishResult("second", 1))
    run.note_begin(again.home, Progress(quiet=True), again.day)
    with duckdb.connect(str(again.home.warehouse)) as db:
        db.execute("update raw.deliveries set sha256 = 'other' where file = (select max(file) from raw.deliveries)")
    run.close_dates(again.home, silent, again=False)
    run.publish_built(again.home, silent)
    assert run.released(again.home, Progress(quiet=True), again.day) is None

"""Running dbt inside this process: one parse a run, progress while it works, errors a person can act on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse import files
from warehouse.build import orchestration, parsing, results, test_results
from warehouse.build.manifest import MEASURES, NAME
from warehouse.build.results import BAD, Built
from warehouse.database import crypto_extension
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, MEMORY_LIMIT, Home

# Two builds of one project: features and outcomes first, then (training, if due, and) scores and marts.
FIRST = (
    "+child_features",
    "+child_outcomes",
    "+int_supports__around_dates",
    "+int_places__ugel_capacities",
    "+int_indicators__counts",
    "+int_indicators__groups",
    "+int_indicators__services",
    "+int_ministry__districts",
    "+int_ministry__dropouts",
    "resource_type:seed",
)
# A test of both halves is run with the second: «cautious» leaves a test until all that it reads is built.
CAUTIOUS = ("--indirect-selection", "cautious")
THREADS = "4"  # models at once: while some wait for the database, dbt prepares others
LARGE = 2 << 30  # bytes of a warehouse from which on one statement keeps all cores busy
RUNS = ("build", "test", "compile")  # dbt's commands whose manifest and results are written here
WARNED = "warn"
SPINE = "model.qhawaq.dim_date"  # without the days that it names dbt writes no measures
FEATURES = ("--select", *FIRST, *CAUTIOUS)
SCORES = ("--exclude", *FIRST, *CAUTIOUS)


def environment(home: Home) -> dict[str, str]:
    """Return what dbt reads from the environment."""
    return {
        "QHAWAQ_HOME": str(home.root),
        "QHAWAQ_CRYPTO": str(crypto_extension()),
        "QHAWAQ_CRYPTO_CHECKED": "true",
        "QHAWAQ_MEMORY_LIMIT": MEMORY_LIMIT,
        "QHAWAQ_DUCKDB_THREADS": str(_threads(home)),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _threads(home: Home) -> int:
    """Return how many threads a statement takes: one of a small country, where several models are built at once."""
    is_small = not home.warehouse.exists() or home.warehouse.stat().st_size < LARGE
    return 1 if is_small else os.cpu_count() or 1


def unit_tests(home: Home, progress: Progress, models: Sequence[str] = ("*",)) -> Built:
    """Run dbt's unit tests, of some models or of all: they judge the code and not the data, so builds leave them out.

    Raises:
        BuildFailed: a rule does not do what its test says.
    """
    return _invoke(home, progress, "test", ("--select", *(f"{model},test_type:unit" for model in models)))


def parse(home: Home, progress: Progress) -> None:
    """Write the manifest of the project into a home: what an orchestrator draws its graph from."""
    home.dbt.mkdir(exist_ok=True)
    run(home, progress, "parse", (), DBT_PROJECT)


def compile_models(home: Home, progress: Progress, project: Path) -> None:
    """Compile every model of a project against a home's warehouse; the result is in the home's manifest."""
    _invoke(home, progress, "compile", ("--exclude", "resource_type:test", "resource_type:unit_test"), project)


def document(home: Home, progress: Progress) -> None:
    """Write dbt's catalog and its documentation as one static page beside the manifest."""
    run(home, progress, "docs generate", ("--static",), DBT_PROJECT)


def build(
    home: Home,
    progress: Progress,
    selection: tuple[str, ...],
    full_refresh: bool = False,
    project: Path = DBT_PROJECT,
    tests: bool = True,
) -> Built:
    """Run `dbt build` on a selection.

    Args:
        home: the home.
        progress: where to say it.
        selection: dbt's arguments that choose nodes.
        full_refresh: build closed dates again.
        project: the dbt project.
        tests: run the nodes' data tests too.

    Raises:
        BuildFailed: models or tests failed; the message names each and says what it found.
    """
    extra = ["--threads", THREADS, "--exclude-resource-type", "unit_test"]
    extra += [] if tests else ["--exclude-resource-type", "test"]
    extra += ["--full-refresh"] if full_refresh else []
    result = run(home, progress, "build", (*selection, *extra), project)
    _note(home, result)
    with parsing.rarely_collecting():  # it reads the manifest, thousands of small objects
        test_results.keep(home)
    return results.summary(result, home)


def _note(home: Home, result: Any) -> None:  # noqa: ANN401  dbt's result type
    """Note how each model and each test that failed or warned ended, as an orchestrator's tasks note it."""
    run = f"{result.generated_at:%Y%m%dT%H%M%S%f}"
    for run_result in result.results:
        if run_result.node.resource_type == "model" or str(run_result.status) in (*BAD, WARNED):
            for ran in filter(_is_execution, run_result.timing):
                task = {"dag_id": "dbt", "run_id": run, "task_id": run_result.node.name, "try_number": 1}
                orchestration.append(home, orchestration.line(task, *_ended(run_result, ran)))


def _is_execution(part: Any) -> bool:  # noqa: ANN401  dbt's timing
    return part.name == "execute" and part.completed_at is not None


def _ended(result: Any, execution: Any) -> tuple[str, tuple[datetime, datetime], str | None]:  # noqa: ANN401  dbt's types
    """Return state, when it ran, and the kind of error; of a warning the number of rows."""
    if str(result.status) == WARNED:
        return "warned", _moments(execution), f"{result.failures} rows"
    state, error = ("failed", str(result.status)) if str(result.status) in BAD else ("success", None)
    return state, _moments(execution), error


def _moments(execution: Any) -> tuple[datetime, datetime]:  # noqa: ANN401  dbt's timing
    return execution.started_at.replace(tzinfo=UTC), execution.completed_at.replace(tzinfo=UTC)


def _invoke(
    home: Home, progress: Progress, command: str, arguments: tuple[str, ...], project: Path = DBT_PROJECT
) -> Built:
    """Run a dbt command and say what it did.

    Raises:
        BuildFailed: models or tests failed; the message names each and says what it found.
    """
    return results.summary(run(home, progress, command, arguments, project), home)


def run(
    home: Home,
    progress: Progress,
    command: str,
    arguments: tuple[str, ...],
    project: Path,
    target: Path | None = None,
    note: Callable[[Any], None] | None = None,
) -> Any:  # noqa: ANN401  dbt's result
    """Run a dbt command in this process, close its connections, and return what it returns.

    Raises:
        BuildFailed: dbt stopped before it could judge anything.
    """
    target = target or home.dbt
    os.environ.update(environment(home))
    parsing.check_importable()
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    try:
        with parsing.rarely_collecting():
            # What is parsed anew is kept in the home too, for an orchestrator.
            manifest = None if command == "parse" else parsing.manifest(project)
            runner = dbtRunner(manifest, callbacks=[_Reporter(progress), *filter(None, [note])])
            places = parsing.places(project, target)
            unwritten = ("--no-write-json",) if command in RUNS else ()
            result = runner.invoke(["--quiet", *command.split(), *places, *arguments, *unwritten])
            if manifest and unwritten and result.result:
                _write(manifest, result.result, target)
    finally:
        DuckDBConnectionManager.close_all_connections()
    if result.exception is not None:
        raise BuildFailed(f"dbt stopped: {result.exception}")
    return result.result


def _write(manifest: Any, result: Any, target: Path) -> None:  # noqa: ANN401  dbt's types
    """Write what somebody reads of a run; dbt's own way to write the manifest takes a fifth of a short run."""
    content = manifest.writable_manifest().to_dict(omit_none=False, context={"artifact": True})
    files.write_whole(target / NAME, json.dumps(content))
    if SPINE in manifest.nodes:  # a test builds some models alone
        _write_measures(manifest, target)
    result.write(str(target / test_results.RUN))


def _write_measures(manifest: Any, target: Path) -> None:  # noqa: ANN401  dbt's type
    """Write what the semantic models define, for whoever asks for measures."""
    from dbt.contracts.graph.semantic_manifest import SemanticManifest

    SemanticManifest(manifest).write_json_to_file(str(target / MEASURES))


class _Reporter:
    """Says which model is done, from dbt's own events."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.tests = 0

    def __call__(self, event: Any) -> None:  # noqa: ANN401  dbt's event type
        if event.info.name == "LogModelResult":
            data = event.data
            self.progress.say(
                f"{data.index}/{data.total} {data.node_info.node_name}", took=f"{data.execution_time:.1f}s"
            )

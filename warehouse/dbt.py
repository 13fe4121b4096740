"""Running dbt inside this process: one parse a run, progress while it works, errors a person can act on."""

from __future__ import annotations

import gc
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse import orchestration, state, test_results
from warehouse.database import crypto_extension, warehouse
from warehouse.errors import BuildFailed
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, MEMORY_LIMIT, Home

# As an orchestrator names them: what dbt parsed for the one is then parsed for the other.
PROFILE = ("--profile", "qhawaq", "--target", "local")
# Two builds of one project: features and outcomes first, then (training, if due, and) scores and marts.
FIRST = (
    "+child_features", "+child_outcomes", "+int_supports__receipts", "+int_indicators__counts",
    "+int_indicators__groups", "+int_indicators__services", "+int_published__districts", "+int_published__dropouts",
    "resource_type:seed",
)  # fmt: skip
# A test of both halves is run with the second: «cautious» leaves a test until all that it reads is built.
CAUTIOUS = ("--indirect-selection", "cautious")
THREADS = "2"  # while the one waits for the database, dbt prepares the next
BAD = ("error", "fail", "runtime error")
FEATURES, SCORES = ("--select", *FIRST, *CAUTIOUS), ("--exclude", *FIRST, *CAUTIOUS)

_PARSED: dict[tuple[str, str], Any] = {}  # a home and the code → the manifest; the last one only


@dataclass(frozen=True)
class Built:
    """What a build did."""

    models: int
    tests: int
    warnings: int
    seconds: float
    slowest: str

    def __str__(self) -> str:
        """Say it in a line."""
        warned = f", {self.warnings} warnings" if self.warnings else ""
        return f"{self.models} models built, {self.tests} tests passed{warned}"


def environment(home: Home) -> dict[str, str]:
    """Return what dbt reads from the environment."""
    return {
        "QHAWAQ_HOME": str(home.root),
        "QHAWAQ_CRYPTO": str(crypto_extension()),
        "QHAWAQ_MEMORY_LIMIT": MEMORY_LIMIT,
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def unit_tests(home: Home, progress: Progress) -> Built:
    """Run dbt's unit tests: they judge the code and not the data, so builds leave them out.

    Raises:
        BuildFailed: a rule does not do what its test says.
    """
    return _invoke(home, progress, "test", ("--select", "test_type:unit"))


def parse(home: Home, progress: Progress) -> None:
    """Write the manifest of the project into a home: what an orchestrator draws its graph from."""
    home.dbt.mkdir(exist_ok=True)
    _run(home, progress, "parse", (), DBT_PROJECT)


def compile_models(home: Home, progress: Progress, project: Path) -> None:
    """Compile every model of a project against a home's warehouse; the result is in the home's manifest."""
    _invoke(home, progress, "compile", (), project)


def document(home: Home, progress: Progress) -> None:
    """Write dbt's catalog and its documentation as one static page beside the manifest."""
    _run(home, progress, "docs generate", ("--static",), DBT_PROJECT)


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
    result = _run(home, progress, "build", (*selection, *extra), project)
    _note(home, result)
    test_results.keep(home)
    return _summary(result, home)


def _note(home: Home, result: Any) -> None:  # noqa: ANN401  dbt's result type
    """Note how each model and each failed test ended, as an orchestrator's tasks note it."""
    run = f"{result.generated_at:%Y%m%dT%H%M%S%f}"
    for one in result.results:
        if one.node.resource_type == "model" or str(one.status) in BAD:
            for ran in filter(_is_execution, one.timing):
                task = {"dag_id": "dbt", "run_id": run, "task_id": one.node.name, "try_number": 1}
                orchestration.append(home, orchestration.line(task, *_ended(one, ran)))


def _is_execution(part: Any) -> bool:  # noqa: ANN401  dbt's timing
    return part.name == "execute" and part.completed_at is not None


def _ended(one: Any, ran: Any) -> tuple[str, tuple[datetime, datetime], str | None]:  # noqa: ANN401  dbt's types
    """Return state, when it ran, and the kind of error."""
    state, error = ("failed", str(one.status)) if str(one.status) in BAD else ("success", None)
    return state, (ran.started_at.replace(tzinfo=UTC), ran.completed_at.replace(tzinfo=UTC)), error


def _invoke(
    home: Home, progress: Progress, command: str, arguments: tuple[str, ...], project: Path = DBT_PROJECT
) -> Built:
    """Run a dbt command and say what it did.

    Raises:
        BuildFailed: models or tests failed; the message names each and says what it found.
    """
    return _summary(_run(home, progress, command, arguments, project), home)


def _run(home: Home, progress: Progress, command: str, arguments: tuple[str, ...], project: Path) -> Any:  # noqa: ANN401
    """Run a dbt command in this process, close its connections, and return what it returns.

    Raises:
        BuildFailed: dbt stopped before it could judge anything.
    """
    os.environ.update(environment(home))
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    places = [
        "--quiet", *command.split(), "--project-dir", str(project), "--profiles-dir", str(project), *PROFILE,
        "--target-path", str(home.dbt), "--log-path", str(home.dbt), "--log-level", "none", "--log-level-file", "info",
    ]  # fmt: skip
    try:
        with _rarely_collecting():
            manifest = _parsed(home, project, places[len(command.split()) + 1 :]) if command == "build" else None
            result = dbtRunner(manifest, callbacks=[_Reporter(progress)]).invoke([*places, *arguments])
    finally:
        DuckDBConnectionManager.close_all_connections()
    if result.exception is not None:
        raise BuildFailed(f"dbt stopped: {result.exception}")
    return result.result


def _parsed(home: Home, project: Path, places: Sequence[str]) -> Any:  # noqa: ANN401  dbt's manifest
    """Return what dbt parsed of a project in this process: the second build of a run need not parse it again."""
    from dbt.cli.main import dbtRunner

    if project != DBT_PROJECT:
        return None  # a copy that may be changed between two builds: dbt parses it itself
    if (key := (str(home.root), state.code_hash())) not in _PARSED:
        _PARSED.clear()
        _PARSED[key] = dbtRunner().invoke(["--quiet", "parse", *places]).result
    return _PARSED[key]


@contextmanager
def _rarely_collecting() -> Iterator[None]:
    """Look for garbage rarely: dbt's graph lives as long as its run, and going through it takes a tenth of the time."""
    usual = gc.get_threshold()
    gc.set_threshold(100_000, 50, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


class _Reporter:
    """Says which model is done, from dbt's own events."""

    def __init__(self, progress: Progress) -> None:
        self.progress, self.tests = progress, 0

    def __call__(self, event: Any) -> None:  # noqa: ANN401  dbt's event type
        if event.info.name == "LogModelResult":
            data = event.data
            self.progress.say(
                f"{data.index}/{data.total} {data.node_info.node_name}", took=f"{data.execution_time:.1f}s"
            )


def _summary(result: Any, home: Home) -> Built:  # noqa: ANN401  dbt's result type
    _raise_for_bad(result, home)
    models = [r for r in result.results if r.node.resource_type in ("model", "seed")]
    statuses = Counter(str(r.status) for r in result.results)
    slowest = max(models, key=lambda r: r.execution_time, default=None)
    return Built(
        models=len(models),
        tests=statuses["pass"],
        warnings=statuses["warn"],
        seconds=result.elapsed_time,
        slowest=slowest.node.name if slowest else "",
    )


def _said(result: Any, home: Home) -> str:  # noqa: ANN401  dbt's result of a node
    return f"  {result.node.name}: {(result.message or '').strip()}{_empty_columns(result, home)}"


def _empty_columns(result: Any, home: Home) -> str:  # noqa: ANN401  dbt's result of a node
    """Say which columns a failed `never_null` found empty: one test looks at all of a model's."""
    test = getattr(result.node, "test_metadata", None)
    if test is None or test.name != "never_null" or str(result.status) != "fail":
        return ""
    with closing(warehouse(home, read_only=True)) as db:
        found = db.execute(f"select column_name, n from ({result.node.compiled_code})").fetchall()
    return "; null: " + ", ".join(f"{column} ({n} rows)" for column, n in found)


def _raise_for_bad(result: Any, home: Home) -> None:  # noqa: ANN401  dbt's result type
    bad = [r for r in result.results if str(r.status) in BAD]
    if not bad:
        return
    said = "\n".join(_said(result, home) for result in bad[:20])
    raise BuildFailed(
        f"{len(bad)} of {len(result.results)} nodes failed; what was published before stays as it is.\n{said}\n"
        f"compiled SQL is in {home.dbt / 'compiled'}"
    )

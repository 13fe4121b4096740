"""Commands that need a country: they build by dbt or train.

What they compute is the same at each place and takes long; so a training is computed once, and a build leaves out data
tests and models that nothing here reads. What they write, and in which order, is theirs.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb

from ml import train as training
from tests.faults.cases import Case
from tests.faults.contents import Content
from warehouse.build import dbt
from warehouse.pipeline import train
from warehouse.progress import Progress
from warehouse.registry import papers
from warehouse.settings import Home

WITHOUT_TESTS = ("--exclude-resource-type", "test")
SIMULATED = ("simulate", "--children", "600", "--years", "2014-2018")
NOT_COMPARED = {"landed_at", "scored_at", "built_at", "noted_at", "tested_at", "trained_at"}
BUILT = {"build": ("features", "outcomes"), "score": ("scores", "officials", "education", "protection", "service")}


def write(folder: Path) -> None:
    """Write a country whose main job has ended; it has a model."""
    for call in ((*SIMULATED, "--truth", str(folder / "truth")), ("run",)):
        command = [sys.executable, "-m", "warehouse", "--home", str(folder / "country"), "--quiet", *call]
        subprocess.run(command, check=True, capture_output=True)


def _without_tests(_: Path, __: ExitStack) -> None:
    for name in ("FEATURES", "SCORES"):
        setattr(dbt, name, (*getattr(dbt, name), *WITHOUT_TESTS))


def _trained_once(template: Path, _: ExitStack) -> None:
    """Forget the models; what is trained is computed once, in this process."""
    home = Home(template / "country")
    with duckdb.connect(str(home.warehouse)) as db:
        for table in ("model_versions", "model_terms", "model_trees", "model_metrics"):
            db.execute(f"delete from ml.{table} where model_version not like 'rule:%'")
    shutil.rmtree(home.models)
    home.models.mkdir()
    compute = training.train
    computed: list[Any] = []

    def once(*given: Any, **named: Any) -> Any:
        computed[:] = computed or [compute(*given, **named)]
        return computed[0]

    training.train = once
    whole = home.warehouse.read_bytes()
    train.train(home, Progress(quiet=True))
    home.warehouse.write_bytes(whole)
    shutil.rmtree(home.models)
    home.models.mkdir()


def _tables(root: Path, schemas: tuple[str, ...]) -> Content:
    """Return rows and hash of each table of some schemas, moments aside."""
    found: Content = {}
    with duckdb.connect(str(Home(root / "country").warehouse), read_only=True) as db:
        for schema, table, columns in db.execute(
            "select schema_name, table_name, list(column_name order by column_name) from duckdb_columns() "
            "where list_contains(?, schema_name) and not internal group by all order by all", [list(schemas)],
        ).fetchall():  # fmt: skip
            listed = ", ".join(f'"{name}"' for name in columns if name not in NOT_COMPARED)
            sql = f"select count(*), sum(hash({listed}))::varchar from {schema}.{table}"
            found[f"{schema}.{table}"] = db.execute(sql).fetchone()
    return found


def of_build(root: Path) -> Content:
    """Return features and outcomes, and what their manifest states."""
    home = Home(root / "country")
    return _tables(root, BUILT["build"]) | {"closed": (home.features / "manifest.json").read_text()}


def of_score(root: Path) -> Content:
    """Return scores and marts."""
    return _tables(root, BUILT["score"])


def of_train(root: Path) -> Content:
    """Return which models there are, with how many figures and points, and whether their files are whole."""
    home = Home(root / "country")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        versions = db.execute(
            "select model_version, outcome, gate, file from ml.model_versions order by all"
        ).fetchall()
        counts = [db.execute(f"select count(*) from ml.{name}").fetchone() for name in ("model_metrics", "model_terms")]
    faults = [papers.faults((home.models / file).parent) for *_, file in versions if file]
    lists = [(home.models / file).with_name(papers.NAME).is_file() for *_, file in versions if file]
    return {"versions": versions, "counts": counts, "faults": faults, "lists": lists}


def cases(template: Path) -> dict[str, Case]:
    """Return the commands by name."""
    needs = ("country",)
    return {
        "build": Case(("build",), of_build, "country", prepare=_without_tests, needs=needs),
        "train": Case(("train",), of_train, "country", prepare=_trained_once, needs=needs),
        "score": Case(("score",), of_score, "country", prepare=_without_tests, needs=needs),
    }

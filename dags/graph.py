"""What all DAGs share: the home, the pool of one slot, assets, and a group of tasks of dbt's models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from airflow.sdk import Asset, AssetWatcher, ExceptionRetryPolicy, RetryAction, RetryRule, task
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import DbtResourceType, ExecutionMode, InvocationMode, TestBehavior, TestIndirectSelection

from dags.arrivals import Deliveries
from ml import parallel
from warehouse.build import dbt, orchestration, parsing
from warehouse.files import read_json
from warehouse.settings import DBT_PROJECT, Home

parallel.one_thread_each()
HOME = Home.find()
# The one setting that switches how dbt runs (docs/decisions/0007-how-airflow-runs-dbt.md).
MODE = ExecutionMode(os.environ.get("QHAWAQ_AIRFLOW_MODE", "watcher"))
DOCS = "/cosmos/qhawaq/dbt_docs_index.html#!"
POOL = "duckdb"  # one slot: whoever writes the warehouse's file holds it
WATCHING = "watch"  # fewer slots than there are workers: who only watches leaves one for whom is watched

DELIVERIES = Asset("qhawaq_deliveries", watchers=[AssetWatcher(name="inbox", trigger=Deliveries(str(HOME.inbox)))])
FEATURE_MART = Asset("qhawaq_feature_mart")
MODEL = Asset("qhawaq_model")

# A killed worker or a file that cannot be read is worth another try; what dbt or we say of data or code is not.
ANSWERS = ["warehouse.errors.QhawaqError", "airflow.exceptions.AirflowException"]
DEFAULTS: dict[str, Any] = {
    "owner": "qhawaq",
    "retries": 2,
    "retry_delay": timedelta(seconds=20),
    "retry_policy": ExceptionRetryPolicy([RetryRule(exception=ANSWERS, action=RetryAction.FAIL)]),
    "on_success_callback": orchestration.task_callback(HOME, "success"),
    "on_failure_callback": orchestration.task_callback(HOME, "failed"),
    "on_skipped_callback": orchestration.task_callback(HOME, "skipped"),
}
COMMON: dict[str, Any] = {"default_args": DEFAULTS, "catchup": False, "max_active_runs": 1, "tags": ["qhawaq"]}
step = partial(task, pool=POOL)  # makes a task of a function that opens the warehouse's file

# WATCHER: one process of dbt, which alone writes; a task a model watches it and its tests. LOCAL: a process a model
# with its tests, one after another by the pool; a test of several models then runs with the one that comes last.
FLAGS = ["--exclude-resource-type", "unit_test"]  # they judge code, not data: make test runs them
ARGUMENTS: dict[ExecutionMode, dict[str, Any]] = {
    # A sensor that is deferred is started twice, and may be lost between: it waits in its process instead.
    ExecutionMode.WATCHER: {
        "pool": WATCHING,
        "retries": 0,
        "indirect_selection": TestIndirectSelection.BUILDABLE.value,
        "deferrable": False,
        "poke_interval": 2,
    },
    ExecutionMode.LOCAL: {"pool": POOL},
}
TESTS = {ExecutionMode.WATCHER: TestBehavior.NONE, ExecutionMode.LOCAL: TestBehavior.BUILD}  # tasks for tests alone


def models(group_id: str, select: Sequence[str] = (), exclude: Sequence[str] = ()) -> DbtTaskGroup:
    """Return a task for every dbt model of a build, from the manifest, with its tests in it and a link to its docs.

    Args:
        group_id: name of the group; QHAWAQ_AIRFLOW_<NAME> in the environment narrows it to some nodes, for trying out.
        select: nodes, in dbt's syntax (all where none are given).
        exclude: nodes that are not built.
    """
    only = os.environ.get(f"QHAWAQ_AIRFLOW_{group_id.upper()}", "").split()
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            DBT_PROJECT,
            manifest_path=HOME.dbt / "graph.json",
            env_vars=dbt.environment(HOME),
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(*parsing.PROFILE[1::2], profiles_yml_filepath=DBT_PROJECT / "profiles.yml"),
        execution_config=ExecutionConfig(
            execution_mode=MODE,
            invocation_mode=InvocationMode.DBT_RUNNER,
            test_indirect_selection=TestIndirectSelection.BUILDABLE,
            setup_operator_args={"pool": POOL, "retries": 0},
        ),
        render_config=RenderConfig(
            select=only or list(select),
            exclude=[] if only else list(exclude),
            test_behavior=TESTS[MODE],
            emit_datasets=False,
            node_converters=_converters(),
        ),
        operator_args=ARGUMENTS[MODE]
        | {
            "dbt_cmd_flags": FLAGS,
            "full_refresh": "{{ params.full_refresh }}",
            "callback": keep_results,
        },
    )
    _link_docs(group)
    if MODE == ExecutionMode.WATCHER:
        _watch_tests(group)
    return group


def _link_docs(group: DbtTaskGroup) -> None:
    """Link each task to its model's page of documentation."""
    for member in group.iter_tasks():
        if node := getattr(member, "extra_context", {}).get("dbt_node_config", {}).get("unique_id"):
            member.doc_md = f"[{node}]({DOCS}/{node.split('.')[0]}/{node})"


def _converters() -> dict[DbtResourceType, Callable[..., Any]]:
    """Return what makes the tasks of models and seeds, where Cosmos's own do not do."""
    if MODE != ExecutionMode.WATCHER:
        return {}
    from dags import watching

    return watching.CONVERTERS


def _watch_tests(group: DbtTaskGroup) -> None:
    """Let the one process run tests, and each task wait for its model's: those that run here, and no others.

    Cosmos would leave tests out where they have no tasks, and counts those too that read what a later group builds and
    run there, for which a task would wait for ever.
    """
    nodes = read_json(HOME.dbt / "graph.json", dict, "call 'qhawaq build'")["nodes"]
    (producer,) = (member for member in group.iter_tasks() if hasattr(member, "tests_per_model"))
    producer.tests_per_model = of_group(nodes, producer.tests_per_model)
    producer.dbt_cmd_flags = FLAGS
    for member in group.iter_tasks():
        if hasattr(member, "awaits_tests"):
            member.awaits_tests = bool(producer.tests_per_model.get(member.model_unique_id))


def of_group(nodes: Mapping[str, Any], tests_per_model: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return of each model those tests that read nothing but the group's models and what these are made of."""
    built = upstream(nodes, tests_per_model)
    return {
        model: [test for test in tests if built.issuperset(nodes[test]["depends_on"]["nodes"])]
        for model, tests in tests_per_model.items()
    }


def upstream(nodes: Mapping[str, Any], models: Iterable[str]) -> set[str]:
    """Return models with everything that they are made of, seeds and sources too."""
    ancestors = set(models)
    todo = list(models)
    while todo:
        new = set(nodes.get(todo.pop(), {}).get("depends_on", {}).get("nodes", ())) - ancestors
        ancestors |= new
        todo += new
    return ancestors


def keep_results(project: str, **_: object) -> None:
    """Keep what dbt says of its run where the audit pack and the pages look for it."""
    orchestration.keep_results(HOME, Path(project))

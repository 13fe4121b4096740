"""Tasks that watch one model of the one process of dbt, with its tests: half as many as with tasks for tests.

Cosmos draws a task for a model and one for its tests beside it. Each costs a start of a process, more than most models
take; and dbt builds nothing on a model before its tests have passed, so that nobody learns more from two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import DAG, TaskGroup
from cosmos.constants import DbtResourceType
from cosmos.dbt.graph import DbtNode
from cosmos.operators._watcher.aggregation import get_tests_status_xcom_key
from cosmos.operators._watcher.state import get_xcom_val, is_dbt_node_status_success
from cosmos.operators.watcher import DbtRunWatcherOperator, DbtSeedWatcherOperator


class WithTests:
    """Ends well once the model is built and, where it has tests in this group, these have passed."""

    awaits_tests = False

    def _get_node_status(self, ti: Any, context: Any) -> Any:  # noqa: ANN401  Airflow's and Cosmos's own types
        """Return what dbt says of the model, and then of its tests; None while they run."""
        status = super()._get_node_status(ti, context)  # type: ignore[misc]  # mixed into Cosmos's sensors
        if not self.awaits_tests or not is_dbt_node_status_success(status):
            return status
        return get_xcom_val(ti, self.producer_task_id, get_tests_status_xcom_key(self.model_unique_id))  # type: ignore[attr-defined]  # of Cosmos's sensors


class ModelWatcher(WithTests, DbtRunWatcherOperator):
    """A model with its tests."""


class SeedWatcher(WithTests, DbtSeedWatcherOperator):
    """A seed with its tests."""


def _converter(kind: type[WithTests]) -> Callable[..., WithTests]:
    """Return the function by which Cosmos makes the task of a node, with the arguments that it gives its own tasks."""

    def convert(
        *,
        dag: DAG,
        task_group: TaskGroup,
        node: DbtNode,
        task_id: str,
        task_args: Mapping[str, Any],
        **_: object,
    ) -> WithTests:
        context = {
            "dbt_node_config": node.context_dict,
            "dbt_dag_task_group_identifier": f"{dag.dag_id}__{task_group.group_id}",
            "package_name": node.package_name,
        }
        place = {"task_id": task_id, "dag": dag, "task_group": task_group, "owner": node.owner}
        return kind(select=f"fqn:{'.'.join(node.fqn)}", extra_context=context, **place, **task_args)

    return convert


CONVERTERS = {DbtResourceType.MODEL: _converter(ModelWatcher), DbtResourceType.SEED: _converter(SeedWatcher)}

"""Tasks that watch one model of the one process of dbt, with its tests: half as many as with tasks for tests.

Cosmos draws a task for a model and one for its tests beside it. Each costs a start of a process, more than most models
take; and dbt builds nothing on a model before its tests have passed, so that nobody learns more from two.
"""

from __future__ import annotations

from typing import Any

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


KINDS = {DbtRunWatcherOperator: ModelWatcher, DbtSeedWatcherOperator: SeedWatcher}


def watch_tests(task: Any, tests_per_model: dict[str, list[str]]) -> None:  # noqa: ANN401  any task of a group
    """Let a task of Cosmos that watches a model watch its tests too."""
    if kind := KINDS.get(type(task)):
        task.__class__ = kind
        task.awaits_tests = bool(tests_per_model.get(task.model_unique_id))

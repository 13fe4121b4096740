"""Print what Airflow makes of the DAGs as JSON; run by the Python that has Airflow. dbt must not run while it looks."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import NoReturn

from dbt.cli.main import dbtRunner


def _never(*_: object, **__: object) -> NoReturn:
    raise AssertionError("dbt or another process ran while DAGs were parsed")


def main() -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    dbtRunner.invoke = subprocess.Popen.__init__ = _never  # type: ignore[method-assign, assignment]
    found = BundleDagBag(dag_folder=sys.argv[1], bundle_path=sys.argv[1], bundle_name="dags-folder")
    dags = {
        name: {
            task.task_id: {
                "node": getattr(task, "extra_context", {}).get("dbt_node_config", {}).get("unique_id"),
                "pool": task.pool, "retries": task.retries, "doc": task.doc_md or "", "kind": type(task).__name__,
                "upstream": sorted(task.upstream_task_ids), "rule": task.trigger_rule.value,
                "awaited": getattr(task, "tests_per_model", {}), "awaits": getattr(task, "awaits_tests", False),
                "flags": getattr(task, "dbt_cmd_flags", None),
            }
            for task in dag.tasks
        }
        for name, dag in found.dags.items()
    }  # fmt: skip
    print(json.dumps({"errors": {str(k): v for k, v in found.import_errors.items()}, "dags": dags}))  # noqa: T201  what it is for


if __name__ == "__main__":
    main()

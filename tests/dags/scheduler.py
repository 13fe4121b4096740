"""A real Airflow for tests: started on a home, asked over its API, ended with everything it started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from warehouse.settings import REPOSITORY, Home

PYTHON = os.environ.get("QHAWAQ_AIRFLOW_PYTHON", "")
START, RUN = 600.0, 2400.0  # seconds to wait on a slow machine
ENDED = {"success", "failed"}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Airflow:
    """Scheduler, DAG processor, triggerer and API server, in a process group of their own."""

    def __init__(self, home: Home, folder: Path, **environment: str) -> None:
        self.home, self.folder, self.port = home, folder, free_port()
        self.environment = os.environ | environment | {
            "QHAWAQ_HOME": str(home.root), "AIRFLOW_HOME": str(folder), "QHAWAQ_AIRFLOW_PORT": str(self.port),
        }  # fmt: skip
        self.token = ""

    def __enter__(self) -> Airflow:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "console.log").open("wb") as console:
            self.process = subprocess.Popen(
                [PYTHON, "-m", "deploy.airflow"], cwd=REPOSITORY, env=self.environment, stdout=console,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for sent in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, sent)
            except ProcessLookupError:
                break
            time.sleep(5)
        self.process.wait(30)

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + START
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                password = json.loads((self.folder / "passwords.json").read_text())["admin"]
                self.token = self.call("/auth/token", {"username": "admin", "password": password})["access_token"]
                if self.call("/api/v2/dags")["total_entries"] == 5:
                    return
            except (OSError, KeyError, ValueError):
                pass
            time.sleep(2)
        raise AssertionError((self.folder / "console.log").read_text()[-4000:])

    def call(self, path: str, body: dict | None = None, method: str | None = None) -> dict[str, Any]:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
            method=method,
        )
        for _ in range(20):
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310  our own, on 127.0.0.1
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    raise
                time.sleep(1)  # one writer at a time here too: SQLite was locked
        raise AssertionError(f"{path}: Airflow's API keeps failing")

    def pause(self, *dags: str) -> None:
        for dag in dags:
            self.call(f"/api/v2/dags/{dag}", {"is_paused": True}, "PATCH")

    def trigger(self, dag: str, **conf: object) -> str:
        name = f"test-{len(self.runs(dag))}"  # asked again after a failure, it is the same run
        asked = {"dag_run_id": name, "logical_date": None, "conf": conf}
        return self.call(f"/api/v2/dags/{dag}/dagRuns", asked)["dag_run_id"]

    def runs(self, dag: str) -> list[dict[str, Any]]:
        return self.call(f"/api/v2/dags/{dag}/dagRuns?order_by=run_after")["dag_runs"]

    def first(self, dag: str) -> str:
        """Wait until a DAG runs that something else triggers; return the run."""
        until = time.monotonic() + START
        while not (found := self.runs(dag)):
            assert time.monotonic() < until, f"nothing triggered {dag}"
            time.sleep(1)
        return found[0]["dag_run_id"]

    def wait(self, dag: str, run: str) -> str:
        """Wait until a run has ended; return its state."""
        until = time.monotonic() + RUN
        while time.monotonic() < until:
            state = self.call(f"/api/v2/dags/{dag}/dagRuns/{run}")["state"]
            if state in ENDED:
                return state
            time.sleep(1)
        raise AssertionError(f"{dag} {run} did not end: {self.tasks(dag, run)}")

    def tasks(self, dag: str, run: str) -> dict[str, str]:
        """Return the state of every task of a run."""
        return {one["task_id"]: one["state"] for one in self.instances(dag, run)}

    def instances(self, dag: str, run: str) -> list[dict[str, Any]]:
        """Return what is known of every task of a run; Airflow answers page by page, whatever limit is asked for."""
        found: list[dict[str, Any]] = []
        while True:
            path = f"/api/v2/dags/{dag}/dagRuns/{run}/taskInstances?limit=100&offset={len(found)}"
            page = self.call(path)["task_instances"]
            found += page
            if not page:
                return found

    def did(self, dag: str, **conf: object) -> tuple[str, dict[str, str]]:
        """Trigger a DAG and wait; return its state and its tasks'."""
        run = self.trigger(dag, **conf)
        return self.wait(dag, run), self.tasks(dag, run)


def who_has_open(path: Path) -> list[int]:
    """Return the processes that hold a file open."""
    found = []
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(os.path.realpath(one) == str(path) for one in folder.iterdir()):
                found.append(int(folder.parent.name))
        except OSError:
            continue
    return found

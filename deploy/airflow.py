"""Airflow on one machine: `python -m deploy.airflow` starts it on 127.0.0.1 and prints where and with which password.

Everything of Airflow's own (database, logs, password) lies in a folder of its own, never in the warehouse's home.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

from warehouse.build import dbt, orchestration
from warehouse.errors import QhawaqError
from warehouse.files import read_json, write_whole
from warehouse.progress import Progress
from warehouse.settings import REPOSITORY, Home

ADMIN = "admin"
OWN_SECRETS = "secrets.json"
MADE_AGAIN = "remove it: the next start makes another"


def settings(home: Home, folder: Path, port: int) -> dict[str, str]:
    """Return the environment of every process of Airflow.

    Args:
        home: the warehouse's home.
        folder: Airflow's own.
        port: of the API server, on 127.0.0.1.
    """
    signing = _kept(folder)
    docs = {"qhawaq": {"dir": str(home.docs), "index": "modelos.html"}}
    return {
        "AIRFLOW_HOME": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",  # standalone calls airflow by its name
        "PYTHONPATH": str(REPOSITORY),
        "QHAWAQ_HOME": str(home.root),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",  # a task that watches is a start of Python: more at once slow dbt down
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(folder / "passwords.json"),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",  # they change when the project does
        "AIRFLOW__CORE__FERNET_KEY": signing["fernet"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": signing["api"],
        "AIRFLOW__API_AUTH__JWT_SECRET": signing["jwt"],
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__COSMOS__CACHE_DIR": str(folder / "cosmos"),  # what the first task parses; by default in /tmp, for all
        "AIRFLOW__COSMOS__USE_DATASET_AIRFLOW3_URI_STANDARD": "1",
        # What it would keep for a retry of the one process of dbt, at each event anew; that process is not tried again.
        "AIRFLOW__COSMOS__ENABLE_WATCHER_RELIABLE_RETRY": "False",
        "AIRFLOW__COSMOS__ENABLE_DAG_VERSIONING": "False",  # else the whole project is hashed at each parse
        "AIRFLOW__COSMOS__DBT_DOCS_PROJECTS": json.dumps(docs),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        "DO_NOT_TRACK": "1",
    }


def _kept(folder: Path) -> dict[str, str]:
    """Return Airflow's own secrets, made once and readable by their owner only."""
    path = folder / OWN_SECRETS
    if not path.exists():
        import base64

        made = {
            "jwt": secrets.token_hex(32),
            "api": secrets.token_hex(32),
            "fernet": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, json.dumps(made), 0o600)
    passwords = folder / "passwords.json"
    if not passwords.exists():  # of its own: a start may have ended between the two
        write_whole(passwords, json.dumps({ADMIN: secrets.token_urlsafe(12)}), 0o600)
    return read_json(path, dict, MADE_AGAIN)


POOLS = {
    "duckdb": {"slots": 1, "description": "who writes the warehouse's file", "include_deferred": False},
    "watch": {"slots": 2, "description": "who watches dbt build", "include_deferred": False},
}
# Workers are forks of the scheduler: what it has imported, none of some hundred tasks has to import again.
WARM = """try:
    import cosmos.operators.local, cosmos.operators.watcher, dbt.cli.main
except ImportError:
    pass
"""


def prepare(home: Home, folder: Path, environment: dict[str, str]) -> None:
    """Draw the graph from the project, make Airflow's database and the pool of one slot."""
    dbt.parse(home, Progress(quiet=True))
    orchestration.write_graph(home)
    (folder / "config").mkdir(exist_ok=True)
    write_whole(folder / "config" / "airflow_local_settings.py", WARM)
    airflow = [sys.executable, "-m", "airflow"]
    pools = folder / "pools.json"
    write_whole(pools, json.dumps(POOLS))
    for command in (["db", "migrate"], ["pools", "import", str(pools)]):
        done = subprocess.run([*airflow, *command], env=os.environ | environment, capture_output=True, text=True)  # noqa: S603  ours
        if done.returncode:
            sys.exit(f"airflow {' '.join(command)} failed:\n{done.stderr[-2000:]}")


def main() -> None:
    """Start scheduler, DAG processor, triggerer and API server, and leave the terminal to them."""
    os.umask(0o077)  # what its tasks write is this user's alone
    home = Home.find()
    folder = Path(os.environ.get("AIRFLOW_HOME") or REPOSITORY / "airflow-home").absolute()
    environment = settings(home, folder, int(os.environ.get("QHAWAQ_AIRFLOW_PORT", "8080")))
    try:
        prepare(home.existing(), folder, environment)
    except QhawaqError as error:
        sys.exit(f"qhawaq: {error}")
    password = read_json(folder / "passwords.json", dict, MADE_AGAIN).get(ADMIN)
    print(f"http://127.0.0.1:{environment['AIRFLOW__API__PORT']}  user {ADMIN}, password {password}", flush=True)  # noqa: T201
    os.execvpe(sys.executable, [sys.executable, "-m", "airflow", "standalone"], os.environ | environment)  # noqa: S606


if __name__ == "__main__":
    main()

"""A real Grafana on this machine, provisioned as shipped, and the gate before it.

QHAWAQ_GRAFANA is the folder of a Grafana (bin/grafana, conf, public) with the DuckDB data source unpacked below its
data/plugins, or wherever QHAWAQ_GRAFANA_PLUGINS says. Its settings are those of grafana/compose.yaml.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from grafana.source import PROVISIONING
from grafana.start import COMPOSE
from warehouse.settings import REPOSITORY

WHERE = os.environ.get("QHAWAQ_GRAFANA", "")
PATIENCE = 180  # seconds that a first start may take: it makes its database
VIEWER, WORD = "lector", "lector-de-prueba"


def lacking() -> str:
    """Return why there is no real Grafana here; nothing where there is."""
    if not WHERE:
        return "QHAWAQ_GRAFANA names no Grafana: make test-grafana QHAWAQ_GRAFANA=/path/to/it"
    return "" if (Path(WHERE) / "bin" / "grafana").exists() else f"{WHERE} has no bin/grafana"


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def shipped(audience: str) -> dict[str, str]:
    """Return the environment that compose gives the Grafana of an audience, its defaults put in."""
    said = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"][audience]["environment"]
    return {name: re.sub(r"\$\{\w+:[-?]([^}]*)\}", r"\1", value) for name, value in said.items()}


@dataclass
class Server:
    """One audience's Grafana and its gate, on a serving folder."""

    audience: str
    serving: Path
    folder: Path
    provisioning: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    grafana: str = ""
    gate: str = ""
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)

    @contextlib.contextmanager
    def started(self) -> Iterator[Server]:
        """Start both; the gate tells Grafana of releases."""
        self.folder.mkdir(parents=True, exist_ok=True)
        word = self.folder / "password"
        word.write_text(self.password)
        with contextlib.ExitStack() as running:
            grafana = running.enter_context(self._process("grafana", self._grafana(word)))
            self._answering(self.grafana + "/api/health", grafana)
            gate = running.enter_context(self._process("gate", self._gate(word)))
            self._answering(self.gate + "/api/health", gate)
            self._viewer()
            yield self

    def _grafana(self, word: Path) -> tuple[list[str], dict[str, str]]:
        port, data = free_port(), self.folder / "data"
        self.grafana = f"http://127.0.0.1:{port}"
        plugins = os.environ.get("QHAWAQ_GRAFANA_PLUGINS") or str(Path(WHERE) / "data" / "plugins")
        command = [f"{WHERE}/bin/grafana", "server", f"--homepath={WHERE}", f"cfg:default.paths.data={data}",
                   f"cfg:default.paths.plugins={plugins}", f"cfg:default.paths.logs={data}/log"]  # fmt: skip
        given = shipped(self.audience) | {
            "GF_SECURITY_ADMIN_PASSWORD": f"$__file{{{word}}}",
            "GF_SERVER_HTTP_ADDR": "127.0.0.1",
            "GF_SERVER_HTTP_PORT": str(port),
            "GF_PATHS_PROVISIONING": str(self.provisioning or PROVISIONING / self.audience),
            "QHAWAQ_SERVING": str(self.serving),
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
        }
        return command, given | self.environment

    def _gate(self, word: Path) -> tuple[list[str], dict[str, str]]:
        port = free_port()
        self.gate = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "grafana.gate", "--audience", self.audience, "--grafana", self.grafana, "--port", str(port),
                   "--cookie", shipped(self.audience)["GF_AUTH_LOGIN_COOKIE_NAME"],
                   "--serving", str(self.serving), "--password-file", str(word)]  # fmt: skip
        return command, dict(os.environ)

    @contextlib.contextmanager
    def _process(self, name: str, how: tuple[list[str], dict[str, str]]) -> Iterator[subprocess.Popen[bytes]]:
        command, environment = how
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(command, env=environment, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)
            try:
                yield process
            finally:
                process.terminate()
                process.wait(60)

    def _answering(self, url: str, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, timeout=5).status_code == 200:
                    return
            time.sleep(0.2)
        raise AssertionError(f"{url} does not answer:\n" + self.log()[-3000:])

    def _viewer(self) -> None:
        said = {"name": VIEWER, "login": VIEWER, "password": WORD, "email": "lector@localhost"}
        self.admin().post("/api/admin/users", json=said).raise_for_status()

    def admin(self) -> httpx.Client:
        """Return a client of the Grafana behind the gate, as its administrator."""
        return httpx.Client(base_url=self.grafana, auth=("admin", self.password), timeout=60)

    @contextlib.contextmanager
    def viewer(self, through_the_gate: bool = True) -> Iterator[httpx.Client]:
        """Yield a client that signed in as a viewer."""
        with httpx.Client(base_url=self.gate if through_the_gate else self.grafana, timeout=60) as client:
            client.post("/login", json={"user": VIEWER, "password": WORD}).raise_for_status()
            yield client

    def log(self, name: str = "grafana") -> str:
        """Return what one of both wrote."""
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def asked(sql: str, **changed: Any) -> dict[str, Any]:
    """Return the request that a panel of a dashboard sends."""
    said = {
        "refId": "A",
        "datasource": {"type": "motherduck-duckdb-datasource", "uid": "qhawaq"},
        "rawSql": sql,
        "format": 1,
    }
    return {"queries": [said | changed], "from": "now-6h", "to": "now"}

"""Each Grafana sees its audience's files and nothing else, and starts with the plugin that was meant or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from grafana import start
from warehouse.publish.serving import AUDIENCES
from warehouse.settings import REPOSITORY

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(start.COMPOSE.read_text())["services"]


def test_there_is_one_for_each_audience() -> None:
    audiences = set(AUDIENCES) - {"service"}
    assert set(SERVICES) == audiences | {f"{audience}-gate" for audience in audiences}


BOARDS = [name for name in SERVICES if not name.endswith("-gate")]


@pytest.mark.parametrize("audience", BOARDS)
def test_readers_reach_the_gate_only(audience: str) -> None:
    gate = SERVICES[f"{audience}-gate"]
    assert "ports" not in SERVICES[audience]
    assert all(port.startswith("127.0.0.1:") for port in gate["ports"])
    asked = ["--audience", audience, "--grafana", f"http://{audience}:3000"]
    assert gate["command"] == [*asked, "--cookie", SERVICES[audience]["environment"]["GF_AUTH_LOGIN_COOKIE_NAME"]]
    (mounted,) = gate["volumes"]
    assert mounted in SERVICES[audience]["volumes"]
    assert gate["read_only"] is True
    assert gate["cap_drop"] == ["ALL"]


@pytest.mark.parametrize("audience", BOARDS)
def test_a_grafana_sees_its_audience_only(audience: str) -> None:
    one = SERVICES[audience]
    mounted = {
        target: (source, mode)
        for source, target, mode in (re.fullmatch(r"(.+):(/[^:]+):(\w+)", each).groups() for each in one["volumes"])
    }
    assert {mode for _, mode in mounted.values()} == {"ro"}
    assert set(mounted) == {"/qhawaq/start.sh", "/qhawaq/plugin.zip", "/etc/grafana/provisioning", "/data"}
    assert mounted["/etc/grafana/provisioning"][0] == f"./provisioning/{audience}"
    assert f"/serving/{audience}" in mounted["/data"][0]
    assert (AUDIENCES[audience] is None) == mounted["/data"][0].endswith(f"/serving/{audience}")
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    started = start.COMPOSE.with_name("start.sh").read_text()
    plugins = re.search(r"GF_PATHS_PLUGINS:-(/[a-z/]+)/plugins", started).group(1)
    (place,) = (each for each in one["tmpfs"] if each.split(":")[0] == plugins)
    assert "exec" in place.split(":")[1].split(",")  # or the plugin could be installed and not run
    assert one["mem_limit"]
    assert one["user"].startswith("${QHAWAQ_USER:?")
    assert one["image"].endswith("-ubuntu}")
    assert one["environment"]["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert one["environment"]["QHAWAQ_PLUGIN_SHA256"].startswith("${QHAWAQ_PLUGIN_SHA256:?")
    assert (one["environment"]["GF_UNIFIED_ALERTING_ENABLED"] == "true") == (audience == "operations")


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("known", "starts"), [("right", True), ("wrong", False), (None, False)])
def test_it_starts_with_the_plugin_that_was_meant_or_not_at_all(
    tmp_path: Path, known: str | None, starts: bool
) -> None:
    plugin = tmp_path / "plugin.zip"
    plugin.write_bytes(b"a plugin")
    script(tmp_path, "grafana", f'echo "$GF_PATHS_DATA|$@" >> {tmp_path}/said')
    given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PLUGIN_FILE": str(plugin), "GF_PATHS_DATA": "/somewhere",
             "GF_PATHS_PLUGINS": str(tmp_path / "plugins")}  # fmt: skip
    if known:
        given["QHAWAQ_PLUGIN_SHA256"] = hashlib.sha256(b"a plugin" if known == "right" else b"another").hexdigest()
    done = subprocess.run(
        ["bash", str(start.COMPOSE.with_name("start.sh"))], env=given, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == starts
    assert (tmp_path / "said").exists() == starts
    if starts:
        installed, started = (tmp_path / "said").read_text().splitlines()
        assert installed.endswith("plugins install motherduck-duckdb-datasource")
        assert started.startswith("|server ")  # what the plugin would change locked settings by is not handed on
        assert "cfg:default.paths.data=/somewhere " in started
    else:
        assert "Grafana does not start" in done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("officials", "operations", "education/150101", "education/080101", "protection/150101"):
        (tmp_path / "home" / "serving" / folder).mkdir(parents=True)
    return tmp_path


def call(place: Path, docker: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (place / "bin").mkdir()
    script(place / "bin", "docker", docker)
    given = (
        os.environ | {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "QHAWAQ_HOME": str(place / "home")} | environment
    )
    return subprocess.run(
        [sys.executable, "-m", "grafana.start"], cwd=REPOSITORY, env=given, capture_output=True, text=True, check=False
    )


def test_without_docker_it_says_so_and_what_to_do_instead(place: Path) -> None:
    done = call(place, "exit 1")
    assert done.returncode == 1
    assert "«docker info» does not answer" in done.stderr
    assert "grafana/provisioning/<audience>" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_plugin_it_says_so(place: Path) -> None:
    done = call(place, "exit 0")
    assert done.returncode == 1
    assert "QHAWAQ_PLUGIN_SHA256 is not set" in done.stderr


def test_with_docker_every_audience_is_started_and_told(place: Path) -> None:
    docker = f'echo "$QHAWAQ_UGEL|$QHAWAQ_PORT|$QHAWAQ_USER|$QHAWAQ_ROOT_URL|$QHAWAQ_BOARD|$@" >> {place}/said'
    done = call(place, docker, QHAWAQ_PLUGIN="plugin.zip", QHAWAQ_PLUGIN_SHA256="0" * 64, QHAWAQ_UGELS="150101 080101")
    assert done.returncode == 0, done.stderr
    started = [line for line in (place / "said").read_text().splitlines() if " up " in line]
    owner = f"{os.getuid()}:{os.getgid()}"
    boards = ["officials", "operations", "education", "education", "protection"]
    assert [line.split()[-2:] for line in started] == [[board, f"{board}-gate"] for board in boards]
    assert started[2].split("|")[3:5] == ["http://127.0.0.1:3200/", "education_150101"]
    assert [line.split("|")[:3] for line in started][2:4] == [["150101", "3200", owner], ["080101", "3201", owner]]
    assert "http://127.0.0.1:3201" in done.stdout
    secret = place / "home" / "secrets" / "grafana_password"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text() not in done.stdout


def test_readers_write_another_address_where_one_is_given(place: Path) -> None:
    docker = f'echo "$QHAWAQ_ROOT_URL" >> {place}/said'
    done = call(
        place,
        docker,
        QHAWAQ_PLUGIN="p.zip",
        QHAWAQ_PLUGIN_SHA256="0" * 64,
        QHAWAQ_GRAFANA_URL="https://{board}.example.pe/",
    )
    assert done.returncode == 0, done.stderr
    assert "https://education-080101.example.pe/" in (place / "said").read_text()


def test_an_area_that_is_not_published_is_named(place: Path) -> None:
    done = call(place, "exit 0", QHAWAQ_PLUGIN="plugin.zip", QHAWAQ_PLUGIN_SHA256="0" * 64, QHAWAQ_UGELS="999999")
    assert done.returncode == 1
    assert "nothing is published for 999999" in done.stderr

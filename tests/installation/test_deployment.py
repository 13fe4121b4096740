"""What containers and units would do, done here: the service's layers in a clean folder, and files that hold together."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy import airflow
from warehouse.errors import DamagedFile
from warehouse.settings import REPOSITORY, Home

DEPLOY = REPOSITORY / "deploy"
FILES = ("service.Dockerfile", "pipeline.Dockerfile", "gate.Dockerfile")


def instructions(name: str) -> list[tuple[str, str]]:
    text = (DEPLOY / name).read_text().replace("\\\n", "")
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if re.match(r"[A-Z]+ ", line)]  # type: ignore[misc]


def layers(name: str, folder: Path) -> tuple[Path, Path]:
    """Do what an image's lines do in a clean folder; return where its files and its Python's prefix are.

    Docker is not needed to know that copies and installs work; that nothing else is in the image needs it.
    """
    app, prefix = folder / "app", folder / "opt"
    app.mkdir()
    for word, rest in instructions(name):
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                _copy(REPOSITORY / source, app / target if target != "./" else app, target.endswith("/"))
        elif word == "RUN" and "useradd" not in rest:
            command = (
                rest.replace("/opt/qhawaq", str(prefix))
                .replace("/opt/gate", str(prefix))
                .replace(" --no-cache-dir", "")
                .replace(" --no-cache", "")
            )
            subprocess.run(command, shell=True, cwd=app, check=True, capture_output=True, timeout=600)  # noqa: S602  ours
    return app, prefix / "bin" / "python"


def ran(app: Path, python: Path, *arguments: str) -> str:
    done = subprocess.run([python, *arguments], cwd=app, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.long
def test_the_layers_of_the_service_make_a_service(tmp_path: Path) -> None:
    app, python = layers("service.Dockerfile", tmp_path)
    assert "127.0.0.1" in ran(app, python, "-m", "warehouse", "serve", "--help")
    unneeded = (
        "import importlib.util as u; print([n for n in ('dbt', 'sklearn', 'airflow', 'pandas') if u.find_spec(n)])"
    )
    assert ran(app, python, "-c", f"import service.api; {unneeded}").strip() == "[]"


@pytest.mark.long
def test_the_layers_of_the_gate_make_a_gate_and_no_more(tmp_path: Path) -> None:
    app, python = layers("gate.Dockerfile", tmp_path)
    assert "--serving" in ran(app, python, "-m", "grafana.gate", "--help")
    unneeded = (
        "import importlib.util as u; print([n for n in ('dbt', 'duckdb', 'grafana_foundation_sdk') if u.find_spec(n)])"
    )
    assert ran(app, python, "-c", unneeded).strip() == "[]"


DRAWN = """
import os, sys
from pathlib import Path
from deploy import airflow
from warehouse.settings import Home
home, folder = Home(Path("home").absolute()), Path("airflow-home").absolute()
home.claim("real")
environment = airflow.settings(home, folder, 8080)
airflow.prepare(home, folder, environment)
os.execve(sys.executable, [sys.executable, "-m", "airflow", *sys.argv[1:]], os.environ | environment)
"""


@pytest.mark.airflow
def test_the_layers_of_the_pipeline_draw_its_graphs(tmp_path: Path) -> None:
    """As its entry point does before it starts Airflow's processes."""
    app, python = layers("pipeline.Dockerfile", tmp_path)
    assert "No data found" in ran(app, python, "-c", DRAWN, "dags", "list-import-errors", "--local")
    shown = ran(app, python, "-c", DRAWN, "dags", "list", "--local")
    assert {name for name in re.findall(r"qhawaq_\w+", shown)} >= {"qhawaq_refresh", "qhawaq_train", "qhawaq_deploy"}


def _copy(source: Path, target: Path, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("target", "logs", "__pycache__"))
    else:
        if into:
            target.mkdir(exist_ok=True)
        shutil.copy(source, target)


@pytest.mark.parametrize("name", FILES)
def test_an_image_runs_as_nobody_special_and_says_how_it_does(name: str) -> None:
    said = instructions(name)
    words = [word for word, _ in said]
    assert ("USER", "qhawaq") in said
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "HEALTHCHECK" in words
    assert not any("SECRET" in rest or "PASSWORD" in rest for word, rest in said if word in ("ENV", "ARG"))
    for word, rest in said:
        if word == "COPY":
            assert all((REPOSITORY / source).exists() for source in rest.split()[:-1])


def test_the_whole_system_is_read_only_and_without_privileges() -> None:
    said = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name, service in said["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "mem_limit" in service, name
        assert (DEPLOY / Path(service["build"]["dockerfile"]).name).exists()
        assert "ports" not in service, "everything listens on 127.0.0.1"


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").iterdir()), ids=lambda path: path.name)
def test_a_unit_runs_as_its_own_user_and_writes_where_it_must(path: Path) -> None:
    text = path.read_text()
    for line in ("User=qhawaq", "NoNewPrivileges=yes", "ProtectSystem=strict", "UMask=0077", "LoadCredential=secret:"):
        assert line in text
    assert "/var/lib/qhawaq" in re.search(r"ReadWritePaths=(.*)", text).group(1)


def test_airflows_own_secrets_are_made_once_and_damage_is_said(tmp_path: Path) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "airflow"
    home.claim("real")
    first = airflow.settings(home, folder, 8080)
    assert airflow.settings(home, folder, 8080) == first
    passwords = folder / "passwords.json"
    passwords.unlink()  # a start that ended between the two
    assert airflow.settings(home, folder, 8080) == first
    assert {path.stat().st_mode & 0o777 for path in (passwords, folder / "secrets.json")} == {0o600}
    (folder / "secrets.json").write_text("")
    with pytest.raises(DamagedFile, match="remove it"):
        airflow.settings(home, folder, 8080)

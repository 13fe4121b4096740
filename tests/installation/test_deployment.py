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


UNITS = sorted((DEPLOY / "systemd").iterdir())
BOARDS = [path for path in UNITS if "grafana" in path.name]


def directives(path: Path) -> list[tuple[str, str]]:
    """Return what a unit says, in order; a line that ends in a backslash goes on."""
    lines = path.read_text().replace("\\\n", "").splitlines()
    return [tuple(line.split("=", 1)) for line in lines if "=" in line and not line.startswith("#")]  # type: ignore[misc]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_has_no_privileges_and_sees_little(path: Path) -> None:
    said = directives(path)
    for one in ("NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateUsers=yes",
                "CapabilityBoundingSet=", "MemoryDenyWriteExecute=yes", "SystemCallFilter=@system-service",
                "UMask=0077"):  # fmt: skip
        assert tuple(one.split("=", 1)) in said, one
    assert {"MemoryMax", "TasksMax", "LoadCredential"} <= {name for name, _ in said}
    if "airflow" not in path.name:  # which collects from outside
        assert ("IPAddressDeny", "any") in said
        assert ("IPAddressAllow", "localhost") in said


@pytest.mark.parametrize("path", [path for path in UNITS if path not in BOARDS], ids=lambda path: path.name)
def test_a_unit_of_the_home_runs_as_its_own_user_and_writes_where_it_must(path: Path) -> None:
    said = directives(path)
    assert ("User", "qhawaq") in said
    assert "/var/lib/qhawaq" in dict(said)["ReadWritePaths"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_judges_a_unit_as_hardly_exposed(path: Path) -> None:
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=25", path],
        capture_output=True,
        text=True,
        check=False,
    )
    if "offline" in judged.stderr:
        pytest.skip("this systemd-analyze judges no files")
    assert judged.returncode == 0, judged.stdout[-200:]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.name)
def test_a_board_sees_its_own_serving_folder_and_nothing_else_of_the_home(path: Path) -> None:
    """`%I` of education-150101 is education/150101."""
    said = directives(path)
    assert ("DynamicUser", "yes") in said
    assert "User" not in dict(said)
    assert [value for name, value in said if name == "BindReadOnlyPaths"] == ["/var/lib/qhawaq/serving/%I:/srv/qhawaq"]
    assert {"-/var/lib/qhawaq", "-/var/backups", "-/etc/qhawaq"} <= set(dict(said)["InaccessiblePaths"].split())
    assert "ReadWritePaths" not in dict(said)


def test_a_board_has_the_settings_of_its_container() -> None:
    """What is the same for every board, and not what names places of the machine."""
    container = yaml.safe_load((REPOSITORY / "grafana" / "compose.yaml").read_text())["x-grafana"]["environment"]
    fixed = {name: value for name, value in container.items() if "$" not in value and not name.startswith("GF_PATHS")}
    (unit,) = [path for path in BOARDS if "gate" not in path.name]
    said = dict(
        pair.split("=", 1) for name, value in directives(unit) if name == "Environment" for pair in value.split()
    )
    alerts = fixed.pop("GF_UNIFIED_ALERTING_ENABLED")  # by board: operations has them
    assert alerts == "false"
    assert {name: said.get(name) for name in fixed} == fixed | {"QHAWAQ_SERVING": "/srv/qhawaq"}
    assert said["GF_SERVER_HTTP_ADDR"] == "127.0.0.1"
    assert said["GF_AUTH_LOGIN_COOKIE_NAME"] == "qhawaq_%i"


def test_the_gates_unit_starts_a_gate() -> None:
    """Its options are those of the gate, which listens on 127.0.0.1 unless it is told otherwise."""
    from grafana.gate.__main__ import main

    (unit,) = [path for path in BOARDS if "gate" in path.name]
    given = re.findall(r"--([a-z-]+) ", dict(directives(unit))["ExecStart"])
    known = {option.opts[0].removeprefix("--"): option for option in main.params}
    assert set(given) <= known.keys()
    assert "listen" not in given
    assert known["listen"].default == "127.0.0.1"


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

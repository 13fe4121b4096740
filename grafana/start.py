"""Start a Grafana for each audience on 127.0.0.1, each behind its gate: `python -m grafana.start`.

Where something is missing for it, say what. Releases reach a Grafana that runs through its gate.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.files import write_whole

COMPOSE = Path(__file__).with_name("compose.yaml")
FIRST_PORT = {"education": 3200, "protection": 3300}
AREA = {"education": "QHAWAQ_UGEL", "protection": "QHAWAQ_AREA"}
LISTED = {"education": "QHAWAQ_UGELS", "protection": "QHAWAQ_AREAS"}
ADDRESS = "QHAWAQ_GRAFANA_URL"  # as readers write it, with {board} where a name in front of all boards differs
ELSEWHERE = """To use a Grafana that you run: the DuckDB data source plugin of MotherDuck (0.4.5 or newer), allowed as
unsigned; grafana/provisioning/<audience> as its provisioning folder; QHAWAQ_SERVING, the audience's folder of
{home}/serving; and the gate before it (python -m grafana.gate --help). See docs/dashboards.md."""


@dataclass(frozen=True)
class Board:
    """One Grafana: a project of compose, its service, where it answers, and what it sees of the home."""

    project: str
    service: str
    port: int
    folder: str
    area: Mapping[str, str]

    def settings(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return what is its own: port, cookie, and the address by which readers, mails and sign-in find it."""
        name = self.folder.replace("/", "-")
        root = environment.get(ADDRESS, "http://127.0.0.1:{port}/").format(board=name, port=self.port)
        return {"QHAWAQ_PORT": str(self.port), "QHAWAQ_BOARD": name.replace("-", "_"), "QHAWAQ_ROOT_URL": root}


def boards(home: Path, environment: Mapping[str, str]) -> Iterator[Board]:
    """Yield the Grafanas to start: both of the country, and one for each area that is named, else for the first."""
    for service, port in (("officials", 3101), ("operations", 3102)):
        yield Board("qhawaq", service, port, service, {})
    for service, first in FIRST_PORT.items():
        for at, area in enumerate(areas(home, service, environment)):
            yield Board(f"qhawaq-{service}-{area}", service, first + at, f"{service}/{area}", {AREA[service]: area})


def areas(home: Path, service: str, environment: Mapping[str, str]) -> list[str]:
    """Return the areas of an audience that are named, else the first that is published."""
    there = sorted(path.name for path in (home / "serving" / service).glob("*") if path.is_dir())
    named = environment.get(LISTED[service], "").split() or there[:1]
    if strange := set(named) - set(there):
        raise SystemExit(f"{LISTED[service]}: nothing is published for {', '.join(sorted(strange))}")
    return named


def _answers(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0  # noqa: S603  fixed words
    except (OSError, subprocess.TimeoutExpired):
        return False


def lacking(home: Path, environment: Mapping[str, str]) -> str:
    """Return why nothing can be started; empty where it can."""
    for command in (("docker", "info"), ("docker", "compose", "version")):
        if not _answers(*command):
            return f"«{' '.join(command)}» does not answer here"
    if not (home / "serving" / "officials").is_dir():
        return f"nothing is published in {home}: call 'make run' first"
    if not (environment.get("QHAWAQ_PLUGIN") and environment.get("QHAWAQ_PLUGIN_SHA256")):
        return "QHAWAQ_PLUGIN or QHAWAQ_PLUGIN_SHA256 is not set: the plugin's zip from its makers, and its checksum"
    return ""


def password(home: Path) -> Path:
    """Return the file of the administrator's password, made at the first start."""
    path = home / "secrets" / "grafana_password"
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if not path.exists():
        write_whole(path, secrets.token_urlsafe(18), 0o600, is_new=True)
    return path


def main() -> None:
    """Start them all and print where they answer."""
    home = Path(os.environ.get("QHAWAQ_HOME") or "data").absolute()
    if reason := lacking(home, os.environ):
        print(f"No Grafana was started: {reason}.\n\n{ELSEWHERE.format(home=home)}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1)
    owner = home.stat()
    secret = password(home)
    shared = os.environ | {
        "QHAWAQ_HOME": str(home),
        "QHAWAQ_USER": f"{owner.st_uid}:{owner.st_gid}",
        "QHAWAQ_GRAFANA_PASSWORD_FILE": str(secret),
        "QHAWAQ_PLUGIN": str(Path(os.environ["QHAWAQ_PLUGIN"]).absolute()),
    }
    for board in boards(home, os.environ):
        command = ["docker", "compose", "-p", board.project, "-f", str(COMPOSE), "up", "-d", "--force-recreate"]
        environment = {**shared, **board.area, **board.settings(os.environ)}
        subprocess.run([*command, board.service, f"{board.service}-gate"], env=environment, check=True)  # noqa: S603  areas are folders of ours
        print(f"{board.folder:24} {environment['QHAWAQ_ROOT_URL']}")  # noqa: T201  what a command says
    print(f"admin; the password is in {secret}")  # noqa: T201


if __name__ == "__main__":
    main()

"""One data source of Grafana, played by its driver and its frames (grafana/plugin_check)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from warehouse.settings import REPOSITORY

CHECK = REPOSITORY / "grafana" / "plugin_check"
MOUNTED = "$QHAWAQ_SERVING/current.duckdb"  # where a Grafana finds its audience's file


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.search(r"go ?([\d.]+)", text).group(1).split("."))  # type: ignore[union-attr]


def lacking() -> str:
    """Return why the check cannot be compiled here; nothing where it can."""
    if not (go := shutil.which("go")) or not shutil.which("gcc"):
        return "Go and a C compiler are not installed here"
    wanted = version((CHECK / "go.mod").read_text())
    found = version(subprocess.run([go, "version"], capture_output=True, text=True, check=True).stdout)
    return "" if found >= wanted else f"Go is {found} here; grafana/plugin_check/go.mod wants {wanted}"


def provisioned(audience: str) -> str:
    """Return the path of an audience's data source, with its options."""
    text = (REPOSITORY / "grafana" / "provisioning" / audience / "datasources" / "qhawaq.yml").read_text()
    (said,) = yaml.safe_load(text)["datasources"]
    return said["jsonData"]["path"]


class Source:
    """One data source that runs, as Grafana keeps it."""

    def __init__(self, program: Path) -> None:
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, **said: str) -> dict[str, Any]:
        print(json.dumps(said), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())  # type: ignore[union-attr]

    def open(self, path: Path, audience: str = "") -> None:
        """Open a file as the provisioned data source of an audience says, or as it is."""
        said = provisioned(audience).replace(MOUNTED, str(path)) if audience else str(path)
        assert self.say(open=said) == {}

    def ask(self, sql: str) -> tuple[list[tuple[str, str]], list[tuple[object, ...]]]:
        """Return names and kinds of fields, and rows."""
        said = self.say(sql=sql)
        assert "error" not in said, (sql, said)
        fields = [(field["name"], field["type"]) for field in said["frame"]["schema"]["fields"]]
        return fields, list(zip(*said["frame"]["data"]["values"], strict=True))

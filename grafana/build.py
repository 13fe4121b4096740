"""Write the dashboards and what Grafana needs to find them: `python -m grafana.build`.

Classic JSON under `provisioning/<audience>/`, which a test keeps equal to what is committed. Nobody edits it by hand.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from types import ModuleType
from typing import Any

import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana import alerts, dashboards
from grafana.source import PATH, PROVISIONING, TYPE, UID
from warehouse.audit.panels import queried_table

EXPOSURES = PROVISIONING.parents[1] / "dbt_project" / "models" / "_dashboards.yml"
OWNERS = {"protection": "data-protection"}
SCHEMA = 42
WIDE = 24  # columns of a dashboard
OF_EVERY_FILE = "release"  # publishing writes it into each file: no mart of dbt
SOURCES = f"""# Written by grafana/build.py.
apiVersion: 1
datasources:
  - name: Qhawaq
    uid: {UID}
    type: {TYPE}
    access: proxy
    isDefault: true
    editable: false
    jsonData:
      # QHAWAQ_SERVING is the folder where the audience's release is found.
      path: $QHAWAQ_SERVING{PATH}
      maxOpenConns: 4
"""
PROVIDER = """# Written by grafana/build.py.
apiVersion: 1
providers:
  - name: qhawaq
    type: file
    allowUiUpdates: false
    updateIntervalSeconds: 60
    options: {path: $GF_PATHS_PROVISIONING/dashboards}
"""


def modules() -> list[ModuleType]:
    """Return the modules of all dashboards."""
    return [
        importlib.import_module(f"grafana.dashboards.{one.name}") for one in pkgutil.iter_modules(dashboards.__path__)
    ]


def laid(panels: list[dict[str, Any]]) -> None:
    """Place panels as high as they fit, the left first, so that no hole is left beside a tall one."""
    lowest = [0] * WIDE
    for panel in panels:
        place = panel["gridPos"]
        wide = place["w"]
        x = min(range(WIDE - wide + 1), key=lambda at: max(lowest[at : at + wide]))
        place["x"] = x
        place["y"] = max(lowest[x : x + wide])
        lowest[x : x + wide] = [place["y"] + place["h"]] * wide


def written(module: ModuleType) -> dict[str, Any]:
    """Return a dashboard as Grafana reads it: panels with numbers, a schema's version, no key unknown to it."""
    made = json.loads(json.dumps(module.make().build(), cls=JSONEncoder))
    made["schemaVersion"] = SCHEMA
    for at, panel in enumerate(made["panels"], 1):
        panel["id"] = at
        panel.setdefault("targets", [])  # of a panel of text, which asks nothing
    laid(made["panels"])
    for link in made.get("links") or []:
        link.pop("placement", None)
    return made


def files() -> dict[str, str]:
    """Return every file by its path below the folder of provisioning."""
    found: dict[str, str] = {}
    panels: dict[str, Any] = {}
    for module in modules():
        made = written(module)
        name = made["uid"].removeprefix("qhawaq-")
        text = json.dumps(made, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
        found[f"{module.AUDIENCE}/dashboards/{name}.json"] = text
        found[f"{module.AUDIENCE}/dashboards/provider.yml"] = PROVIDER
        found[f"{module.AUDIENCE}/datasources/qhawaq.yml"] = SOURCES
        if module.AUDIENCE == alerts.AUDIENCE:
            panels |= {panel["title"]: (made["uid"], panel["id"]) for panel in made["panels"] if panel["targets"]}
    seed = (PROVISIONING.parents[1] / alerts.SEED).read_text(encoding="utf-8")
    return found | alerts.files(seed, panels)


def exposures() -> str:
    """Return dbt's exposures: the lineage of a mart ends in the dashboards that ask it."""
    found = []
    for module in modules():
        made = written(module)
        queries = (target["rawSql"] for panel in made["panels"] for target in panel["targets"])
        marts = set(map(queried_table, queries))
        found.append(
            {
                "name": f"dashboard_{made['uid'].removeprefix('qhawaq-')}",
                "label": f"{made['title']} ({module.AUDIENCE})",
                "type": "dashboard",
                "maturity": "medium",
                "description": made["description"],
                "owner": {"name": OWNERS.get(module.AUDIENCE, "data-engineering")},
                "depends_on": [f"ref('{mart}')" for mart in sorted(marts - {OF_EVERY_FILE})],
            }
        )
    said = yaml.safe_dump({"version": 2, "exposures": found}, allow_unicode=True, sort_keys=False, width=110)
    return f"# Written by grafana/build.py.\n{said}"


def main() -> None:
    """Write them all."""
    EXPOSURES.write_text(exposures(), encoding="utf-8")
    for name, text in files().items():
        path = PROVISIONING / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        print(path)  # noqa: T201  what a command says


if __name__ == "__main__":
    main()

"""What administrators are alerted of, as Grafana's files say it: rules, whom they reach, and what is then read.

Thresholds are those of the seed that the mart goes by. Grafana tells of states, and tells again after an outage: what
must be told once goes through `qhawaq notify` instead.
"""

from __future__ import annotations

import csv
from typing import Any

import yaml

from grafana import texts
from grafana.source import CATALOG, TABLE, UID

SEED = "dbt_project/seeds/alert_thresholds.csv"
AUDIENCE = "operations"
FOLDER = "Qhawaq"
RECEIVER = "operacion"
TEMPLATE = "qhawaq.mensaje"
# What Grafana looks at itself: by now, not when the mart was built.
OWN = {
    "days_since_publish": "select cast(date_diff('hour', published_at, cast(now() at time zone 'UTC' as timestamp)) as "
    f"double) / 24 as value, release_id as place from {CATALOG}.release limit 1",
    "disk_used": f"select disk_used_share as value, 'el disco del almacén' as place from {CATALOG}.release limit 1",
}
ANSWERS = "data_source"  # the one rule that tells when nothing can be asked
OWN[ANSWERS] = f"select 0 as value from {CATALOG}.release limit 1"
LEVEL = 'Nivel: {{{{ printf "%.4g" $values.A.Value }}}} {unit}. Dónde: {{{{ $labels.place }}}}. Umbral: {threshold}.'
MESSAGE = """{{ define "qhawaq.asunto" }}Qhawaq: {{ .CommonLabels.alertname }}{{ end }}
{{ define "qhawaq.mensaje" }}{{ range .Alerts }}
{{ if eq .Status "resolved" }}Volvió a su nivel{{ else }}Atención{{ end }}: {{ .Labels.alertname }}
{{ .Annotations.summary }}
{{ .Annotations.description }}
{{ .PanelURL }}
{{ end }}{{ end }}
"""


def thresholds(seed: str) -> dict[str, float]:
    """Return alert → above which level it is told, from the text of the seed."""
    return {row["alert"]: float(row["threshold"]) for row in csv.DictReader(seed.splitlines())}


def query(alert: str) -> str:
    """Return what is asked: one number, and where to look."""
    return OWN.get(alert, f"select value, place from {CATALOG}.alert_levels where alert = '{alert}' limit 1")


def rule(alert: str, threshold: float, panels: dict[str, tuple[str, int]]) -> dict[str, Any]:
    """Return one rule; `panels` gives the dashboard and number of the audience's panels by title.

    Where the data source fails, only the rule that watches it alerts; the others keep their state.
    """
    said = texts.alert(alert)
    dashboard, panel = panels[texts.panel(said["panel"]).title]
    asked = {
        "refId": "A",
        "rawSql": query(alert),
        "format": TABLE,
        "editorMode": "code",
        "rawQuery": True,
        "intervalMs": 60000,
        "maxDataPoints": 100,
    }
    above = {
        "refId": "B",
        "type": "threshold",
        "expression": "A",
        "conditions": [{"type": "query", "evaluator": {"type": "gt", "params": [threshold]}}],
    }
    return {
        "uid": f"qhawaq-{alert.replace('_', '-')}",
        "title": said["title"],
        "condition": "B",
        "data": [_part("A", UID, asked), _part("B", "__expr__", above)],
        "noDataState": "Alerting",
        "execErrState": "Alerting" if alert == ANSWERS else "KeepLast",
        "for": "0s",
        "isPaused": False,
        "labels": {"audience": AUDIENCE},
        "annotations": {
            "summary": said["text"],
            # annotations are taken as they are, unlike the rest of a file, where $ is a variable of the environment
            "description": "" if alert == ANSWERS else LEVEL.format(unit=said["unit"], threshold=f"{threshold:g}"),
            "__dashboardUid__": dashboard,
            "__panelId__": str(panel),
        },
    }


def _part(name: str, source: str | None, model: dict[str, Any]) -> dict[str, Any]:
    return {"refId": name, "relativeTimeRange": {"from": 600, "to": 0}, "datasourceUid": source, "model": model}


def files(seed: str, panels: dict[str, tuple[str, int]]) -> dict[str, str]:
    """Return the files of alerting by their path below the folder of provisioning."""
    rules = [rule(alert, threshold, panels) for alert, threshold in (thresholds(seed) | {ANSWERS: 0}).items()]
    group = {"orgId": 1, "name": "qhawaq", "folder": FOLDER, "interval": "5m", "rules": rules}
    mail = {
        "uid": "qhawaq-correo",
        "type": "email",
        "disableResolveMessage": False,
        "settings": {
            "addresses": "$QHAWAQ_ALERT_ADDRESSES",
            "singleEmail": True,
            "subject": '{{ template "qhawaq.asunto" . }}',
            "message": f'{{{{ template "{TEMPLATE}" . }}}}',
        },
    }
    policy = {
        "orgId": 1,
        "receiver": RECEIVER,
        "group_by": ["alertname"],
        "group_wait": "30s",
        "repeat_interval": "24h",
    }
    said = {
        "rules": {"groups": [group]},
        "contact-points": {"contactPoints": [{"orgId": 1, "name": RECEIVER, "receivers": [mail]}]},
        "policies": {"policies": [policy]},
        "templates": {"templates": [{"orgId": 1, "name": "qhawaq", "template": MESSAGE}]},
    }
    return {f"{AUDIENCE}/alerting/{name}.yml": _yaml(content) for name, content in said.items()}


def _yaml(content: dict[str, Any]) -> str:
    made = yaml.safe_dump({"apiVersion": 1} | content, allow_unicode=True, sort_keys=False, width=120)
    return f"# Written by grafana/build.py.\n{made}"

"""Thresholds of policy: dbt's variables, read from the project file, where each stands once with its reason."""

from __future__ import annotations

from typing import Any

import yaml

from warehouse.settings import DBT_PROJECT


def variables() -> dict[str, Any]:
    """Return the variables of the dbt project by name."""
    project = yaml.safe_load((DBT_PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    names: dict[str, Any] = project["vars"]
    return names

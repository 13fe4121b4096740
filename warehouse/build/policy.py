"""Thresholds of policy: dbt's variables, read from the project file, where each stands once with its reason."""

from __future__ import annotations

from typing import Any

from warehouse.settings import DBT_PROJECT, read_yaml


def variables() -> dict[str, Any]:
    """Return the variables of the dbt project by name."""
    names: dict[str, Any] = read_yaml(DBT_PROJECT / "dbt_project.yml")["vars"]
    return names

"""The one catalog of what people read on dashboards, in Spanish."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from warehouse.audit import register
from warehouse.build import feature_catalog
from warehouse.landing import fault_sheets

PATH = Path(__file__).with_name("texts.yml")


@dataclass(frozen=True)
class Panel:
    """What a panel says of itself."""

    title: str
    definition: str
    source: str
    limits: str

    @property
    def description(self) -> str:
        """What is shown behind the panel's «i»."""
        return f"{self.definition}\n\n**Fuente:** {self.source}\n\n**Límites:** {self.limits}"


@cache
def catalog() -> dict[str, Any]:
    """Return the catalog: dashboards, panels, variables, columns, values."""
    return yaml.safe_load(PATH.read_text(encoding="utf-8"))


def panel(key: str) -> Panel:
    """Return a panel's texts.

    Raises:
        KeyError: the catalog has none of that key, or one without definition, source or limits.
    """
    said = catalog()["panels"][key]
    return Panel(said["title"], said["definition"], said["source"], said["limits"])


def dashboard(key: str) -> dict[str, str]:
    """Return title and description of a dashboard."""
    return catalog()["dashboards"][key]


def alert(name: str) -> dict[str, str]:
    """Return title, text, unit and panel of an alert."""
    return catalog()["alerts"][name]


def column(name: str) -> str:
    """Return what a column is called."""
    return catalog()["columns"][name]


def values(name: str) -> dict[str, str]:
    """Return what a column's values are called; nothing for numbers, dates and what is Spanish in the mart.

    Features are called what the dictionary says of them: one place for each sentence.
    """
    if name == "feature":
        spanish = register.translations()
        return {feature.name: spanish[feature.description].rstrip(".") for feature in feature_catalog.read()}
    return catalog()["values"].get(name, {})


def patterns(name: str) -> list[tuple[str, str]]:
    """Return (pattern, text) for values that say more than a word; `$1` stands for what the pattern caught.

    Reasons of landing are said as in the sheets for senders: one place for each sentence.
    """
    if name == "reason":
        said = [(pattern, text) for pattern, text in fault_sheets.SPANISH if not pattern.startswith("columns")]
        return [(f"^{pattern}$", text.replace("{1}", "$2").replace("{0}", "$1")) for pattern, text in said] + _own(name)
    return _own(name)


def _own(name: str) -> list[tuple[str, str]]:
    return list(catalog()["patterns"].get(name, {}).items())


def variable(name: str) -> str:
    """Return what a choice is called."""
    return catalog()["variables"][name]


def sign(name: str) -> str:
    """Return a sign or short text that stands on every dashboard."""
    return catalog()["signs"][name]

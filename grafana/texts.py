"""The one catalog of what people read on dashboards, in Spanish."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from itertools import starmap
from pathlib import Path
from string import Formatter
from typing import Any

import yaml

from warehouse import deliveries
from warehouse.audit import register
from warehouse.build import feature_catalog
from warehouse.deliveries import Fault
from warehouse.settings import DBT_PROJECT

PATH = Path(__file__).with_name("texts.yml")


@dataclass(frozen=True)
class Panel:
    """What a panel says of itself."""

    title: str
    definition: str
    source: str
    limits: str
    empty: str

    @property
    def description(self) -> str:
        """What is shown behind the panel's «i»."""
        said = f"{self.definition}\n\n**Fuente:** {self.source}\n\n**Límites:** {self.limits}"
        return f"{said}\n\n**Si está vacío:** {self.empty}"


@cache
def catalog() -> dict[str, Any]:
    """Return the catalog: dashboards, panels, variables, columns, values."""
    return yaml.safe_load(PATH.read_text(encoding="utf-8"))


def panel(key: str) -> Panel:
    """Return a panel's texts.

    Raises:
        KeyError: the catalog has none of that key, or one without definition, source or limits.
    """
    words = catalog()["panels"][key]
    empty = words.get("empty", sign("empty"))
    return Panel(words["title"], words["definition"], words["source"], words["limits"], empty)


def dashboard(key: str) -> dict[str, Any]:
    """Return title and description of a dashboard, and the first questions of its reader."""
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
    if name == "department_code":
        return {one["department_code"]: one["department_name"] for one in departments()}
    if name == "feature":
        spanish = register.translations()
        return {feature.name: spanish[feature.description].rstrip(".") for feature in feature_catalog.read()}
    return catalog()["values"].get(name, {})


def departments() -> list[dict[str, str]]:
    """Return the departments, each with its name and its place on the map."""
    with (DBT_PROJECT / "seeds" / "departments.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def patterns(name: str) -> list[tuple[str, str]]:
    """Return (pattern, text) for values that say more than a word; `$1` stands for what the pattern caught.

    Reasons of landing are said as in the sheets for senders: one place for each sentence.
    """
    if name == "reason":
        return [_spanish_of(fault) for fault in Fault if fault != Fault.COLUMNS] + _own(name)
    return _own(name)


def _spanish_of(fault: Fault) -> tuple[str, str]:
    """Return the pattern of a fault's text in the ledger and its Spanish, each value by the number of its group."""
    english, spanish = (deliveries.template(fault, language) for language in ("en", "es"))
    parts = [(text, name) for text, name, _, _ in Formatter().parse(english)]
    groups = {name: f"${number}" for number, name in enumerate(filter(None, (name for _, name in parts)), start=1)}
    return f"^{''.join(starmap(_pattern, parts))}$", spanish.format(**groups)


def _pattern(text: str, name: str | None) -> str:
    """Return a pattern of a text and of the value that follows it, if one does."""
    return re.escape(text).replace("\\ ", " ") + ("(.*)" if name else "")


def _own(name: str) -> list[tuple[str, str]]:
    return list(catalog()["patterns"].get(name, {}).items())


def variable(name: str) -> str:
    """Return what a choice is called."""
    return catalog()["variables"][name]


def sign(name: str) -> str:
    """Return a sign or short text that stands on every dashboard."""
    return catalog()["signs"][name]

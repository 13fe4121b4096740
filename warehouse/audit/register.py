"""The processing register and the data dictionary in Spanish, generated from contracts and dbt's YAML."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from warehouse.build.manifest import Manifest
from warehouse.contracts import Contract
from warehouse.settings import DBT_PROJECT, Home

DOMAINS = {"education": "educación", "welfare": "bienestar", "protection": "protección (confidencial)"}
PURPOSES = {
    "education": "prevenir la interrupción de estudios y ofrecer apoyos educativos",
    "welfare": "ofrecer a cada familia los servicios que le corresponden",
    "protection": "atender casos de protección; nunca para puntajes ni listas educativas",
}


def processing(contracts: Iterable[Contract]) -> str:
    """Return the register of processing (Ley 29733): per source its purpose, data, storage and retention period."""
    parts = ["# Registro de tratamientos", "", "Generado a partir de los contratos de las fuentes."]
    for contract in sorted(contracts, key=lambda c: (c.domain, c.name)):
        vaulted = [column.name for column in contract.vaulted]
        parts += [
            "",
            f"## {contract.name}",
            "",
            f"- **Quién entrega:** {contract.sender}",
            f"- **Ámbito:** {DOMAINS[contract.domain]}",
            f"- **Finalidad:** {PURPOSES[contract.domain]}",
            f"- **Identidades (solo en la bóveda cifrada):** {', '.join(vaulted) or 'ninguna'}",
            f"- **Plazo:** {_period(contract)}",
            *_kept(contract),
            f"- **Otros datos:** {', '.join(column.name for column in contract.landed)}",
            f"- **Desde cuándo se conoce un dato:** `{contract.known_at}`, nunca antes de la entrega",
        ]
    return "\n".join(parts) + "\n"


def _kept(contract: Contract) -> list[str]:
    """Return what stays, under a key that leads to nobody, when a family has its child erased."""
    duty = contract.kept_by_law
    return (
        [f"- **Se conserva aunque se borre a la persona, sin identidad:** {', '.join(duty.columns)}. {duty.why}"]
        if duty
        else []
    )


def _period(contract: Contract) -> str:
    if contract.retention_years is None:
        return "sin plazo: datos públicos, sin personas"
    return f"{contract.retention_years} años desde el fin del año al que se refieren (supuesto: lo fija la entidad)"


def translations(project: Path = DBT_PROJECT) -> dict[str, str]:
    """Return the Spanish of the YAML's descriptions."""
    with (project / "dictionary_es.csv").open(encoding="utf-8", newline="") as file:
        return {row["english"]: row["spanish"] for row in csv.DictReader(file)}


def _description(spanish: dict[str, str], described: Mapping[str, Any]) -> str:
    """Return the Spanish description of a model or column, the English one where no translation exists."""
    return spanish.get(described["description"], described["description"])


def dictionary(home: Home) -> str:
    """Return the dictionary of every built table in Spanish, from the YAML: per model a table of its columns.

    A description without a translation stays in English; a test lists those.
    """
    spanish = translations()
    models = Manifest.read(home).of_type("model").values()
    parts = ["# Diccionario de datos", "", "Generado a partir del YAML de los modelos."]
    for node in sorted(models, key=lambda n: (n["schema"], n["name"])):
        parts += ["", f"## {node['schema']}.{node['name']}", "", _description(spanish, node), ""]
        parts += ["| columna | descripción |", "|---|---|"]
        parts += [f"| `{name}` | {_description(spanish, column)} |" for name, column in node["columns"].items()]
    return "\n".join(parts) + "\n"

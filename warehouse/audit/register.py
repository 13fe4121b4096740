"""Registers generated from contracts and dbt's YAML, in Spanish: what is processed, and what each column is."""

from __future__ import annotations

import json
from collections.abc import Iterable

from warehouse.contracts import Contract
from warehouse.settings import Home

DOMAINS = {"education": "educación", "welfare": "bienestar", "protection": "protección (confidencial)"}
PURPOSES = {
    "education": "prevenir la interrupción de estudios y ofrecer apoyos educativos",
    "welfare": "ofrecer a cada familia los servicios que le corresponden",
    "protection": "atender casos de protección; nunca para puntajes ni listas educativas",
}


def processing(contracts: Iterable[Contract]) -> str:
    """Return the register of processing (Ley 29733): a section per source with purpose, data and where it is kept."""
    parts = ["# Registro de tratamientos", "", "Generado a partir de los contratos de las fuentes."]
    for contract in sorted(contracts, key=lambda c: (c.domain, c.name)):
        vaulted = [column.name for column in contract.vaulted]
        parts += [
            "", f"## {contract.name}", "",
            f"- **Quién entrega:** {contract.sender}",
            f"- **Ámbito:** {DOMAINS[contract.domain]}",
            f"- **Finalidad:** {PURPOSES[contract.domain]}",
            f"- **Identidades (solo en la bóveda cifrada):** {', '.join(vaulted) or 'ninguna'}",
            f"- **Plazo:** {_period(contract)}",
            f"- **Otros datos:** {', '.join(name for name, _ in contract.landed)}",
            f"- **Desde cuándo se conoce un dato:** `{contract.known_at}`, nunca antes de la entrega",
        ]  # fmt: skip
    return "\n".join(parts) + "\n"


def _period(contract: Contract) -> str:
    if contract.retention_years is None:
        return "sin plazo: datos públicos, sin personas"
    return f"{contract.retention_years} años desde el fin del año al que se refieren (supuesto: lo fija la entidad)"


def dictionary(home: Home) -> str:
    """Return the dictionary of every built table: a table per model with its columns as the YAML describes them."""
    manifest = json.loads((home.dbt / "manifest.json").read_text(encoding="utf-8"))
    models = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    parts = ["# Diccionario de datos", "", "Generado a partir del YAML; las descripciones están en inglés."]
    for node in sorted(models, key=lambda n: (n["schema"], n["name"])):
        parts += ["", f"## {node['schema']}.{node['name']}", "", node["description"], "", "| columna | descripción |",
                  "|---|---|"]  # fmt: skip
        parts += [f"| `{name}` | {column['description']} |" for name, column in node["columns"].items()]
    return "\n".join(parts) + "\n"

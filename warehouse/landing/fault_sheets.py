"""For senders: a sheet in Spanish for each delivery that was refused, quarantined in part or lacks a region.

A sheet says what is wrong, in which lines and how many children stay unscored because of it; it shows no value of the
delivery. It goes when a later delivery has put it right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from pathlib import Path

import duckdb

from warehouse.contracts import Contract
from warehouse.deliveries import HAS_ROWS, Fault, Status, text
from warehouse.files import write_whole
from warehouse.settings import Home

LINES_SHOWN = 40


@dataclass(frozen=True)
class Finding:
    """One fault of a delivery, as a sender reads it, and how many children it concerns where that is known."""

    file: str
    source: str | None
    delivered_at: date | None
    text: str
    concerned: int | None


@dataclass
class Sheet:
    """What is wrong with one delivery."""

    file: str
    source: str
    sender: str
    delivered: str
    faults: list[str] = field(default_factory=list)
    unscored: int | None = None

    def add(self, finding: Finding) -> None:
        """Add a fault, and how many children it leaves unscored where that is known."""
        self.faults.append(finding.text)
        if finding.concerned is not None:
            self.unscored = (self.unscored or 0) + finding.concerned

    def text(self) -> str:
        """Return the sheet as Markdown, in Spanish."""
        children = {
            None: "No se sabe cuántas niñas, niños y adolescentes quedan sin evaluar por este envío.",
            1: "Una niña, un niño o adolescente queda sin evaluar, o con datos incompletos, mientras no se corrija.",
        }.get(
            self.unscored,
            f"Hasta {self.unscored} niñas, niños y adolescentes quedan sin evaluar, o con datos incompletos, "
            "mientras no se corrija.",
        )
        return "\n".join([
            f"# Ficha de errores: {self.file}", "",
            f"- **Para:** {self.sender}", f"- **Fuente:** {self.source}",
            f"- **Fecha del envío:** {self.delivered}", "",
            "## Qué está mal", *(f"- {fault}" for fault in self.faults), "",
            "## A quiénes afecta", children, "",
            "## Qué hacer", "Corrija el archivo y envíelo completo con la fecha del nuevo envío en el nombre. "
            "Antes de enviarlo puede revisarlo con `qhawaq check ARCHIVO`.", "",
        ])  # fmt: skip


def _lines(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:LINES_SHOWN]))
    return shown + (f" y {len(numbers) - LINES_SHOWN} más" if len(numbers) > LINES_SHOWN else "")


REPAIRED = (
    "exists (select 1 from raw.deliveries as l where l.source = d.source and l.period is not distinct from d.period "
    f"and l.status = '{Status.LANDED}' and l.delivered_at > d.delivered_at)"
)


def collect(db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> list[Sheet]:
    """Return a sheet for each delivery whose faults no later delivery of the same source and period has put right."""
    senders = {contract.name: contract.sender for contract in contracts}
    sheets: dict[str, Sheet] = {}
    for finding in chain(_refused(db), _quarantined(db), _withheld(db)):
        sender = senders.get(finding.source or "", "quien envió el archivo")
        day = str(finding.delivered_at or "no indicada")
        sheets.setdefault(finding.file, Sheet(finding.file, finding.source or "desconocida", sender, day)).add(finding)
    return list(sheets.values())


def _in_spanish(fault: str | None, details: Mapping[str, object], reason: str) -> str:
    """Return a fault's text; what landed before faults had codes keeps the ledger's English."""
    return text(Fault(fault), details, "es") if fault else reason


def _refused(db: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Whole files; whom they concern is guessed from the delivery of the same source before."""
    for file, source, day, fault, details, reason, before in db.execute(
        "select d.file, d.source, d.delivered_at, d.fault, d.details, d.reason, "
        "(select arg_max(b.accepted_rows, b.delivered_at) from raw.deliveries as b "
        f"where b.source = d.source and b.{HAS_ROWS} and b.delivered_at <= d.delivered_at) "
        f"from raw.deliveries as d where d.status = '{Status.REFUSED}' and not {REPAIRED} order by 1"
    ).fetchall():
        cause = _in_spanish(fault, json.loads(details or "{}"), reason)
        yield Finding(file, source, day, f"El archivo no se recibió: {cause}.", before)


def _quarantined(db: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for file, source, day, column, fault, reason, lines in db.execute(
        "select q.file, q.source, d.delivered_at, q.column_name, q.fault, q.reason, list(q.line order by q.line) "
        f"from quarantine.rows as q join raw.deliveries as d on d.file = q.file and d.status = '{Status.LANDED}' "
        "group by all order by q.file, q.column_name nulls first, q.reason"
    ).fetchall():
        where = f"columna {column}: " if column else ""
        cause = f"{where}{_in_spanish(fault, {}, reason)} (líneas {_lines(lines)})."
        yield Finding(file, source, day, cause, len(lines))


def _withheld(db: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for file, source, day, region, reason, rows, before in db.execute(
        "select file, source, known_at, region, reason, n_rows, n_before from raw.withheld where resolved_at is null "
        "order by all"
    ).fetchall():
        fault = None if rows is None else Fault.FEWER_ROWS
        cause = _in_spanish(fault, {"rows": rows, "before": before}, reason)
        text_of_region = f"faltan datos de la región {region}: {cause}."
        yield Finding(file, source, day, text_of_region, None if rows is None else before - rows)


def write(home: Home, db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> list[Path]:
    """Write the sheets that are due into the home and remove those that are not; return their paths."""
    folder, written = home.fault_sheets, []
    due = collect(db, contracts)
    if due:
        folder.mkdir(mode=0o700, exist_ok=True)
    for number, found in enumerate(due):
        plain = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", found.file)
        written.append(folder / f"{found.file if plain else f'archivo-{number + 1}'}.md")
        write_whole(written[-1], found.text())
    for path in set(folder.glob("*.md")) - set(written):
        path.unlink()
    return written

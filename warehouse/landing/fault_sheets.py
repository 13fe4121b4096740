"""Fault sheets for senders, in Spanish: one for each delivery that was refused, partly quarantined or lacks a region.

A sheet names the faults, their lines and the number of children left unscored; it shows no value of the delivery.
A later delivery without the fault removes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path

import duckdb

from warehouse import contracts
from warehouse.contracts import Contract
from warehouse.deliveries import IS_TAKEN_IN, Fault, Status, text
from warehouse.files import write_whole
from warehouse.landing.intake import LEDGER_NAME
from warehouse.settings import DBT_PROJECT, Home, read_yaml

LINES_SHOWN = 40
SHEET = """# Ficha de errores: {file}

- **Para:** {sender}
- **Fuente:** {source}
- **Fecha del envío:** {delivered}

## Qué está mal
{faults}

## A quiénes afecta
{children}

{example}## Qué hacer
Corrija el archivo y envíelo completo con la fecha del nuevo envío en el nombre. \
Antes de enviarlo puede revisarlo con `qhawaq check ARCHIVO`.
"""


EXAMPLE = """## Cómo se ve una línea correcta
Todos los valores son inventados{columns}.

```
{lines}
```

"""


@dataclass(frozen=True)
class SheetEntry:
    """One fault of a delivery, in the sender's words."""

    file: str
    source: str | None
    delivered_at: date | None
    text: str
    children: int | None  # number affected; None where unknown
    column: str | None = None  # where one is at fault


@dataclass
class Sheet:
    """The faults of one delivery."""

    file: str
    source: str
    sender: str
    delivered: str
    faults: list[str] = field(default_factory=list)
    unscored: int | None = None  # children without a score because of the faults; None where unknown
    columns: list[str] = field(default_factory=list)  # at fault

    def add(self, entry: SheetEntry) -> None:
        """Add a fault and the children it leaves unscored."""
        self.faults.append(entry.text)
        if entry.column and entry.column not in self.columns:
            self.columns.append(entry.column)
        if entry.children is not None:
            self.unscored = (self.unscored or 0) + entry.children

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
        return SHEET.format(
            file=self.file,
            sender=self.sender,
            source=self.source,
            delivered=self.delivered,
            faults="\n".join(f"- {fault}" for fault in self.faults),
            children=children,
            example=_example(self.source, self.columns),
        )


@cache
def examples() -> dict[str, dict[str, str]]:
    """Return a right line of each source, by table: column → made-up value."""
    return read_yaml(Path(__file__).with_name("examples.yml"))


def _example(source: str, columns: Sequence[str]) -> str:
    """Return a right line of a source under its header, the columns at fault named with their values."""
    contract = next((one for one in contracts.read(DBT_PROJECT).values() if one.name == source), None)
    line = examples().get(contract.table) if contract else None
    if not contract or not line:  # a source that somebody added has none until they write one
        return ""
    lines = (contract.separator.join(line), contract.separator.join(line.values()))
    return EXAMPLE.format(columns=_at_fault(line, columns), lines="\n".join(lines))


def _at_fault(line: Mapping[str, str], columns: Sequence[str]) -> str:
    """Return what the columns at fault look like in a right line."""
    values = {name.lower(): value for name, value in line.items()}
    told = [f"{name}: «{values[name]}»" for name in columns if values.get(name)]
    return f"; fíjese en {', '.join(told)}" if told else ""


def _lines(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:LINES_SHOWN]))
    return shown + (f" y {len(numbers) - LINES_SHOWN} más" if len(numbers) > LINES_SHOWN else "")


REPAIRED = (
    "exists (select 1 from raw.deliveries as l where l.source = d.source and l.period is not distinct from d.period "
    f"and l.status = '{Status.LANDED}' and (l.delivered_at, l.landed_at) > (d.delivered_at, d.landed_at))"
)


def collect(db: duckdb.DuckDBPyConnection, sources: Iterable[Contract]) -> list[Sheet]:
    """Return a sheet for each delivery whose faults no later delivery of the same source and period has corrected."""
    senders = {contract.name: contract.sender for contract in sources}
    sheets: dict[str, Sheet] = {}
    for entry in chain(_refused(db), _quarantined(db), _withheld(db), _missing(db)):
        sender = senders.get(entry.source or "", "quien envió el archivo")
        day = str(entry.delivered_at or "no indicada")
        sheet = Sheet(entry.file, entry.source or "desconocida", sender, day)
        sheets.setdefault(entry.file, sheet).add(entry)
    return list(sheets.values())


def _in_spanish(fault: str | None, details: Mapping[str, object], reason: str) -> str:
    """Return a fault's text; rows of the time before fault codes keep the ledger's English."""
    return text(Fault(fault), details, "es") if fault else reason


def _refused(db: duckdb.DuckDBPyConnection) -> Iterator[SheetEntry]:
    """Yield refused files; the previous delivery of the source gives the number of children affected."""
    for file, source, day, fault, details, reason, before in db.execute(
        "select d.file, d.source, d.delivered_at, d.fault, d.details, d.reason, "
        "(select arg_max(b.accepted_rows, b.delivered_at) from raw.deliveries as b "
        f"where b.source = d.source and b.{IS_TAKEN_IN} and b.delivered_at <= d.delivered_at) "
        f"from raw.deliveries as d where d.status = '{Status.REFUSED}' and not {REPAIRED} order by 1"
    ).fetchall():
        cause = _in_spanish(fault, json.loads(details or "{}"), reason)
        yield SheetEntry(file, source, day, f"El archivo no se recibió: {cause}.", before)


def _quarantined(db: duckdb.DuckDBPyConnection) -> Iterator[SheetEntry]:
    """Yield the quarantined lines of landed and of wholly faulty files, by column and fault."""
    for file, source, day, column, fault, reason, lines in db.execute(
        "select q.file, q.source, d.delivered_at, q.column_name, q.fault, q.reason, list(q.line order by q.line) "
        "from quarantine.rows as q join raw.deliveries as d on d.file = q.file "
        f"where d.status = '{Status.LANDED}' or d.status = '{Status.REFUSED}' and not {REPAIRED} "
        "group by all order by q.file, q.column_name nulls first, q.reason"
    ).fetchall():
        where = f"columna {column}: " if column else ""
        cause = f"{where}{_in_spanish(fault, {}, reason)} (líneas {_lines(lines)})."
        yield SheetEntry(file, source, day, cause, len(lines), column)


def _withheld(db: duckdb.DuckDBPyConnection) -> Iterator[SheetEntry]:
    """Yield the regions that are withheld because most of their rows are missing."""
    for file, source, day, region, reason, rows, before in db.execute(
        "select file, source, known_at, region, reason, n_rows, n_before from raw.withheld where resolved_at is null "
        "order by all"
    ).fetchall():
        fault = None if rows is None else Fault.FEWER_ROWS
        cause = _in_spanish(fault, _counts(rows, before), reason)
        statement = f"faltan datos de la región {region}: {cause}."
        yield SheetEntry(file, source, day, statement, None if rows is None else before - rows)


def _missing(db: duckdb.DuckDBPyConnection) -> Iterator[SheetEntry]:
    """Yield the regions of which a delivery lacks too many rows of the former one, which stay."""
    for file, source, day, region, rows, before in db.execute(
        "select s.file, s.source, d.delivered_at, s.region, s.n_missing, s.n_before from raw.shortfalls as s "
        f"join raw.deliveries as d on d.file = s.file and d.{IS_TAKEN_IN} where s.resolved_at is null order by all"
    ).fetchall():
        where = f"región {region}: " if region else ""
        yield SheetEntry(file, source, day, f"{where}{text(Fault.MISSING_ROWS, _counts(rows, before), 'es')}.", rows)


def _counts(rows: int, before: int) -> dict[str, int]:
    """Return the numbers of a fault's text."""
    return {"rows": rows, "before": before}


def write(home: Home, db: duckdb.DuckDBPyConnection, sources: Iterable[Contract]) -> list[Path]:
    """Write the sheets that are due into the home and remove the others; return their paths."""
    folder = home.fault_sheets
    sheets = collect(db, sources)
    if sheets:
        folder.mkdir(mode=0o700, exist_ok=True)
    written = []
    for number, sheet in enumerate(sheets, start=1):
        is_plain = LEDGER_NAME.fullmatch(sheet.file)
        written.append(folder / f"{sheet.file if is_plain else f'archivo-{number}'}.md")
        write_whole(written[-1], sheet.text())
    for path in set(folder.glob("*.md")) - set(written):
        path.unlink()
    return written

"""For senders: a sheet in Spanish for each delivery that was refused, quarantined in part or lacks a region.

A sheet says what is wrong, in which lines and how many children stay unscored because of it; it shows no value of the
delivery. It goes when a later delivery has put it right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import duckdb

from warehouse.contracts import Contract
from warehouse.settings import Home, write_whole

LINES_SHOWN = 40
# What landing says (English, in ledger and logs) → what the sender reads; the first that fits counts.
SPANISH: tuple[tuple[str, str], ...] = (
    (r"columns (.*)", "las columnas no son las acordadas: {0}"),
    (r"the name has characters.*", "el nombre del archivo solo puede tener letras sin tilde, cifras, «.», «_» y «-»"),
    (r"not a regular file.*", "no es un archivo común (no se siguen enlaces)"),
    (r"unknown file name; names begin with one of: (.*), then period and date YYYYMMDD",
     "nombre de archivo desconocido; debe empezar con uno de estos: {0}; luego el periodo y la fecha AAAAMMDD"),
    (r"the file is empty.*", "el archivo está vacío; falta la línea de cabecera"),
    (r"line 1 is no header separated by (.*); expected .*", "la línea 1 no es una cabecera separada por {0}"),
    (r"line 1 is no header.*", "la línea 1 no es la cabecera (es un título, o falta)"),
    (r"no row can be used: a header only", "el archivo solo tiene la cabecera"),
    (r"no row can be used: every line has a fault", "ninguna fila se puede usar: todas tienen un error"),
    (r"this home is synthetic.*", "este almacén es sintético y no recibe otros archivos"),
    (r"the file changed while it was read.*", "el archivo cambió mientras se leía: envíelo otra vez"),
    (r"the file is UTF-16.*", "el archivo está en UTF-16; guárdelo como latin-1 o UTF-8"),
    (r"a carriage return stands alone.*", "los fines de línea no son válidos (LF o CR LF)"),
    (r"the file is not UTF-8.*", "el archivo no está en UTF-8 (quizá se guardó como latin-1)"),
    (r"the file cannot be read near line (\d+).*",
     "no se puede leer cerca de la línea {0}: revise comillas, separadores y fines de línea"),
    (r"the file cannot be read.*", "no se puede leer: revise comillas, separadores y fines de línea"),
    (r"(\d+) lines would be (?:lost|doubled) in reading; a quote is not closed near line (\d+)",
     "se perderían {0} líneas: una comilla no se cierra cerca de la línea {1}"),
    (r"(\d+) lines would be (?:lost|doubled) in reading", "se perderían {0} líneas al leer el archivo"),
    (r"some lines are UTF-8 and some latin-1: save.*",
     "unas líneas están en UTF-8 y otras en latin-1: guarde todo el archivo en una sola codificación"),
    (r"the file has (\d+) bytes; at most (\d+) are read", "el archivo es demasiado grande: {0} bytes; máximo {1}"),
    (r"the name (?:lacks|ends in) \.gz.*", "el nombre y el contenido no coinciden en si está comprimido (.gz)"),
    (r"the gzip unpacks to over.*", "el archivo comprimido crece demasiado al abrirse"),
    (r"the gzip is damaged or cut.*", "el archivo comprimido está dañado o incompleto"),
    (r"a line has over (\d+) bytes.*", "una línea tiene más de {0} bytes"),
    (r"line (\d+) has (\d+) bytes.*", "la línea {0} tiene {1} bytes: ninguna fila es tan larga"),
    (r"a NUL byte in the text", "hay un carácter nulo en el texto"),
    (r"empty, but required", "está vacío y es obligatorio"),
    (r"not a valid date", "no es una fecha válida"),
    (r"not a valid (?:bigint|integer|smallint|double)", "no es un número válido"),
    (r"not a valid boolean", "no es sí o no"),
    (r"the last line has no line end.*", "la última línea no tiene fin de línea: puede estar cortada"),
    (r"a later line has the same key", "la clave se repite; vale la línea posterior"),
    (r"the line has fewer columns than the header", "la línea tiene menos columnas que la cabecera"),
    (r"the line has more columns than the header", "la línea tiene más columnas que la cabecera"),
    (r"a quote inside the line is not closed or not escaped", "una comilla no se cierra"),
    (r"the line is too long", "la línea es demasiado larga"),
    (r"a character is not in the file's encoding", "un carácter no es de la codificación del archivo"),
    (r"the line cannot be read", "la línea no se puede leer"),
    (r"(\d+) rows where the period before has (\d+)", "{0} filas, cuando el periodo anterior tiene {1}"),
)  # fmt: skip
WITHIN = {
    "twice": "repetidas",
    "missing": "faltan",
    "not in the contract": "no acordadas",
    "not shown": "no se muestran",
}


def in_spanish(reason: str) -> str | None:
    """Return what a sender reads for a reason of landing's; None if nobody has written it yet."""
    for pattern, text in SPANISH:
        if found := re.fullmatch(pattern, reason):
            said = text.format(*found.groups())
            if pattern.startswith("columns"):
                for english, spanish in WITHIN.items():
                    said = re.sub(rf"\b{english}\b", spanish, said)
            return said
    return None


@dataclass
class Sheet:
    """What is wrong with one delivery."""

    file: str
    source: str
    sender: str
    delivered: str
    faults: list[str] = field(default_factory=list)
    unscored: int | None = None

    def add(self, fault: Fault, concerned: int | None) -> None:
        """Add a fault, and how many children it leaves unscored where that is known."""
        self.faults.append(fault)
        if concerned is not None:
            self.unscored = (self.unscored or 0) + concerned

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


Fault = tuple[str, str | None, object, str, int | None]  # file, source, date, what is wrong, children concerned
REPAIRED = (
    "exists (select 1 from raw.deliveries as l where l.source = d.source and l.period is not distinct from d.period "
    "and l.status = 'landed' and l.delivered_at > d.delivered_at)"
)


def collect(db: duckdb.DuckDBPyConnection, contracts: Iterable[Contract]) -> list[Sheet]:
    """Return a sheet for each delivery whose faults no later delivery of the same source and period has put right."""
    senders = {contract.name: contract.sender for contract in contracts}
    sheets: dict[str, Sheet] = {}
    for file, source, day, fault, concerned in chain(_refused(db), _quarantined(db), _withheld(db)):
        sender = senders.get(source or "", "quien envió el archivo")
        sheet = sheets.setdefault(file, Sheet(file, source or "desconocida", sender, str(day or "no indicada")))
        sheet.add(fault, concerned)
    return list(sheets.values())


def _refused(db: duckdb.DuckDBPyConnection) -> Iterator[Fault]:
    """Whole files; whom they concern is guessed from the delivery of the same source before."""
    for file, source, day, reason, before in db.execute(
        "select d.file, d.source, d.delivered_at, d.reason, (select arg_max(b.accepted_rows, b.delivered_at) "
        "from raw.deliveries as b where b.source = d.source and b.status in ('landed', 'superseded') "
        "and b.delivered_at <= d.delivered_at) "
        f"from raw.deliveries as d where d.status = 'refused' and not {REPAIRED} order by 1"
    ).fetchall():
        yield file, source, day, f"El archivo no se recibió: {in_spanish(reason) or reason}.", before


def _quarantined(db: duckdb.DuckDBPyConnection) -> Iterator[Fault]:
    for file, source, day, column, reason, lines in db.execute(
        "select q.file, q.source, d.delivered_at, q.column_name, q.reason, list(q.line order by q.line) "
        "from quarantine.rows as q join raw.deliveries as d on d.file = q.file and d.status = 'landed' "
        "group by all order by q.file, q.column_name nulls first, q.reason"
    ).fetchall():
        where = f"columna {column}: " if column else ""
        fault = f"{where}{in_spanish(reason) or reason} (líneas {_lines(lines)})."
        yield file, source, day, fault, len(lines)


def _withheld(db: duckdb.DuckDBPyConnection) -> Iterator[Fault]:
    for file, source, day, region, reason in db.execute(
        "select file, source, known_at, region, reason from raw.withheld where resolved_at is null order by all"
    ).fetchall():
        counts = re.fullmatch(r"(\d+) rows where the period before has (\d+)", reason)
        fault = f"faltan datos de la región {region}: {in_spanish(reason) or reason}."
        yield file, source, day, fault, int(counts[2]) - int(counts[1]) if counts else None


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

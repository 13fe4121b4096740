"""From text to types: each row is either wholly typed or has a fault that names its column."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from warehouse.contracts import Column, Contract
from warehouse.database import quoted
from warehouse.deliveries import Fault
from warehouse.landing.reader import Rejected

DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d")
EARLIEST, LATEST = "1900-01-01", "2100-01-01"
INTEGERS = ("bigint", "integer", "smallint")
OF_TYPES = {
    "date": Fault.NOT_A_DATE,
    "boolean": Fault.NOT_A_BOOLEAN,
    "double": Fault.NOT_A_NUMBER,
    **dict.fromkeys(INTEGERS, Fault.NOT_A_WHOLE_NUMBER),
}


def type_rows(
    db: duckdb.DuckDBPyConnection, contract: Contract, columns: Sequence[str], has_nul: bool, lines: str
) -> None:
    """Make `temp.typed(_line, _fault_column, _fault, …)`; a good row has a null fault.

    Args:
        db: the throw-away database.
        contract: what the columns are.
        columns: those that the file has, in its order.
        has_nul: the file has NUL bytes somewhere.
        lines: SQL of the file's rows as text, with `_line`.
    """
    present = [column for column in contract.columns if column.name in columns]
    nothing = {column: f"cast(null as {column.data_type})" for column in contract.columns}
    typed = nothing | {column: _typed(column) for column in present}
    packed = ", ".join(f"{quoted(column.name)} := {sql}" for column, sql in typed.items())
    fault = _first_fault(present, has_nul)
    source = _without(contract.missing, columns, lines) if contract.missing else lines
    db.execute(  # typed once beside the text, so that a fault is a text whose typed value is null
        f"create or replace temp table typed as select _line, t.*, "
        f"split_part(fault, '|', 1) as _fault_column, split_part(fault, '|', 2) as _fault "
        f"from (select _line, t, {fault} as fault from "
        f"(select lines as l, _line, struct_pack({packed}) as t from {source} as lines))"
    )


def _without(missing: Sequence[str], columns: Sequence[str], lines: str) -> str:
    """Return SQL of the rows with the texts that stand for a missing value as null."""
    texts = ", ".join(quoted(text, "'") for text in missing)
    listed = ", ".join(f"case when {quoted(c)} not in ({texts}) then {quoted(c)} end as {quoted(c)}" for c in columns)
    return f"(select _line, {listed} from {lines})"


def _typed(column: Column) -> str:
    """Return the SQL that types one column; null where it cannot."""
    name = quoted(column.name)
    if column.data_type == "varchar":
        return name
    if column.data_type == "date":
        formats = ", ".join(f"'{f}'" for f in DATE_FORMATS)
        parsed = f"cast(try_strptime(trim({name}), [{formats}]) as date)"
        return f"case when {parsed} between '{EARLIEST}' and '{LATEST}' then {parsed} end"
    if column.data_type in INTEGERS:  # a plain cast would round 5.6 to 6
        return (
            f"case when not contains({name}, '.') or regexp_full_match(trim({name}), '-?[0-9]+\\.0+') "
            f"then try_cast({name} as {column.data_type}) end"
        )
    return f"try_cast(trim({name}) as {column.data_type})"


def _faults(column: Column, has_nul: bool) -> list[tuple[str, str, Fault]]:
    """Return (column, SQL condition, fault) of what makes a row unusable."""
    name, found = f"l.{quoted(column.name)}", []
    if has_nul:
        found.append((column.name, f"contains({name}, chr(0))", Fault.NUL))
    if not column.nullable:
        found.append((column.name, f"{name} is null or trim({name}) = ''", Fault.REQUIRED))
    if column.data_type != "varchar":
        bad = f"trim({name}) <> '' and t.{quoted(column.name)} is null"
        found.append((column.name, bad, OF_TYPES[column.data_type]))
    return found


def _first_fault(columns: Sequence[Column], has_nul: bool) -> str:
    """Return SQL for «column|fault» of a line's first fault, null for none."""
    faults = [fault for column in columns for fault in _faults(column, has_nul)]
    named = " ".join(f"when {condition} then '{column}|{fault}'" for column, condition, fault in faults)
    return f"case {named} end" if named else "cast(null as varchar)"


def quarantine(
    db: duckdb.DuckDBPyConnection, contract: Contract, rejected: Sequence[Rejected], cut_line: int | None
) -> None:
    """Move faulty rows from `temp.typed` to `temp.faults(line, column_name, fault)`.

    Besides rows with a fault these are: lines that are no rows, a last line that may be cut, and all but the
    last row of a key that stands twice in the file.
    """
    db.execute("create or replace temp table faults (line bigint, column_name varchar, fault varchar)")
    if rejected:
        db.executemany("insert into faults values (?, null, ?)", [(r.line, r.fault) for r in rejected])
    db.execute("insert into faults select _line, _fault_column, _fault from typed where _fault is not null")
    db.execute("delete from typed where _fault is not null")
    if cut_line is not None:
        _move(db, f"_line = {cut_line}", "null", Fault.CUT)
    if contract.key:
        _quarantine_twice(db, ", ".join(map(quoted, contract.key)), contract.key[-1])


def _quarantine_twice(db: duckdb.DuckDBPyConnection, key: str, named: str) -> None:
    if db.execute(f"select 1 from typed group by {key} having count(*) > 1 limit 1").fetchone():
        keep = f"select max(_line) from typed group by {key}"
        _move(db, f"_line not in ({keep})", f"'{named}'", Fault.KEY_TWICE)


def _move(db: duckdb.DuckDBPyConnection, condition: str, column: str, fault: Fault) -> None:
    db.execute(f"insert into faults select _line, {column}, '{fault}' from typed where {condition}")
    db.execute(f"delete from typed where {condition}")

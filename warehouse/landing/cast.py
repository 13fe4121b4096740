"""From text to types: each row is typed in every column and can be true, or has a fault that names its column.

SQL of a contract never raises on a row: what cannot be computed is a fault of that row.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import pyarrow

from warehouse.contracts import Column, Contract, Stated
from warehouse.contracts.rules import normal
from warehouse.database import quoted
from warehouse.deliveries import Fault
from warehouse.landing import normalize
from warehouse.landing.lines import Rejected

DATE_FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%Y%m%d")
EARLIEST = "1900-01-01"
LATEST = "2100-01-01"
INTEGERS = ("bigint", "integer", "smallint")
OF_TYPES = {
    "date": Fault.NOT_A_DATE,
    "boolean": Fault.NOT_A_BOOLEAN,
    "double": Fault.NOT_A_NUMBER,
    **dict.fromkeys(INTEGERS, Fault.NOT_A_WHOLE_NUMBER),
}


# A code may be shown where it looks like one: no document number, nothing that could be a line.
CODE_SHOWN = "[A-Z0-9ÁÉÍÓÚÜÑ]([A-Z0-9ÁÉÍÓÚÜÑ _./-]{0,22}[A-Z0-9ÁÉÍÓÚÜÑ])?"
DOCUMENT = "[0-9]{5,}"
SHORTEST_NAME = 3  # letters: shorter words such as DE and LA are in names and in codes


class Check(NamedTuple):
    """A condition under which a row cannot be used."""

    column: str
    condition: str  # SQL over `l`, the row's text, and `t`, its typed values
    fault: Fault


def type_rows(
    db: duckdb.DuckDBPyConnection,
    contract: Contract,
    stated: Stated,
    columns: Sequence[str],
    has_nul: bool,
    lines: str,
) -> None:
    """Create `temp.typed(_line, _fault_column, _fault, _code, …)`; a usable row has a null fault.

    Args:
        db: the throw-away database.
        contract: the delivery's contract.
        stated: what the file's name states, with which its rows must agree.
        columns: the file's columns, in its order.
        has_nul: whether the file has NUL bytes.
        lines: SQL of the file's rows as text, with `_line`.
    """
    present = [column for column in contract.columns if column.name in columns]
    checks = list(itertools.starmap(Check, normalize.line_faults(contract, present)))
    checks += [check for column in present for check in _checks(column, contract, has_nul)]
    fault = _first_fault([*checks, *_rule_checks(contract, stated, present)])
    typed = _typed_row(contract, present)
    source = _without(contract.missing, columns, lines) if contract.missing else lines
    db.execute(  # typed beside the text: a value that cannot be typed has a text and a typed value of null
        f"create or replace temp table typed as select _line, t.*, "
        "fault.column_name as _fault_column, fault.code as _fault, fault.unknown as _code "
        f"from (select _line, t, {fault} as fault from "
        f"(select lines as l, _line, {typed} as t from {source} as lines))"
    )


def _without(missing: Sequence[str], columns: Sequence[str], lines: str) -> str:
    """Return SQL of the rows with null for the texts that mean a missing value."""
    texts = ", ".join(quoted(text, "'") for text in missing)
    listed = ", ".join(f"case when {quoted(c)} not in ({texts}) then {quoted(c)} end as {quoted(c)}" for c in columns)
    return f"(select _line, {listed} from {lines})"


def _typed_row(contract: Contract, present: Sequence[Column]) -> str:
    """Return SQL for the struct of a row's typed values, null in the columns that the file lacks."""
    absent = {column: f"cast(null as {column.data_type})" for column in contract.columns}
    typed = absent | {column: _typed(column, contract) for column in present}
    return f"struct_pack({', '.join(f'{quoted(column.name)} := {sql}' for column, sql in typed.items())})"


def _typed(column: Column, contract: Contract) -> str:
    """Return SQL for a column's typed value, null where the text does not fit the type."""
    name = quoted(column.name)
    if column.data_type == "varchar":
        text = normalize.text(column, contract)
        return column.codes.read(text) if column.codes else text
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


def _checks(column: Column, contract: Contract, has_nul: bool) -> list[Check]:
    """Return the conditions under which a column makes a row unusable."""
    name = f"l.{quoted(column.name)}"
    checks = []
    if has_nul:
        checks.append(Check(column.name, f"contains({name}, chr(0))", Fault.NUL))
    if not column.nullable:
        typed = f"t.{quoted(column.name)}"
        is_empty = f"{typed} is null" if column.digits or column.alias else f"trim({name}) = ''"
        checks.append(Check(column.name, f"{name} is null or {is_empty}", Fault.REQUIRED))
    if column.data_type != "varchar":
        is_untyped = f"trim({name}) <> '' and t.{quoted(column.name)} is null"
        checks.append(Check(column.name, is_untyped, OF_TYPES[column.data_type]))
    return [*checks, *itertools.starmap(Check, normalize.value_faults(column, contract))]


def _rule_checks(contract: Contract, stated: Stated, present: Sequence[Column]) -> list[Check]:
    """Return the conditions under which a row cannot be true, those on codes last: the row is then sound otherwise."""
    of_columns = [rule for column in present for rule in column.rules]
    checks = []
    for rule in (*of_columns, *contract.rules):
        if condition := rule.of_file(stated.period, stated.delivered_at):
            safe = condition if rule in of_columns else f"try({condition})"
            checks.append(Check(rule.column, safe, rule.fault))
    unknown = [Check(c.name, c.codes.unknown, Fault.UNKNOWN_CODE) for c in present if c.codes]
    return checks + unknown


def _first_fault(checks: Sequence[Check]) -> str:
    """Return SQL for the struct (column_name, code, unknown) of a line's first fault, null for none."""
    cases = [
        f"when {c.condition} then {{'column_name': '{c.column}', 'code': '{c.fault}', 'unknown': {_shown_code(c)}}}"
        for c in checks
    ]
    empty = "cast(null as struct(column_name varchar, code varchar, unknown varchar))"
    return f"case {' '.join(cases)} end" if cases else empty


def _shown_code(check: Check) -> str:
    """Return SQL for an unknown code if it looks like one, else null."""
    if check.fault != Fault.UNKNOWN_CODE:
        return "cast(null as varchar)"
    code = normal(f"t.{quoted(check.column)}")
    looks = f"regexp_full_match({code}, '{CODE_SHOWN}') and not regexp_matches({code}, '{DOCUMENT}')"
    return f"case when {looks} then {code} end"


def quarantine(
    db: duckdb.DuckDBPyConnection, contract: Contract, rejected: Sequence[Rejected], cut_line: int | None
) -> None:
    """Move faulty rows from `temp.typed` to `temp.faults(line, column_name, fault, code)`.

    Rejected lines, a last line that may be cut, and all but the last row of a repeated key count as faulty too.
    """
    db.execute("create or replace temp table faults (line bigint, column_name varchar, fault varchar, code varchar)")
    if rejected:
        lines = [reject.line for reject in rejected]
        found = [str(reject.fault) for reject in rejected]
        db.register("rejects", pyarrow.table({"line": lines, "fault": found}))  # at once: there can be millions
        db.execute("insert into faults (line, fault) select line, fault from rejects")
        db.unregister("rejects")
    db.execute(
        "insert into faults (line, column_name, fault, code) "
        "select _line, _fault_column, _fault, _code from typed where _fault is not null"
    )
    _hide_names(db, contract)
    db.execute("delete from typed where _fault is not null")
    if cut_line is not None:
        _move(db, f"_line = {cut_line}", "null", Fault.CUT)
    _quarantine_shared_documents(db, contract)
    if contract.key:
        _quarantine_repeated_keys(db, ", ".join(map(quoted, contract.key)), contract.key[-1])


def _hide_names(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Hide an unknown code with a word that is in somebody's name in this delivery: a slip of columns, not a code."""
    names = [column.name for column in contract.vaulted if column.data_type == "varchar"]
    if not names or not db.execute("select 1 from faults where code is not null limit 1").fetchone():
        return
    words = " union ".join(f"select unnest(string_split(upper({quoted(name)}), ' ')) from typed" for name in names)
    db.execute(
        "update faults set code = null where code in (select code from "
        "(select distinct code, unnest(string_split(code, ' ')) as word from faults where code is not null) "
        f"where length(word) >= {SHORTEST_NAME} and word in ({words}))"
    )


def _quarantine_shared_documents(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Move the rows that must have a document and share it with people who cannot be the same."""
    normalize.find_shared_documents(db, contract)
    for column in contract.columns:
        if normalize.required_document(column):
            shared = f"{quoted(column.name)} in (select value from nobodys)"
            _move(db, shared, f"'{column.name}'", Fault.NOBODYS_DOCUMENT)


def _quarantine_repeated_keys(db: duckdb.DuckDBPyConnection, key: str, named: str) -> None:
    """Move all but the last row of a key; rows that lack a part of it are different things."""
    rows = " and ".join(f"{column} is not null" for column in key.split(", "))
    if db.execute(f"select 1 from typed where {rows} group by {key} having count(*) > 1 limit 1").fetchone():
        keep = f"select max(_line) from typed where {rows} group by {key}"
        _move(db, f"{rows} and _line not in ({keep})", f"'{named}'", Fault.KEY_TWICE)


def _move(db: duckdb.DuckDBPyConnection, condition: str, column: str, fault: Fault) -> None:
    db.execute(
        f"insert into faults (line, column_name, fault) select _line, {column}, '{fault}' from typed where {condition}"
    )
    db.execute(f"delete from typed where {condition}")

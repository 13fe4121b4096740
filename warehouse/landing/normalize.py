"""Codes and documents as registers have them, however a spreadsheet or a keyboard left them.

A code of digits gets its lost zeros back, without signs that nobody sees, quotes, or the decimals of a spreadsheet; a
document likewise. What cannot be brought into its form stays as it is and is judged: by the rules of landing where it
is required, and by the vault, which takes no document for a person's that is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb

from warehouse.contracts import Alias, Column, Contract
from warehouse.database import quoted
from warehouse.deliveries import Fault
from warehouse.identity import names
from warehouse.identity.names import DNI_DIGITS

FEWEST_DIGITS = 5  # of a DNI that lost its zeros: shorter numbers are counters, not documents
DIGITS = ("０１２３４５６７８９", "0123456789")  # full width, as a Japanese keyboard writes them  # noqa: RUF001
UNSEEN = r"[\p{Cf}\p{Z}\p{Cc}]+"  # zero width, no-break and other spaces, byte order marks, soft hyphens
NAMES = ("given_names", "first_surname", "second_surname")
LONGEST_NUMBER = 4  # digits in a text that is no document: a year
SHORT = 2  # digits
OPENING = "[=''\"]*"  # how spreadsheets are made to keep a code: ="0643270", '0643270
CLOSING = '(?:[.,]0+)?"*'
TOTALS = "^(sub ?total|total|gran total|suma|promedio)"


def text(column: Column, contract: Contract) -> str:
    """Return SQL for the value of a text column, normalized where it is a code, a document or its kind."""
    name = quoted(column.name)
    if column.digits:
        return _code(name, column.digits)
    if column.name in kinds(contract):
        return f"nullif(regexp_replace(upper({name}), '[^A-Z0-9]+', '', 'g'), '')"
    if is_document(column):
        return _document(name, column.alias.when if column.alias else ())
    return _seen(name) if column.alias or column.pseudonym else name


def kinds(contract: Contract) -> set[str]:
    """Return the columns that say of which kind a document is."""
    return {column for alias in contract.aliases for column, _ in alias.when}


def is_document(column: Column) -> bool:
    """Return whether a column holds the numbers of identity documents."""
    return column.document or (column.alias is not None and column.alias.kind == "dni")


def required_document(column: Column) -> Alias | None:
    """Return whom a column names if each row must have a person's document in it."""
    return column.alias if is_document(column) and not column.nullable else None


def _plain(name: str) -> str:
    """Return SQL for a text without what nobody sees, its digits as ASCII."""
    return f"regexp_replace(translate({name}, '{DIGITS[0]}', '{DIGITS[1]}'), '{UNSEEN}', '', 'g')"


def _seen(name: str) -> str:
    """Return SQL for a number that may have letters."""
    bare = f"regexp_replace({_plain(name)}, '^{OPENING}([0-9A-Za-z][^\"]*?)\"*$', '\\1')"
    return f"case when {name} ~ '[0-9A-Za-z]+' then {name} else nullif({bare}, '') end"


def _code(name: str, digits: int) -> str:
    """Return SQL for a code of digits; most rows are decided by the first comparison.

    Codes of one or two digits, such as annexes, are written without leading zeros.
    """
    bare = f"nullif(regexp_extract({_plain(name)}, '^{OPENING}([0-9]{{1,{digits}}}){CLOSING}$', 1), '')"
    is_short = digits <= SHORT
    usual = f"0|[1-9][0-9]{{0,{digits - 1}}}" if is_short else f"[0-9]{{{digits}}}"
    whole = f"cast(cast({bare} as integer) as varchar)" if is_short else f"lpad({bare}, {digits}, '0')"
    return f"case when {name} ~ '{usual}' then {name} else coalesce({whole}, nullif({_plain(name)}, '')) end"


def _document(name: str, when: Iterable[tuple[str, str]]) -> str:
    """Return SQL for a document: a DNI has 8 digits, whatever a spreadsheet took away."""
    kind = " and ".join(f"regexp_replace(upper({quoted(c)}), '[^A-Z0-9]+', '', 'g') = '{v}'" for c, v in when)
    form = f"^{OPENING}([0-9]{{{FEWEST_DIGITS},{DNI_DIGITS}}})(?:-[0-9A-Za-z])?{CLOSING}$"
    padded = f"lpad(nullif(regexp_extract({_plain(name)}, '{form}', 1), ''), {DNI_DIGITS}, '0')"
    return (
        f"case when {name} ~ '[0-9]{{{DNI_DIGITS}}}' then {name} else "
        f"coalesce(case when {kind or 'true'} then {padded} end, nullif(upper({_plain(name)}), '')) end"
    )


def line_faults(contract: Contract, present: list[Column]) -> list[tuple[str, str, Fault]]:
    """Return (column, condition, fault) of lines that are no records: a header again, a total.

    The condition is SQL over `l`, the row's text.
    """
    names = ", ".join(f"'{column.name}'" for column in contract.columns)
    first = present[:2]
    again = " and ".join(f"lower(trim(l.{quoted(c.name)}, ' \"\ufeff')) in ({names})" for c in first)
    labels = dict.fromkeys([present[0].name, *contract.key])
    shown = {column.name for column in present}
    is_total = " or ".join(
        f"(l.{quoted(name)} > ':' and regexp_matches(lower(trim(l.{quoted(name)})), '{TOTALS}'))"
        for name in labels
        if name in shown
    )
    return [(first[0].name, again, Fault.HEADER_AGAIN), (first[0].name, is_total, Fault.TOTAL)]


def value_faults(column: Column, contract: Contract) -> list[tuple[str, str, Fault]]:
    """Return (column, condition, fault) of values that are no codes or documents, though they have to be.

    The condition is SQL over `l`, the row's text, and `t`, its typed values.
    """
    if column.digits:
        return []  # a rule of the contract
    has_number = f"regexp_matches(t.{quoted(column.name)}, '[0-9]{{{LONGEST_NUMBER + 1}}}')"
    if _is_exposed(column, contract):
        return [(column.name, has_number, Fault.IDENTITY_IN_OPEN_COLUMN)]
    if column.link in NAMES:
        return [(column.name, has_number, Fault.NOT_A_NAME)]
    alias = required_document(column)
    return _document_faults(column, alias) if alias else []


def _document_faults(column: Column, alias: Alias) -> list[tuple[str, str, Fault]]:
    """Return (column, condition, fault) of what stands for a document and is none, or is nobody's."""
    value = f"t.{quoted(column.name)}"
    named = " and ".join(f"t.{quoted(c)} = '{v}'" for c, v in alias.when) or "true"
    wrong = f"{named} and not {value} ~ '[0-9]{{{DNI_DIGITS}}}'"
    return [
        (column.name, wrong, Fault.NOT_A_DOCUMENT),
        (column.name, f"{named} and not {names.is_somebodys(value)}", Fault.NOBODYS_DOCUMENT),
    ]


def _is_exposed(column: Column, contract: Contract) -> bool:
    """Return whether a text lands openly beside identities: fields that were shifted would put one there."""
    is_open = column.data_type == "varchar" and column.landed_name == column.name
    return is_open and bool(contract.vaulted)


def find_shared_documents(db: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    """Create `temp.nobodys(value)`: documents that rows of `temp.typed` give to people who cannot be the same."""
    documents = [quoted(column.name) for column in contract.columns if column.alias and is_document(column)]
    if not documents:
        return
    db.execute("create or replace temp table nobodys (value varchar)")
    if "given_names" not in contract.link:
        return
    document = documents[0]
    signs = ", ".join(f"{sql} as {sign}" for sign, sql in names.signs(contract).items())
    db.execute(
        f"""
        insert into nobodys
        with repeated as (select {document} as value from typed where {document} is not null group by 1
          having count(*) > 1),
        people as (
          select distinct {document} as value, {signs} from typed where {document} in (select value from repeated))
        select value from people group by value
        having count(distinct {names.folded("concat(given, '|', surname)")}) > {names.MOST_NAMES}
        union
        select a.value from people as a join people as b on a.value = b.value where {names.are_different("a", "b")}"""
    )

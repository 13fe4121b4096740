"""Statuses and faults of deliveries: codes here, texts in `faults_<language>.yml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from warehouse.errors import QhawaqError
from warehouse.settings import read_yaml

RECTIFIED = re.compile(r"_RECT[0-9]+(?=\.|$)")  # ends the name of a delivery that a family's right made
LONGEST_LIST = 600  # characters of a list of names in a text


class Status(StrEnum):
    """The status of a delivery, as stored in `raw.deliveries`."""

    LANDED = "landed"
    SUPERSEDED = "superseded"  # landed, and replaced by a later file of the same period
    WITHDRAWN = "withdrawn"  # landed, and taken out since: its rows count until then
    REFUSED = "refused"
    DUPLICATE = "duplicate"
    WOULD_LAND = "would land"  # result of `qhawaq check`


# SQL over `status`: the delivery's rows are in its raw table.
HAS_ROWS = f"status in ('{Status.LANDED}', '{Status.SUPERSEDED}', '{Status.WITHDRAWN}')"
# SQL over `status`: the delivery was taken in, and nobody took it out since.
IS_TAKEN_IN = f"status in ('{Status.LANDED}', '{Status.SUPERSEDED}')"
TAKEN_IN = (Status.LANDED, Status.SUPERSEDED)


class Fault(StrEnum):
    """A fault of a delivery, a line or a region; the codes are stored and never renamed."""

    NAME_CHARACTERS = "name_characters"
    NOT_A_FILE = "not_a_file"
    NAME_UNKNOWN = "name_unknown"
    EMPTY_FILE = "empty_file"
    HEADER_SEPARATOR = "header_separator"
    NO_HEADER = "no_header"
    COLUMNS = "columns"
    HEADER_ONLY = "header_only"
    NO_USABLE_ROW = "no_usable_row"
    NOT_SYNTHETIC = "not_synthetic"
    CHANGED_WHILE_READ = "changed_while_read"
    UTF16 = "utf16"
    LONE_CARRIAGE_RETURN = "lone_carriage_return"
    NOT_UTF8 = "not_utf8"
    OTHER_ENCODING = "other_encoding"
    MIXED_ENCODINGS = "mixed_encodings"
    UNREADABLE = "unreadable"
    UNREADABLE_NEAR = "unreadable_near"
    LINES_LOST = "lines_lost"
    LINES_DOUBLED = "lines_doubled"
    QUOTE_OPEN = "quote_open"
    TOO_LARGE = "too_large"
    NAME_LACKS_GZ = "name_lacks_gz"
    NAME_SAYS_GZ = "name_says_gz"
    GZIP_BOMB = "gzip_bomb"
    GZIP_DAMAGED = "gzip_damaged"
    ZIP_DAMAGED = "zip_damaged"
    ZIP_MEMBERS = "zip_members"
    ZIP_PATHS = "zip_paths"
    ZIP_LOCKED = "zip_locked"
    ZIP_BOMB = "zip_bomb"
    NO_TABLE = "no_table"
    TABLE_DAMAGED = "table_damaged"
    LINE_OVER_CHUNK = "line_over_chunk"
    LINE_TOO_LONG = "line_too_long"
    NUL = "nul"
    REQUIRED = "required"
    NOT_A_DATE = "not_a_date"
    NOT_A_WHOLE_NUMBER = "not_a_whole_number"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_BOOLEAN = "not_a_boolean"
    CUT = "cut"
    KEY_TWICE = "key_twice"
    OUT_OF_RANGE = "out_of_range"
    NOT_DIGITS = "not_digits"
    OTHER_PERIOD = "other_period"
    AFTER_DELIVERY = "after_delivery"
    MORE_THAN_MONTH = "more_than_month"
    MORE_THAN_OPEN = "more_than_open"
    LEVEL_AND_GRADE = "level_and_grade"
    IMPOSSIBLE_BIRTH = "impossible_birth"
    ENDS_BEFORE = "ends_before"
    PARTS_OVER_WHOLE = "parts_over_whole"
    LIES_ELSEWHERE = "lies_elsewhere"
    NEVER_KNOWN = "never_known"
    UNKNOWN_CODE = "unknown_code"
    DATED_AHEAD = "dated_ahead"
    DATED_FAR_AHEAD = "dated_far_ahead"
    PERIOD_IMPOSSIBLE = "period_impossible"
    FEWER_COLUMNS = "fewer_columns"
    MORE_COLUMNS = "more_columns"
    QUOTE_IN_LINE = "quote_in_line"
    LONG_LINE = "long_line"
    ENCODING = "encoding"
    ENCODED_TWICE = "encoded_twice"
    CHARACTERS_LOST = "characters_lost"
    HEADER_AGAIN = "header_again"
    TOTAL = "total"
    NOT_A_DOCUMENT = "not_a_document"
    NOBODYS_DOCUMENT = "nobodys_document"
    NOT_A_NAME = "not_a_name"
    IDENTITY_IN_OPEN_COLUMN = "identity_in_open_column"
    UNREADABLE_LINE = "unreadable_line"
    FEWER_ROWS = "fewer_rows"
    MISSING_ROWS = "missing_rows"


# Faults of single lines; the rest of the file can be usable.
OF_LINES = (
    Fault.NUL,
    Fault.REQUIRED,
    Fault.NOT_A_DATE,
    Fault.NOT_A_WHOLE_NUMBER,
    Fault.NOT_A_NUMBER,
    Fault.NOT_A_BOOLEAN,
    Fault.CUT,
    Fault.KEY_TWICE,
    Fault.OUT_OF_RANGE,
    Fault.NOT_DIGITS,
    Fault.OTHER_PERIOD,
    Fault.AFTER_DELIVERY,
    Fault.MORE_THAN_MONTH,
    Fault.MORE_THAN_OPEN,
    Fault.LEVEL_AND_GRADE,
    Fault.IMPOSSIBLE_BIRTH,
    Fault.ENDS_BEFORE,
    Fault.PARTS_OVER_WHOLE,
    Fault.LIES_ELSEWHERE,
    Fault.NEVER_KNOWN,
    Fault.UNKNOWN_CODE,
    Fault.FEWER_COLUMNS,
    Fault.MORE_COLUMNS,
    Fault.QUOTE_IN_LINE,
    Fault.LONG_LINE,
    Fault.ENCODING,
    Fault.ENCODED_TWICE,
    Fault.CHARACTERS_LOST,
    Fault.HEADER_AGAIN,
    Fault.TOTAL,
    Fault.NOT_A_DOCUMENT,
    Fault.NOBODYS_DOCUMENT,
    Fault.NOT_A_NAME,
    Fault.IDENTITY_IN_OPEN_COLUMN,
    Fault.UNREADABLE_LINE,
)


@cache
def _catalog(language: str) -> dict[str, Any]:
    """Return the texts of a language by fault."""
    return read_yaml(Path(__file__).with_name(f"faults_{language}.yml"))


def template(fault: Fault, language: str) -> Any:  # noqa: ANN401  a text, or a whole and its parts
    """Return the text of a fault with its placeholders."""
    return _catalog(language)[fault]


def text(fault: Fault, details: Mapping[str, Any] | None = None, language: str = "en") -> str:
    """Return the text of a fault for people.

    Args:
        fault: the fault.
        details: values of the text's placeholders; never a value of the delivery.
        language: en (ledger and logs) or es (senders).
    """
    values = dict(details or {})
    cause = values.get("cause")  # the code of another fault; ledgers of former versions lack it
    values["cause"] = text(Fault(cause), language=language) if cause else "…"
    form = template(fault, language)
    if isinstance(form, str):
        return form.format(**values)
    parts = [part.format(values[name]) for name, part in form["parts"].items() if values.get(name)]
    return form["whole"].format("; ".join(parts)[:LONGEST_LIST])


class DeliveryRefused(QhawaqError):
    """A delivery breaks its contract as a whole.

    Args:
        fault: the reason.
        details: values of the text's placeholders; never an identity.
    """

    def __init__(self, fault: Fault, **details: str | int) -> None:
        super().__init__(text(fault, details))
        self.fault = fault
        self.details = details

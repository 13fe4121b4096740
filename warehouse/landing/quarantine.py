"""Quarantined lines: line, column, fault and, where a list lacks it, a code; never another value of the delivery."""

from __future__ import annotations

import duckdb
import pyarrow

from warehouse.database import quoted
from warehouse.deliveries import OF_LINES, DeliveryRefused, Fault, text

COLUMNS = "file, line, source, column_name, reason, fault, code"


class NoUsableRow(DeliveryRefused):
    """Every line of a delivery has a fault: it is refused, and its lines are quarantined.

    Args:
        faults: the lines, as `found` returns them.
        cause: the most frequent fault.
    """

    def __init__(self, faults: pyarrow.Table, cause: str) -> None:
        super().__init__(Fault.NO_USABLE_ROW, cause=cause)
        self.faults = faults

    @property
    def lines(self) -> int:
        """The number of lines."""
        return len(self.faults["line"].unique())


def found(db: duckdb.DuckDBPyConnection) -> pyarrow.Table:
    """Return the faulty lines of the delivery that a throw-away database holds, with the text of each fault."""
    cases = " ".join(f"when '{fault}' then {quoted(text(fault), chr(39))}" for fault in OF_LINES)
    reason = f"case fault {cases} end as reason"
    return db.execute(f"select line, column_name, fault, code, {reason} from faults").to_arrow_table()


def write(db: duckdb.DuckDBPyConnection, file: str, source: str, faults: pyarrow.Table) -> None:
    """Quarantine lines of a delivery."""
    db.register("faulty_lines", faults)
    db.execute(
        f"insert into quarantine.rows ({COLUMNS}) "
        "select ?, line, ?, column_name, reason, fault, code from faulty_lines",
        [file, source],
    )
    db.unregister("faulty_lines")

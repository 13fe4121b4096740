"""Writing deliveries into a home's own inbox: collected and corrected rows land like a sender's file."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from warehouse import files, synthetic
from warehouse.contracts import Contract
from warehouse.settings import Home


def named(contract: Contract, stem: str) -> str:
    """Return the name of a delivery of a source, with the ending of its form."""
    return f"{stem}.{'txt' if contract.separator == '|' else 'csv'}"


def deliver(home: Home, contract: Contract, stem: str, header: list[str], rows: Iterable[Iterable[Any]]) -> Path:
    """Write one delivery so that landing sees the whole file or none; a synthetic home notes its hash."""
    path = home.inbox / named(contract, stem)
    with files.writing(path, 0o600) as unfinished:
        writer = csv.writer(
            codecs.getwriter("utf-8")(unfinished),
            delimiter=contract.separator,
            lineterminator="\n",
            quoting=csv.QUOTE_MINIMAL if contract.is_quoted else csv.QUOTE_NONE,
            quotechar='"' if contract.is_quoted else None,
        )
        writer.writerow(header)
        writer.writerows(rows)
        if home.kind == "synthetic":
            synthetic.note(home, unfinished.sha256)
    return path

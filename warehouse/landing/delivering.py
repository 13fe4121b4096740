"""Writing a delivery into a home's own inbox: what is collected or corrected lands like what a sender sends."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from warehouse import synthetic
from warehouse.contracts import Contract
from warehouse.settings import Home


def deliver(home: Home, contract: Contract, stem: str, header: list[str], rows: Iterable[Iterable[Any]]) -> Path:
    """Write one delivery so that landing sees the whole file or none; a synthetic home notes that it knows it."""
    path = home.inbox / f"{stem}.{'txt' if contract.separator == '|' else 'csv'}"
    unfinished = path.with_name(path.name + ".part")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter=contract.separator, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
        file.flush()
        os.fsync(file.fileno())
    if home.kind == "synthetic":
        synthetic.note(home, unfinished)
    unfinished.replace(path)
    return path

"""What a delivery replaces of those before it, as its contract says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from warehouse.errors import QhawaqError


class Replaces(StrEnum):
    """What a file replaces of the files before it."""

    ROWS = "rows"  # the rows that it names
    WHOLE = "whole"  # its whole scope: what it lacks ends


@dataclass(frozen=True)
class Scope:
    """What a file of a source replaces as a whole: one region of one period, or of all periods."""

    region: str | None = None  # SQL of a row's region; None: a file is of the whole country
    all_periods: bool = False  # a later period's file replaces an earlier period's, whenever it arrives
    files: re.Pattern[str] | None = None  # names of whole files; the others replace the rows that they name
    maximum_loss: float = 0.5  # share of a region's former rows that may be absent; beyond it the former rows stay
    keeps_rows: bool = False  # a region beyond that loss: the rows that came count beside the former ones


def replaces(name: str, stated: str) -> Replaces:
    """Return what a file replaces; `file` is the former word for the whole of its scope."""
    try:
        return Replaces.WHOLE if stated == "file" else Replaces(stated)
    except ValueError:
        raise QhawaqError(f"contract {name}: replaces {stated!r} is none of {[*map(str, Replaces)]}") from None


def scope(name: str, stated: Mapping[str, Any], default_region: str | None) -> Scope:
    """Return the scope that a contract states; its region is that of `coverage` where it names none."""
    known = {"region", "periods", "files", "maximum_loss", "beyond", "complete_share"}  # the last is read by dbt
    if unknown := set(stated) - known:
        raise QhawaqError(f"contract {name}: unknown scope {sorted(unknown)}")
    return Scope(
        region=stated.get("region") or default_region,
        all_periods=stated.get("periods", "each") == "all",
        files=re.compile(stated["files"]) if "files" in stated else None,
        maximum_loss=float(stated.get("maximum_loss", Scope.maximum_loss)),
        keeps_rows=stated.get("beyond", "former") == "rows",
    )

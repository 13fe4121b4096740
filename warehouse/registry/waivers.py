"""A waiver: a person lets a refused model go live, for a stated reason, gate by gate; its hash stays with the model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from warehouse.errors import QhawaqError

NAME = "waiver.yml"  # beside the model
SHORTEST_REASON = 30


@dataclass(frozen=True)
class Waiver:
    """Who waives which gates of which model, when and why."""

    model_version: str
    author: str
    date: date
    reason: str
    gates: list[str]

    def permits(self, version: str, broken: Iterable[str]) -> None:
        """Check that it is for this model and names every broken gate.

        Raises:
            QhawaqError: it does not.
        """
        if self.model_version != version:
            raise QhawaqError(f"the waiver is for {self.model_version}, not for {version}")
        if missing := set(broken) - set(self.gates):
            raise QhawaqError(f"the waiver does not name {', '.join(sorted(missing))}")


def read(path: Path) -> tuple[Waiver, str]:
    """Read a waiver; return it and its SHA-256.

    Raises:
        QhawaqError: it is not readable, lacks something, or gives no reason to speak of.
    """
    try:
        content = path.read_bytes()
        waiver = Waiver(**yaml.safe_load(content))
    except (OSError, TypeError, yaml.YAMLError) as error:
        raise QhawaqError(
            f"{path} is no waiver ({error}): it needs model_version, author, date, reason and gates"
        ) from None
    _check(waiver, path)
    return waiver, hashlib.sha256(content).hexdigest()


def _check(waiver: Waiver, path: Path) -> None:
    """Refuse a waiver that nobody could answer for.

    Raises:
        QhawaqError: a field is of the wrong kind, or there is no reason to speak of.
    """
    if not (isinstance(waiver.date, date) and isinstance(waiver.gates, list) and str(waiver.author).strip()):
        raise QhawaqError(f"{path}: date is a date, gates a list, author somebody")
    if len(str(waiver.reason).strip()) < SHORTEST_REASON:
        raise QhawaqError(f"{path}: the reason needs {SHORTEST_REASON} characters at least: an auditor will read it")

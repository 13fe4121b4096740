"""What the service is told: files, keys and limits. Nothing here opens anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = Callable[[dict[str, Any]], None]
Reveal = Callable[[int], dict[str, Any] | None]
Compare = Callable[[str, int], Any]  # file and line of a record → `LinkReview` of `warehouse.identity`, or None


@dataclass(frozen=True)
class Oidc:
    """Whose tokens are believed: issuer, audience, and a file with the issuer's public keys (JWKS)."""

    issuer: str
    audience: str
    keys: Path
    areas_claim: str = "qhawaq_areas"


@dataclass(frozen=True)
class Limits:
    """What one process takes before it says 429, and how long it works at one request."""

    in_flight: int = 64
    per_second: float = 500.0  # of one caller
    reveals_per_hour: int = 30  # of one caller
    body_bytes: int = 2_000_000
    rows: int = 1000
    children: int = 100  # whose records are sent at once
    seconds: float = 10.0


@dataclass(frozen=True)
class Settings:
    """Where the service reads and writes.

    Args:
        model_config: what `qhawaq deploy` writes.
        models: the folder of model files, whose checksums must agree with it.
        children: the published file of children.
        journal: the log of who saw whom; appended to.
        journal_key: makes the log's chain one that only its holder can continue.
        api_keys: JSON with hashed keys of machines, or None.
        oidc: whose tokens are believed, or None.
        reveal: returns who a child is, or None if nobody is known by that key; raises `Busy` while it cannot look.
        record: delivers what came of a case, by the columns of its contract.
        offices: the folder of the published files of protection offices, by province; None without them.
        compare: returns a record and who it may be of, or None if nobody has to decide; raises `Busy` like `reveal`.
        decide: delivers what a person decided of that, by the columns of its contract.
        limits: see `Limits`.
    """

    model_config: Path
    models: Path
    children: Path
    journal: Path
    journal_key: bytes = field(repr=False)
    api_keys: Path | None = None
    oidc: Oidc | None = None
    reveal: Reveal | None = None
    record: Record | None = None
    offices: Path | None = None
    compare: Compare | None = None
    decide: Record | None = None
    limits: Limits = Limits()


class Busy(Exception):
    """The vault is being written: try again in a moment."""

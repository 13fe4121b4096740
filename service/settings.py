"""Settings of the service: files, keys and limits. Nothing here opens anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from warehouse import clock
from warehouse.landing.visit_journal import VisitJournal

Record = Callable[[dict[str, Any]], None]
Notes = Callable[[int], list[dict[str, Any]]]
Reveal = Callable[[int], dict[str, Any] | None]
Names = Callable[[Sequence[int]], dict[int, str]]
Trace = Callable[[str, str, str], str]  # table, key and who looks → text
StateCapacity = Callable[[str, int, date, str, str], None]  # UGEL, children a list, from when, who, why
CaseNumbers = Callable[[list[tuple[str, int]]], dict[tuple[str, int], str]]  # by file and line of a record
Compare = Callable[[str, int], Any]  # file and line of a record → `LinkReview` of `warehouse.identity`, or None


@dataclass(frozen=True)
class SignInClient:
    """This service as a client of the identity provider, where people sign in here.

    Args:
        client_id: its name there.
        secret: what it shows there.
        address: how browsers reach this service, without a slash at the end.
    """

    client_id: str
    secret: str = field(repr=False)
    address: str

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach the service over TLS."""
        return self.address.startswith("https:")


@dataclass(frozen=True)
class Oidc:
    """The trusted identity provider.

    Args:
        issuer: its address, exactly as its tokens say it.
        audience: whom bearer tokens are for.
        keys: a file with its public keys (JWKS); None has the service ask for them.
        areas_claim: the claim with areas.
        roles_claims: the claims with roles; a dot leads into a claim.
        client: this service as its client; None where people do not sign in here.
    """

    issuer: str
    audience: str
    keys: Path | None = None
    areas_claim: str = "qhawaq_areas"
    roles_claims: tuple[str, ...] = ("realm_access.roles", "roles")
    client: SignInClient | None = None

    @property
    def is_asked(self) -> bool:
        """Whether the service asks the provider itself: to sign people in, or for its keys."""
        return self.client is not None or self.keys is None


@dataclass(frozen=True)
class Limits:
    """Limits of one process: beyond them it answers 429, or 503 where a request takes too long."""

    in_flight: int = 64  # requests whose bodies have come
    in_flight_of_caller: int = 48  # with those whose bodies are coming
    per_second: float = 500.0  # of one caller
    unknown_per_second: float = 10.0  # refusals of who is not known, of one address
    unknown_at_once: int = 50
    connections: int = 512
    connections_per_address: int = 384  # a proxy is one address
    head_bytes: int = 32_768
    headers: int = 100
    head_seconds: float = 5.0  # until the head of a request has come
    body_seconds: float = 5.0  # and then its body
    reveals_per_hour: int = 30  # of one caller
    body_bytes: int = 2_000_000
    rows: int = 1000
    children: int = 100  # with records in one request
    seconds: float = 10.0


@dataclass(frozen=True)
class Settings:
    """Where the service reads and writes.

    Args:
        model_config: the file that `qhawaq deploy` writes.
        models: the folder of model files, whose checksums must agree with it.
        children: the published file of children.
        access_log: the access log; appended to.
        log_key: of the log's chain; only its holder can continue it.
        api_keys: JSON with hashed keys of machines, or None.
        oidc: the trusted identity provider, or None.
        reveal: returns a child's identity, or None for an unknown key; raises `Busy` while the vault is written.
        names: returns the names of children that somebody has; raises `Busy` while the vault is written.
        operations: the published file of operations; None without it.
        state_capacity: states how many children a UGEL can visit; raises `Busy` while the warehouse is written.
        trace: returns where a number comes from; raises `Busy` while the warehouse is written.
        journal: keeps visits and delivers them; None where nothing can be recorded.
        notes: returns what the vault holds of a child's visits; raises `Busy` like `reveal`.
        offices: the folder of the published files of protection offices, by province; None without them.
        compare: returns a record beside its candidate, or None if it needs no decision; raises `Busy` like `reveal`.
        case_numbers: returns the numbers that offices gave their cases; raises `Busy` like `reveal`.
        decide: delivers the decision on a link, by the columns of its contract.
        limits: see `Limits`.
        today: returns the day on which something is recorded: the clock's, or a synthetic home's own.
    """

    model_config: Path
    models: Path
    children: Path
    access_log: Path
    log_key: bytes = field(repr=False)
    api_keys: Path | None = None
    oidc: Oidc | None = None
    reveal: Reveal | None = None
    journal: VisitJournal | None = None
    notes: Notes | None = None
    names: Names | None = None
    operations: Path | None = None
    trace: Trace | None = None
    state_capacity: StateCapacity | None = None
    offices: Path | None = None
    compare: Compare | None = None
    case_numbers: CaseNumbers | None = None
    decide: Record | None = None
    limits: Limits = Limits()
    today: Callable[[], date] = clock.today


class Busy(Exception):
    """The vault is being written: try again in a moment."""

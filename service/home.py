"""The service's side of a home: its settings, identities from the vault, and deliveries into the inbox."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from service.settings import Busy, Oidc, Settings
from warehouse import clock, contracts, database, keys
from warehouse.audit import access_log
from warehouse.errors import HomeInUse, QhawaqError
from warehouse.identity import vault
from warehouse.identity.linkage import review
from warehouse.identity.linkage.review import LinkReview
from warehouse.landing import inbox
from warehouse.settings import DBT_PROJECT, Home

Answer = TypeVar("Answer")
Named = dict[str, Any]  # who a child is, as the vault has it


def settings(home: Home) -> Settings:
    """Return the settings of the service of a home.

    Raises:
        QhawaqError: nothing is published or deployed yet.
    """
    children = home.serving / "service" / "current.duckdb"
    if not (children.exists() and home.model_config.exists()):
        raise QhawaqError(f"{home.root} has nothing to serve yet: call 'qhawaq run' first")
    return Settings(
        model_config=home.model_config,
        models=home.models,
        children=children,
        access_log=home.access_log,
        log_key=keys.load(home.secrets).access_log,
        api_keys=home.api_keys,
        oidc=_oidc(),
        reveal=partial(reveal, home),
        record=partial(record, home),
        offices=home.serving / "protection",
        compare=partial(compare, home),
        decide=partial(decide, home),
        today=partial(today, home),
    )


def today(home: Home) -> date:
    """Return the day on which something is recorded here.

    A synthetic home lives on the day for which it was published: by the clock its newest delivery would be years
    younger than the rest, and every child of its last year unregistered.
    """
    if home.kind != "synthetic":
        return clock.today()
    with duckdb.connect(str(home.serving / "service" / "current.duckdb"), read_only=True) as db:
        return database.value(db, "select built_for from release") or clock.today()


def _oidc() -> Oidc | None:
    """Return the identity provider that the environment names."""
    issuer, audience, public_keys = (os.environ.get(f"QHAWAQ_OIDC_{name}") for name in ("ISSUER", "AUDIENCE", "KEYS"))
    return Oidc(issuer, audience, Path(public_keys)) if issuer and audience and public_keys else None


def log_of_keys(home: Home, who: str) -> Callable[[str], None]:
    """Return what notes in the access log what somebody did to a machine's key.

    Raises:
        HomeError: the secret that seals the log is missing, or another one.
    """
    log = access_log.of(home, keys.load(home.secrets))

    def note(what: str) -> None:
        log.note(who, "key", None, what)

    return note


def reveal(home: Home, child: int) -> dict[str, Any] | None:
    """Return a child's identity and its guardian's name from the vault, None for an unknown key.

    Raises:
        Busy: landing writes the vault.
    """
    return _of_vault(home, lambda db: _identity(db, child))


def _identity(db: DuckDBPyConnection, child: int) -> Named | None:
    identity = vault.identity(db, child)
    return asdict(identity) | {"guardian": vault.guardian(db, child)} if identity else None


def compare(home: Home, file: str, line: int) -> LinkReview | None:
    """Return a record without a document beside its candidate; None if it needs no decision.

    Raises:
        Busy: landing writes the vault.
    """
    known = contracts.read(DBT_PROJECT).values()
    return _of_vault(home, lambda db: review.open_review(db, known, file, line))


def _of_vault(home: Home, question: Callable[[DuckDBPyConnection], Answer]) -> Answer:
    """Return the answer of the vault, opened read-only for this one question.

    Raises:
        Busy: landing writes it.
    """
    with database.scratch(home) as db:
        try:
            database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
            return question(db)
        except HomeInUse:
            raise Busy("the vault is being written: again in a moment") from None


def record(home: Home, event: dict[str, Any]) -> None:
    """Put the follow-up of a case into the inbox, as a delivery of one line."""
    _deliver(home, "feedback_case_events", f"SEGUIMIENTO_CASOS_{event['ANIO']}", event)


def decide(home: Home, decision: dict[str, Any]) -> None:
    """Put the decision on a link into the inbox, as a delivery of one line."""
    _deliver(home, "link_decisions", f"REVISION_VINCULOS_{str(decision['FECHA'])[:4]}", decision)


def _deliver(home: Home, table: str, name: str, row: dict[str, Any]) -> None:
    stem = f"{name}_{today(home):%Y%m%d}_F{secrets.token_hex(6).upper()}"
    inbox.deliver(home, contracts.read(DBT_PROJECT)[table], stem, list(row), [list(row.values())])

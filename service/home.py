"""The service's side of a home: its settings, identities from the vault, and deliveries into the inbox."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any, TypeVar

import duckdb
from duckdb import DuckDBPyConnection

from service import oidc
from service.published import HARDENED
from service.settings import Busy, Settings
from warehouse import clock, contracts, database, keys
from warehouse.audit import access_log
from warehouse.errors import HomeInUse, QhawaqError
from warehouse.identity import vault
from warehouse.identity.linkage import review
from warehouse.identity.linkage.review import LinkReview
from warehouse.landing import inbox, journal, snapshot, stating, visit_notes
from warehouse.landing.parameters import Capacity, Decided
from warehouse.landing.snapshot import Snapshot
from warehouse.landing.visit_journal import VisitJournal
from warehouse.landing.visit_notes import Note
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
        oidc=oidc.from_environment(),
        reveal=partial(reveal, home),
        names=partial(names, home),
        operations=home.serving / "operations" / "current.duckdb",
        trace=partial(trace, home),
        state_capacity=partial(state_capacity, home),
        journal=VisitJournal(home, contracts.read(DBT_PROJECT)[journal.TABLE]),
        notes=partial(notes, home),
        offices=home.serving / "protection",
        compare=partial(compare, home),
        case_numbers=partial(case_numbers, home),
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
    with duckdb.connect(str(home.serving / "service" / "current.duckdb"), read_only=True, config=HARDENED) as db:
        return database.value(db, "select built_for from release") or clock.today()


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

    While landing writes the vault they come from its copy.

    Raises:
        Busy: landing writes the vault, and the copy does not have the child.
    """
    try:
        return _of_vault(home, lambda db: _identity(db, child))
    except Busy:
        if found := _copy(home)["identities"].get(str(child)):
            return dict(found)
        raise


def _identity(db: DuckDBPyConnection, child: int) -> Named | None:
    identity = vault.identity(db, child)
    return asdict(identity) | {"guardian": vault.guardian(db, child)} if identity else None


def _copy(home: Home) -> Snapshot:
    """Return the copy of names and notes by child; an empty one where none opens."""
    return snapshot.read(home, keys.load(home.secrets)) or {"identities": {}, "notes": {}}


def notes(home: Home, child: int) -> list[Note]:
    """Return what the vault holds of a child's visits, from its copy while landing writes it."""
    try:
        return _of_vault(home, lambda db: visit_notes.of_child(db, child))
    except Busy:
        return list(_copy(home)["notes"].get(str(child), []))


def names(home: Home, children: Sequence[int]) -> dict[int, str]:
    """Return the names of children that the vault knows, from its copy while landing writes it.

    Raises:
        Busy: landing writes the vault, and there is no copy.
    """
    try:
        return _of_vault(home, lambda db: vault.full_names(db, children))
    except Busy:
        if not (copied := _copy(home)["identities"]):
            raise
        return {child: _full_name(copied[str(child)]) for child in children if str(child) in copied}


def _full_name(identity: dict[str, Any]) -> str:
    parts = (identity[part] for part in ("given_names", "first_surname", "second_surname"))
    return " ".join(filter(None, parts))


def trace(home: Home, table: str, key: str, who: str) -> str:
    """Return where a number comes from, as text.

    Raises:
        Busy: a build writes the warehouse.
        QhawaqError: there is no such number.
    """
    from warehouse.audit import trace as tracing  # reads the graph: who never asks does not wait for it

    try:
        return tracing.trace(home, table, key, who)
    except HomeInUse:
        raise Busy("the warehouse is being written: again in some minutes") from None


def state_capacity(home: Home, ugel: str, n_children: int, valid_from: date, who: str, why: str) -> None:
    """State how many children a UGEL can visit per list, as `qhawaq parameters` does.

    Raises:
        Busy: a build writes the warehouse.
        UsageError: it cannot be true, or the reason says nothing.
    """
    capacity = Capacity(ugel_code=ugel, capacity_children=n_children, valid_from=valid_from)
    try:
        stating.state(home, capacity, Decided(who, why))
    except HomeInUse:
        raise Busy("the warehouse is being written: again in some minutes") from None


def case_numbers(home: Home, places: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Return the numbers that offices gave their cases, by record.

    Raises:
        Busy: landing writes the vault.
    """
    known = list(contracts.read(DBT_PROJECT).values())
    return _of_vault(home, lambda db: review.case_numbers(db, known, places))


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


def decide(home: Home, decision: dict[str, Any]) -> None:
    """Put the decision on a link into the inbox, as a delivery of one line."""
    _deliver(home, "link_decisions", f"REVISION_VINCULOS_{str(decision['FECHA'])[:4]}", decision)


def _deliver(home: Home, table: str, name: str, row: dict[str, Any]) -> None:
    stem = f"{name}_{today(home):%Y%m%d}_F{secrets.token_hex(6).upper()}"
    inbox.deliver(home, contracts.read(DBT_PROJECT)[table], stem, list(row), [list(row.values())])

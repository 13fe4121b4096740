"""A family's rights over its child's data: access, opposition, review by a human; each is logged before its answer."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

import duckdb

from warehouse import contracts, database, keys
from warehouse.audit import access_log, looks
from warehouse.contracts import Contract
from warehouse.errors import QhawaqError
from warehouse.identity.people import all_keys
from warehouse.landing import ledger
from warehouse.publish import decisions
from warehouse.publish.decisions import Decision, Kind
from warehouse.rights import school_record
from warehouse.settings import DBT_PROJECT, Home

DDL = (
    """
create table if not exists raw.objections (
  request_number bigint, child_key bigint, is_withdrawn boolean, known_at date);
create table if not exists raw.human_reviews (
  request_number bigint, child_key bigint, as_of_date date, outcome varchar, decision varchar, reviewed_on date);
create table if not exists raw.erased_persons (child_key bigint, erased_on date);
create table if not exists raw.erasures (file varchar, n_lines bigint, erased_on date);
alter table raw.erasures add column if not exists number bigint;
"""
    + school_record.DDL
)
SHOWN = 200  # largest number of lines per source in an answer

# Title → table of results about a child, besides its records by source.
SECTIONS = {
    "Puntajes": "scores.risk_scores",
    "Motivos de los puntajes": "scores.risk_reasons",
    "Listas en que figuró": "ml.lists",
    "Revisiones humanas": "raw.human_reviews",
    "Oposiciones": "raw.objections",
    "Registros vinculados por nombre": "raw.record_links",
    "Seguimiento de casos": "intermediate.int_cases__events",
    "Rasgos en cada fecha de corte": "features.child_features",
}


@dataclass(frozen=True)
class Request:
    """A family's request, as the vault logs it."""

    child: int
    kind: str
    user: str  # staff member who handles it
    reason: str
    detail: str = ""


class Subject:
    """One child's records: warehouse and vault, open for one request."""

    def __init__(self, home: Home, request: Request) -> None:
        self.home = home
        self.request = request
        self.keys = keys.load(home.secrets)
        self.contracts = list(contracts.read(DBT_PROJECT).values())
        self.vault = database.scratch(home)
        self.warehouse = database.warehouse(home)

    def __enter__(self) -> Subject:
        """Log the request.

        Raises:
            QhawaqError: the vault holds no such person.
        """
        from warehouse.identity import vault

        database.attach_vault(self.vault, self.home, self.keys)
        vault.prepare(self.vault, self.contracts)
        ledger.prepare(self.warehouse, self.contracts)
        self.warehouse.execute(DDL)
        self.vault.execute(
            "insert into vault.requests (requested_at, child_key, kind, who, reason, detail) "
            "values (cast(now() at time zone 'UTC' as timestamp), $child, $kind, $user, $reason, $detail)",
            asdict(self.request),
        )
        child = self.request.child
        kind = "access" if self.request.kind == "access" else "request"
        why = self.request.reason if kind == "access" else f"{self.request.kind}: {self.request.reason}"
        access_log.note(self.home, kind, str(child), why, self.request.user)
        if not self.vault.execute("select 1 from vault.persons where child_key = ?", [child]).fetchone():
            self.__exit__()
            raise QhawaqError(f"the vault holds no person with key {child}; the request was logged")
        return self

    def __exit__(self, *_: object) -> None:
        self.vault.close()
        self.warehouse.close()

    def decide(self, kind: Kind, number: int, *, hides: bool, today: date, **more: str) -> None:
        """Note the decision in the home's file of decisions, and beside its backups, which are older."""
        owned = tuple(self.all_keys())
        decision = Decision(kind, number, self.request.child, owned, hides, str(today), **more)
        decisions.note(self.home, decision)
        decisions.asked(self.home, decision)

    def all_keys(self) -> list[int]:
        """Return every key of the child: its own and those merged with it."""
        return all_keys(self.vault, self.request.child)


class Holdings(NamedTuple):
    """A table's rows of one child."""

    n_rows: int
    rows: list[dict[str, object]]  # the first of them, by column


def _holdings(db: duckdb.DuckDBPyConnection, table: str, owned: list[int]) -> Holdings:
    """Return a table's rows of the child."""
    where = f"where child_key in ({', '.join(map(str, owned))})"
    n_rows = database.value(db, f"select count(*) from {table} {where}")
    query = db.execute(f"select * exclude (child_key) from {table} {where} order by all limit {SHOWN}")
    names = [column[0] for column in query.description]
    return Holdings(n_rows, [dict(zip(names, row, strict=True)) for row in query.fetchall()])


def access(home: Home, request: Request) -> str:
    """Return all data of a child as text in Spanish: records by source, scores, lists, reveals.

    Raises:
        QhawaqError: the vault holds no such person.
    """
    with Subject(home, request) as subject:
        owned = subject.all_keys()
        parts = [
            "# Datos que se conservan",
            "",
            f"Solicitud de {request.user}. Motivo: {request.reason}",
            f"Clave interna: {', '.join(map(str, owned))}",
        ]
        for contract in sorted(subject.contracts, key=lambda c: c.name):
            parts += _of_source(subject, contract, owned)
        for title, table in SECTIONS.items():
            parts += _section(subject.warehouse, title, table, owned)
        seen = looks.of_keys(home, subject.keys, subject.vault, owned).looks
        parts += ["", f"## Quién vio sus datos ({len(seen)})", "", *(f"- {look.line()}" for look in seen)]
        parts += _section(subject.vault, "Solicitudes de la familia", "vault.requests", owned)
        parts += _section(subject.vault, "Notas de visitas", "vault.visit_notes", owned)
        return "\n".join(parts) + "\n"


def _of_source(subject: Subject, contract: Contract, owned: list[int]) -> list[str]:
    """Return a source's sections: the identity from the vault and the facts from `raw`."""
    parts = []
    if contract.vaulted:
        parts += _section(subject.vault, f"{contract.name}: identidad", f"vault.{contract.table}", owned)
    if contract.aliases:
        parts += _section(subject.warehouse, contract.name, f"raw.{contract.table}", owned)
    if parts:
        parts.append(f"Entregado por: {contract.sender}. Se conserva {contract.retention_years} años.")
    return parts


def _section(db: duckdb.DuckDBPyConnection, title: str, table: str, owned: list[int]) -> list[str]:
    """Return a table's rows of the child as a section; nothing where there are none."""
    try:
        n_rows, rows = _holdings(db, table, owned)
    except duckdb.CatalogException:
        return []  # not built yet
    if not n_rows:
        return []
    more = [f"- … y {n_rows - SHOWN} más"] if n_rows > SHOWN else []
    return ["", f"## {title} ({n_rows})", "", *map(_line, rows), *more]


def _line(row: dict[str, object]) -> str:
    return "- " + "; ".join(f"{name} = {value}" for name, value in row.items() if value is not None)


def oppose(home: Home, request: Request, today: date, withdraw: bool) -> None:
    """Record that the family objects to scores of its child, or withdraws its objection.

    Raises:
        QhawaqError: the vault holds no such person.
    """
    with Subject(home, request) as subject:
        number = _next_number(subject, "raw.objections")
        subject.decide(Kind.OBJECTION, number, hides=not withdraw, today=today)
        subject.warehouse.execute(
            "insert into raw.objections (request_number, child_key, is_withdrawn, known_at) values (?, ?, ?, ?)",
            [number, request.child, withdraw, today],
        )


def _next_number(subject: Subject, table: str) -> int:
    return int(database.value(subject.warehouse, f"select coalesce(max(request_number), 0) + 1 from {table}"))


def review(home: Home, request: Request, as_of: date, outcome: str, decision: str, today: date) -> None:
    """Record a human's decision on a child's place on a list; the reason stays in the vault.

    Raises:
        QhawaqError: the vault holds no such person, or the child was not scored on that date.
    """
    with Subject(home, request) as subject:
        scored = subject.warehouse.execute(
            "select 1 from scores.risk_scores where child_key = ? and as_of_date = ? and outcome = ?",
            [request.child, as_of, outcome],
        ).fetchone()
        if not scored:
            raise QhawaqError(f"child {request.child} has no score of {as_of} for {outcome}: see qhawaq explain")
        number = _next_number(subject, "raw.human_reviews")
        hides = decision == "remove"
        subject.decide(Kind.REVIEW, number, hides=hides, today=today, as_of=str(as_of), detail=outcome)
        subject.warehouse.execute(
            "insert into raw.human_reviews (request_number, child_key, as_of_date, outcome, decision, reviewed_on) "
            "values (?, ?, ?, ?, ?, ?)",
            [number, request.child, as_of, outcome, decision, today],
        )

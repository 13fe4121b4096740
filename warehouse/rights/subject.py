"""A family's rights over what is held on its child: access, rectification, opposition, review by a human.

Every request is logged in the vault before it is answered. A rectification is a delivery like any other: the child's
own line with one value changed, so that ledger, quarantine and lineage hold for it too.
"""

from __future__ import annotations

import csv
import io
import itertools
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from warehouse import contracts, database, keys
from warehouse.contracts import Contract
from warehouse.deliveries import HAS_ROWS
from warehouse.errors import QhawaqError, UsageError
from warehouse.landing import archive, ledger
from warehouse.landing.delivering import deliver
from warehouse.settings import DBT_PROJECT, Home

DDL = """
create table if not exists raw.objections (
  request_number bigint, child_key bigint, is_withdrawn boolean, known_at date);
create table if not exists raw.human_reviews (
  request_number bigint, child_key bigint, as_of_date date, outcome varchar, decision varchar, reviewed_on date);
create table if not exists raw.erasures (file varchar, n_lines bigint, erased_on date);
"""
SHOWN = 200  # lines of a source that an answer shows; the count is of all


@dataclass(frozen=True)
class Request:
    """Who asks what for which child, and why."""

    child: int
    kind: str
    who: str
    reason: str
    detail: str = ""


class Subject:
    """One child's records: the warehouse and the vault opened together, for one request."""

    def __init__(self, home: Home, request: Request) -> None:
        self.home, self.request = home, request
        self.keys = keys.load(home.secrets)
        self.contracts = list(contracts.read(DBT_PROJECT).values())
        self.vault = database.scratch(home)
        self.warehouse = database.warehouse(home)

    def __enter__(self) -> Subject:
        """Log the request, then go on.

        Raises:
            QhawaqError: the vault holds no such person.
        """
        from warehouse.identity import vault

        database.attach_vault(self.vault, self.home, self.keys)
        vault.prepare(self.vault, self.contracts)
        ledger.prepare(self.warehouse, self.contracts)
        self.warehouse.execute(DDL)
        r = self.request
        self.vault.execute(
            "insert into vault.requests values (cast(now() at time zone 'UTC' as timestamp), ?, ?, ?, ?, ?)",
            [r.child, r.kind, r.who, r.reason, r.detail],
        )
        if not self.vault.execute("select 1 from vault.persons where child_key = ?", [r.child]).fetchone():
            self.__exit__()
            raise QhawaqError(f"the vault holds no person with key {r.child}; the request was logged")
        return self

    def __exit__(self, *_: object) -> None:
        self.vault.close()
        self.warehouse.close()

    def all_keys(self) -> list[int]:
        """Return every key that stands for the child: its own and those merged with it."""
        found = self.vault.execute(
            "with recursive same(k) as (select ? union select case when m.child_key = same.k then m.merged_into "
            "else m.child_key end from same join vault.merges as m on same.k in (m.child_key, m.merged_into)) "
            "select distinct k from same order by 1", [self.request.child],
        )  # fmt: skip
        return [key for (key,) in found.fetchall()]


def _rows(db: duckdb.DuckDBPyConnection, table: str, owned: list[int], order: str) -> tuple[int, list[dict]]:
    """Return how many rows of the child a table has, and the first of them."""
    where = f"where child_key in ({', '.join(map(str, owned))})"
    (count,) = db.execute(f"select count(*) from {table} {where}").fetchone() or (0,)
    found = db.execute(f"select * exclude (child_key) from {table} {where} order by {order} limit {SHOWN}")
    names = [column[0] for column in found.description]
    return count, [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def access(home: Home, request: Request) -> str:
    """Return everything that is held on a child as text in Spanish: records by source, scores, lists, who looked.

    Raises:
        QhawaqError: the vault holds no such person.
    """
    with Subject(home, request) as subject:
        owned = subject.all_keys()
        parts = [
            "# Datos que se conservan", "",
            f"Solicitud de {request.who}. Motivo: {request.reason}",
            f"Clave interna: {', '.join(map(str, owned))}",
        ]  # fmt: skip
        for contract in sorted(subject.contracts, key=lambda c: c.name):
            parts += _of_source(subject, contract, owned)
        for title, table in (
            ("Puntajes", "scores.risk_scores"), ("Motivos de los puntajes", "scores.risk_reasons"),
            ("Listas en que figuró", "ml.lists"), ("Revisiones humanas", "raw.human_reviews"),
            ("Oposiciones", "raw.objections"), ("Registros vinculados por nombre", "raw.record_links"),
            ("Seguimiento de casos", "intermediate.int_cases__events"),
            ("Rasgos en cada fecha de corte", "features.child_features"),
        ):  # fmt: skip
            parts += _section(subject.warehouse, title, table, owned)
        parts += _section(subject.vault, "Quién vio su identidad", "vault.reveals", owned)
        parts += _section(subject.vault, "Solicitudes de la familia", "vault.requests", owned)
        return "\n".join(parts) + "\n"


def _of_source(subject: Subject, contract: Contract, owned: list[int]) -> list[str]:
    """Return what one source holds: the identity from the vault and the facts from `raw`."""
    parts = []
    if contract.vaulted:
        parts += _section(subject.vault, f"{contract.name}: identidad", f"vault.{contract.table}", owned)
    if contract.aliases:
        parts += _section(subject.warehouse, contract.name, f"raw.{contract.table}", owned)
    if parts:
        parts.append(f"Entregado por: {contract.sender}. Se conserva {contract.retention_years} años.")
    return parts


def _section(db: duckdb.DuckDBPyConnection, title: str, table: str, owned: list[int]) -> list[str]:
    try:
        count, rows = _rows(db, table, owned, "all")
    except duckdb.CatalogException:
        return []  # not built yet
    if not count:
        return []
    more = [f"- … y {count - SHOWN} más"] if count > SHOWN else []
    return ["", f"## {title} ({count})", "", *map(_line, rows), *more]


def _line(row: dict[str, object]) -> str:
    return "- " + "; ".join(f"{name} = {value}" for name, value in row.items() if value is not None)


def oppose(home: Home, request: Request, today: date, withdraw: bool) -> None:
    """Note that the family objects to scores of its child, or that it no longer does.

    Raises:
        QhawaqError: the vault holds no such person.
    """
    with Subject(home, request) as subject:
        subject.warehouse.execute(
            "insert into raw.objections select coalesce(max(request_number), 0) + 1, ?, ?, ? from raw.objections",
            [request.child, withdraw, today],
        )


def review(home: Home, request: Request, as_of: date, outcome: str, decision: str, today: date) -> None:
    """Note a human's decision on a child's place on a list; the reason stays in the vault.

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
        subject.warehouse.execute(
            "insert into raw.human_reviews select coalesce(max(request_number), 0) + 1, ?, ?, ?, ?, ? "
            "from raw.human_reviews", [request.child, as_of, outcome, decision, today],
        )  # fmt: skip


def rectify(home: Home, request: Request, source: str, column: str, value: str, today: date) -> Path:
    """Write the child's newest line of a source, with one value changed, into the inbox; return the delivery.

    Raises:
        UsageError: no such source or column, or the source replaces whole files.
        QhawaqError: the vault holds no such person, or the source has no line of the child's.
    """
    with Subject(home, request) as subject:
        contract = _rectifiable(subject.contracts, source, column)
        owned = ", ".join(map(str, subject.all_keys()))
        found = subject.warehouse.execute(
            f"select r._file, r._line, d.sha256, d.period from raw.{contract.table} as r join raw.deliveries as d "
            f"on d.file = r._file and d.{HAS_ROWS} where r.child_key in ({owned}) "
            "order by r._delivered_at desc, r.known_at desc, r._line desc limit 1"
        ).fetchone()
        if found is None:
            raise QhawaqError(f"{contract.name} has no line of child {request.child}")
        file, line, sha256, period = found
        names, values = _line_of(archive.opened(home, subject.keys, file, sha256), line, contract)
        changed = dict(zip(names, values, strict=True)) | {column: value}
        return _deliver(home, contract, file, period, today, changed)


def _rectifiable(found: list[Contract], source: str, column: str) -> Contract:
    contract = _with_children(found, source)
    if contract.replaces == "file":
        raise UsageError(f"{contract.name} replaces whole files: its sender ({contract.sender}) has to correct it")
    known = ", ".join(c.name for c in contract.columns)
    if column not in known.split(", "):
        raise UsageError(f"{contract.name} has no column {column}: {known}")
    if column in contract.key:
        raise UsageError(f"{column} is part of the key of {contract.name}: its sender has to correct it")
    return contract


def _with_children(found: list[Contract], source: str) -> Contract:
    known = {c.name: c for c in found if c.aliases}
    for name, contract in known.items():
        if source in (name, contract.table):
            return contract
    raise UsageError(f"no source {source} with children: {', '.join(sorted(known))}")


def _line_of(content: bytes, line: int, contract: Contract) -> tuple[list[str], list[str]]:
    """Return header and values of one line of a delivery (the header is line 1)."""
    lines = content.splitlines()
    text = "\n".join(_decoded(part) for part in (lines[0], lines[line - 1]))
    header, values = csv.reader(io.StringIO(text), delimiter=contract.separator)
    return [name.strip().lower() for name in header], values


def _decoded(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _deliver(home: Home, contract: Contract, file: str, period: str, today: date, row: dict[str, str]) -> Path:
    stem = file.split(f"_{period}_")[0]
    names = (f"{stem}_{period}_{today:%Y%m%d}_RECT{number}" for number in itertools.count(1))
    free = next(name for name in names if not _is_taken(home, name))
    return deliver(home, contract, free, [name.upper() for name in row], [row.values()])


def _is_taken(home: Home, name: str) -> bool:
    """Say whether a delivery of this name waits in the inbox or was landed."""
    return any(home.inbox.glob(f"{name}.*")) or any(home.archive.rglob(f"*_{name}.*.age"))

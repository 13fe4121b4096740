"""Collect from every API that is configured, and write what is new into the inbox as deliveries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from warehouse import contracts, keys
from warehouse.collect import apis
from warehouse.collect.client import SYNTHETIC_HEADER, Api, Client, CollectFailed
from warehouse.collect.work import Work, collected, note
from warehouse.contracts import Contract
from warehouse.landing.delivering import deliver
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

# API → (raw table whose contract it fills, first part of the file's name, how it is asked)
APIS: dict[str, tuple[str, str, Callable[..., None]]] = {
    "escale": ("escale_schools", "ESCALE_PADRON", apis.escale),
    "juntos": ("midis_juntos", "JUNTOS_PADRON", apis.juntos),
    "demuna": ("demuna_cases", "DEMUNA_CASOS", apis.demuna),
}


def collect(
    home: Home, progress: Progress, today: date, only: tuple[str, ...] = (), back_off: float = 1.0
) -> list[Path]:
    """Collect what is new; return the deliveries written.

    Raises:
        CollectFailed: an API failed; the others' deliveries are in the inbox, its own pages are kept and resumed from.
    """
    found, written, failures = contracts.read(DBT_PROJECT), [], []
    for name, (table, stem, ask) in APIS.items():
        try:
            if api := _wanted(name, only, progress):
                written += _one(home, progress, api, found[table], stem, ask, today, back_off)
        except CollectFailed as failure:
            failures.append(str(failure))
    if failures:
        raise CollectFailed("; ".join(failures))
    return written


def asked(only: tuple[str, ...] = ()) -> list[str]:
    """Return the names of the APIs that are configured and wanted (all where none are named)."""
    return [name for name in only or APIS if Api.configured(name)]


def _wanted(name: str, only: tuple[str, ...], progress: Progress) -> Api | None:
    """Return an API that is configured and asked for, else say that it is not asked."""
    api = Api.configured(name)
    if api and (not only or name in only):
        return api
    progress.say(f"{name}: not asked" + ("" if api else f" (QHAWAQ_{name.upper()}_URL is not set)"))
    return None


def _one(
    home: Home, progress: Progress, api: Api, contract: Contract, stem: str, ask: Callable[..., None], today: date,
    back_off: float,
) -> list[Path]:  # fmt: skip
    """Collect one API into the inbox."""
    import requests

    home.claim(home.kind or "real")
    work, known = Work(home, keys.load(home.secrets), api.name), set(collected(home).get(api.name, []))
    client = api.client(back_off)
    try:
        _same_kind(home, api, client)
        ask(api, client, work, known, today)
    except requests.RequestException as error:
        raise CollectFailed(
            f"{api.name} cannot be reached ({type(error).__name__}): call 'qhawaq collect' again"
        ) from None
    parts: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in apis.merged(work.rows(), contract):
        parts[row["_period"], row["_delivered"]].append(row)
    written = [_deliver(home, contract, stem, *part, rows) for part, rows in sorted(parts.items())]
    note(home, api.name, ["/".join(part) for part in parts])
    work.done()
    progress.say(f"{api.name}: collected", deliveries=len(written), rows=sum(map(len, parts.values())))
    return written


def _same_kind(home: Home, api: Api, client: Client) -> None:
    """Refuse synthetic answers in a real home and real ones in a synthetic home.

    Raises:
        CollectFailed: they would mix.
    """
    kind = "synthetic" if client.get("").headers.get(SYNTHETIC_HEADER) else "real"
    if kind != home.kind:
        raise CollectFailed(f"{api.name} gives {kind} data and {home.root} is a {home.kind} home: use another --home")


def _deliver(
    home: Home, contract: Contract, stem: str, period: str, delivered: str, rows: Iterable[dict[str, Any]]
) -> Path:
    """Write one delivery so that landing sees the whole file or none; a synthetic home notes that it knows it."""
    columns = [column.name for column in contract.columns]
    return deliver(
        home, contract, f"{stem}_{period}_{delivered.replace('-', '')}", columns,
        ([row.get(name) for name in columns] for row in rows),
    )  # fmt: skip

"""Collection from every configured API; new rows go into the inbox as deliveries."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import NamedTuple

import requests

from warehouse import contracts, keys
from warehouse.collect import apis
from warehouse.collect.apis import Collection, Row
from warehouse.collect.client import SYNTHETIC_HEADER, Api, Client, CollectFailed
from warehouse.collect.work import Work, collected, note
from warehouse.contracts import Contract, Stated
from warehouse.landing.inbox import deliver
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home


class Source(NamedTuple):
    """An API's place in the warehouse."""

    table: str  # raw table whose contract its rows fill
    stem: str  # first part of its deliveries' names
    collect: apis.Collector


SOURCES = {
    "escale": Source("escale_schools", "ESCALE_PADRON", apis.escale),
    "juntos": Source("midis_juntos", "JUNTOS_PADRON", apis.juntos),
    "demuna": Source("demuna_cases", "DEMUNA_CASOS", apis.demuna),
}


def collect(
    home: Home, progress: Progress, today: date, only: tuple[str, ...] = (), back_off: float = 1.0
) -> list[Path]:
    """Collect what is new; return the deliveries written.

    Raises:
        CollectFailed: an API failed; the others' deliveries are in the inbox, its own pages are kept for resuming.
    """
    written = []
    failures = []
    for name in SOURCES:
        try:
            if api := _selected(name, only, progress):
                written += _collect_api(home, progress, api, today, back_off)
        except CollectFailed as failure:
            failures.append(str(failure))
    if failures:
        raise CollectFailed("; ".join(failures))
    return written


def selected(only: tuple[str, ...] = ()) -> list[str]:
    """Return the names of the configured APIs among those given, or among all."""
    return [name for name in only or SOURCES if Api.configured(name)]


def _selected(name: str, only: tuple[str, ...], progress: Progress) -> Api | None:
    """Return an API that is configured and selected; log the others."""
    api = Api.configured(name)
    if api and (not only or name in only):
        return api
    progress.say(f"{name}: not asked" + ("" if api else f" (QHAWAQ_{name.upper()}_URL is not set)"))
    return None


def _collect_api(home: Home, progress: Progress, api: Api, today: date, back_off: float) -> list[Path]:
    """Collect one API into the inbox; return the deliveries written."""
    home.claim(home.kind or "real")
    source = SOURCES[api.name]
    contract = contracts.read(DBT_PROJECT)[source.table]
    work = Work(home, keys.load(home.secrets), api.name)
    client = api.client(back_off)
    try:
        _check_kind(home, api, client)
        source.collect(Collection(api, client, work, known=set(collected(home).get(api.name, [])), today=today))
    except requests.RequestException as error:
        raise CollectFailed(
            f"{api.name} cannot be reached ({type(error).__name__}): call 'qhawaq collect' again"
        ) from None
    parts = _by_delivery(apis.merged(work.rows(), contract))
    written = [_deliver(home, contract, source.stem, stated, rows) for stated, rows in sorted(parts.items())]
    note(home, api.name, [apis.part(*stated) for stated in parts])
    work.done()
    progress.say(f"{api.name}: collected", deliveries=len(written), rows=sum(map(len, parts.values())))
    return written


def _by_delivery(rows: list[Row]) -> dict[Stated, list[Row]]:
    """Return the rows of each delivery."""
    parts: dict[Stated, list[Row]] = defaultdict(list)
    for row in rows:
        parts[Stated(row["_period"], date.fromisoformat(row["_delivered"]))].append(row)
    return parts


def _check_kind(home: Home, api: Api, client: Client) -> None:
    """Refuse synthetic answers in a real home and real answers in a synthetic home.

    Raises:
        CollectFailed: the kinds differ.
    """
    kind = "synthetic" if client.get("").headers.get(SYNTHETIC_HEADER) else "real"
    if kind != home.kind:
        raise CollectFailed(f"{api.name} gives {kind} data and {home.root} is a {home.kind} home: use another --home")


def _deliver(home: Home, contract: Contract, stem: str, stated: Stated, rows: list[Row]) -> Path:
    """Write the rows of one delivery into the inbox."""
    columns = [column.name for column in contract.columns]
    name = f"{stem}_{stated.period}_{stated.delivered_at:%Y%m%d}"
    return deliver(home, contract, name, columns, ([row.get(column) for column in columns] for row in rows))

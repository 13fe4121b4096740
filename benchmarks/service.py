"""How quickly the prediction service answers, whether it grows, and whether its features are the warehouse's.

python -m benchmarks.service HOME [--soak 10]     (a published home whose live model is no rule; 127.0.0.1, one process)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import psutil

from service import api_keys
from service.features import ChildRecords, FeatureDatabase
from service.settings import Limits
from tests.dags.scheduler import free_port
from tests.service import records
from warehouse import clock, database
from warehouse.errors import QhawaqError
from warehouse.publish.switching import CURRENT
from warehouse.settings import Home

ROWS, CLOSED, RATE, SECONDS = 500, 2000, 300, 20
MOST = 0.8 * Limits().per_second  # a second, of one caller
RAW, EQUAL, AT_ONCE = 500, 10_000, 100  # children asked one by one, compared, and compared at once
WARM = 240  # seconds of raw records before a soak: the allocator's free lists fill over the first thousands of requests
PREPARED, MANY, RECORDS = "p99 15", "p99 100", "p50 50, p99 150"  # aims, in milliseconds
FEATURES = """
select child_key, as_of_date, ugel_code, level, is_rural, {columns} from features.child_features
where as_of_date = (select max(as_of_date) from features.child_features) limit {rows}
"""
SAMPLED = "select child_key from features.child_features where as_of_date = ? order by hash(child_key) limit ?"


def requests(home: Home, key: str) -> list[bytes]:
    """Return whole HTTP requests, each with the prepared features of one child."""
    names = list(json.loads(home.model_config.read_text())["input_schema"]["properties"])
    db = database.warehouse(home, read_only=True)
    rows = db.execute(FEATURES.format(columns=", ".join(names), rows=ROWS)).fetchall()
    db.close()
    return [_request(key, "/v1/predictions:from-features", {"rows": [_row(names, row)]}) for row in rows]


def raw(home: Home, count: int) -> tuple[FeatureDatabase, list[ChildRecords]]:
    """Return what makes features, and children with their raw records."""
    features = FeatureDatabase((home.serving / "service" / CURRENT).resolve())
    db = database.warehouse(home, read_only=True)
    keys = database.column(db, SAMPLED, [features.as_of, count])
    found = records.children(db, features, keys)
    db.close()
    return features, found


def equal(home: Home) -> str:
    """Make features of many children's raw records; say how many are the warehouse's, to the last digit."""
    features, children = raw(home, EQUAL)
    db = database.warehouse(home, read_only=True)
    kept = db.execute("select * from features.child_features where as_of_date = ?", [features.as_of])
    names = [column[0] for column in kept.description or []]
    built = {row[0]: dict(zip(names, row, strict=True)) for row in kept.fetchall()}
    db.close()
    same = 0
    for at in range(0, len(children), AT_ONCE):
        some = children[at : at + AT_ONCE]
        made = features.make_features(some).features
        same += sum(made.get(child.key) == built[child.key] for child in some)
    return (
        f"features of {len(children):,} children's records: {same:,} are the warehouse's, every value of {len(names)}"
    )


def of_records(children: list[ChildRecords], key: str) -> list[bytes]:
    """Return whole HTTP requests, each with the raw records of one child."""
    return [
        _request(key, "/v1/predictions", {"children": [{
            "child_key": str(child.key), "records": child.records,
            "merged": {str(other): rows for other, rows in child.merged.items()},
        }]})
        for child in children
    ]  # fmt: skip


def _row(names: list[str], row: tuple) -> dict[str, object]:
    child, day, ugel, level, is_rural, *values = row
    features = {name: value if value is None or isinstance(value, bool) else float(value)
                for name, value in zip(names, values, strict=True)}  # fmt: skip
    return {"child_key": str(child), "as_of_date": str(day), "ugel_code": ugel, "level": level, "is_rural": is_rural,
            "features": features}  # fmt: skip


def _request(key: str, path: str, said: dict[str, object]) -> bytes:
    body = json.dumps(said, default=str).encode()
    head = (f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"X-API-Key: {key}",
            "Content-Type: application/json", f"Content-Length: {len(body)}")  # fmt: skip
    return "\r\n".join((*head, "", "")).encode() + body


class Line:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def open(self) -> Line:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def ask(self, request: bytes) -> float:
        """Send a request and read its answer; return the seconds."""
        began = time.perf_counter()
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise SystemExit(head.decode())
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        await self.reader.readexactly(length)
        return time.perf_counter() - began


async def closed(port: int, asked: list[bytes], count: int = CLOSED) -> list[float]:
    """Ask one after another, and no more in a second than one caller may."""
    line, found = await Line(port).open(), []
    for n in range(count):
        found.append(await line.ask(asked[n % len(asked)]))
        await asyncio.sleep(max(0.0, 1 / MOST - found[-1]))
    return found


async def opened(port: int, asked: list[bytes], seconds: float, rate: int = RATE) -> list[float]:
    """Ask at fixed moments, whether answers have come or not; seconds count from the moment that was due."""
    free: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(32):
        free.put_nowait(await Line(port).open())
    began = time.perf_counter()

    async def one(number: int) -> float:
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        line = await free.get()
        await line.ask(asked[number % len(asked)])
        free.put_nowait(line)
        return time.perf_counter() - due

    found: list[float] = []
    batch = 5 * rate
    for start in range(0, int(seconds * rate), batch):
        found += await asyncio.gather(*(one(n) for n in range(start, min(start + batch, int(seconds * rate)))))
    return found


@contextmanager
def serving(home: Home, port: int) -> Iterator[psutil.Process]:
    """Run the service as an administrator does."""
    command = [sys.executable, "-m", "warehouse", "--home", str(home.root), "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()  # type: ignore[union-attr]
        time.sleep(2)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _said(name: str, seconds: list[float], aims: str) -> str:
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms (aim: {aims})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--soak", type=float, default=0.0, help="Minutes at 100 requests a second, with memory.")
    given = parser.parse_args()
    home, port = Home(given.home.absolute()), free_port()
    with suppress(QhawaqError):  # of a benchmark before
        api_keys.revoke(home.api_keys, "benchmark")
    key = api_keys.create(home.api_keys, "benchmark", scopes=("predict",), areas=("*",), days=1)
    print(f"{psutil.cpu_count()} cores, {clock.today()}")
    print(equal(home), flush=True)
    asked, sent = requests(home, key), of_records(raw(home, RAW)[1], key)
    with serving(home, port) as process:
        asyncio.run(opened(port, asked, 3))
        print(_said("features, one after another", asyncio.run(closed(port, asked)), PREPARED))
        print(_said("raw records, one after another", asyncio.run(closed(port, sent, RAW)), RECORDS))
        found = asyncio.run(opened(port, asked, SECONDS))
        print(_said(f"{RATE} a second for {SECONDS} s", found, MANY))
        if given.soak:
            _soak(process, port, sent, _mixed(asked, sent), given.soak)
            print(_said("raw records after that", asyncio.run(closed(port, sent, RAW)), RECORDS))


def _mixed(asked: list[bytes], sent: list[bytes]) -> list[bytes]:
    """Return requests of which every twentieth is of raw records."""
    return [sent[n // 20 % len(sent)] if n % 20 == 0 else asked[n % len(asked)] for n in range(20 * len(sent))]


def _soak(process: psutil.Process, port: int, sent: list[bytes], mixed: list[bytes], minutes: float) -> None:
    """Ask for minutes, and say how memory went: while the service warms up, and in each quarter of the time after."""
    sizes = [_size(process)]
    asyncio.run(opened(port, sent, WARM, 15))
    sizes.append(_size(process))
    for _ in range(4):
        asyncio.run(opened(port, mixed, 15 * minutes, 100))
        sizes.append(_size(process))
    cold, warm, *after = (f"{size:.0f}" for size in sizes)
    print(f"memory {cold} MiB, after {WARM} s of 15 raw records a second {warm}; then {minutes:g} minutes at 100 a "
          f"second, every twentieth of raw records: {', '.join(after)}", flush=True)  # fmt: skip


def _size(process: psutil.Process) -> float:
    return process.memory_info().rss / 2**20


if __name__ == "__main__":
    main()

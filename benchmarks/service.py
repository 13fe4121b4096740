"""How quickly the prediction service answers, and whether it grows: on 127.0.0.1, one process.

python -m benchmarks.service HOME [--soak 10]     (a home whose live model is no rule)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil

from tests.dags.scheduler import free_port
from warehouse import database
from warehouse.commands import serve
from warehouse.settings import Home

ROWS, CLOSED, RATE, SECONDS = 500, 2000, 300, 20
AIMS = {"p99 of one": 15.0, "p99 at 300 a second": 100.0}
FEATURES = """
select child_key, as_of_date, ugel_code, level, is_rural, {columns} from features.child_features
where as_of_date = (select max(as_of_date) from features.child_features) limit {rows}
"""


def requests(home: Home, key: str) -> list[bytes]:
    """Return whole HTTP requests, each with the prepared features of one child."""
    names = list(json.loads(home.model_config.read_text())["input_schema"]["properties"])
    db = database.warehouse(home, read_only=True)
    rows = db.execute(FEATURES.format(columns=", ".join(names), rows=ROWS)).fetchall()
    db.close()
    return [_request(key, _row(names, row)) for row in rows]


def _row(names: list[str], row: tuple) -> dict[str, object]:
    child, day, ugel, level, is_rural, *values = row
    features = {name: value if value is None or isinstance(value, bool) else float(value)
                for name, value in zip(names, values, strict=True)}  # fmt: skip
    return {"child_key": str(child), "as_of_date": str(day), "ugel_code": ugel, "level": level, "is_rural": is_rural,
            "features": features}  # fmt: skip


def _request(key: str, row: dict[str, object]) -> bytes:
    body = json.dumps({"rows": [row]}).encode()
    head = ("POST /v1/predictions:from-features HTTP/1.1", "Host: 127.0.0.1", f"X-API-Key: {key}",
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


async def closed(port: int, asked: list[bytes]) -> list[float]:
    """Ask one after another."""
    line = await Line(port).open()
    return [await line.ask(asked[n % len(asked)]) for n in range(CLOSED)]


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


def _said(name: str, seconds: list[float], aim: float | None = None) -> str:
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms" + (f" (aim {aim:.0f})" if aim else "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--soak", type=float, default=0.0, help="Minutes at 100 requests a second, with memory.")
    given = parser.parse_args()
    home, port = Home(given.home.absolute()), free_port()
    key = serve.make_key(home, "benchmark", ("predict",), ("*",), 1)
    asked = requests(home, key)
    with serving(home, port) as process:
        asyncio.run(opened(port, asked, 3))
        print(f"{psutil.cpu_count()} cores, {time.strftime('%Y-%m-%d')}, {len(asked)} children's features")
        print(_said("one after another", asyncio.run(closed(port, asked)), AIMS["p99 of one"]))
        found = asyncio.run(opened(port, asked, SECONDS))
        print(_said(f"{RATE} a second for {SECONDS} s", found, AIMS["p99 at 300 a second"]))
        if given.soak:
            before = process.memory_info().rss
            asyncio.run(opened(port, asked, 60 * given.soak, 100))
            after = process.memory_info().rss
            print(f"{given.soak:g} minutes at 100 a second: memory grew by {(after - before) / 2**20:.1f} MiB "
                  f"to {after / 2**20:.0f}")  # fmt: skip


if __name__ == "__main__":
    main()

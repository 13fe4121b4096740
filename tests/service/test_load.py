"""Who is not known, as fast as a bounded load goes, does not make those wait who are."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import pytest

from tests.dags.scheduler import free_port
from tests.service.conftest import Asking
from tests.service.serving import SAYS_HOST, server

SECONDS, RATE = 6, 40  # of who is known, in each of the rounds: a request every 25 ms
ROUNDS = 3
HALVES, BODIES, GUESSES = 300, 70, 100  # open at once, open at once, a second
FORK = multiprocessing.get_context("fork")  # what the fixtures hold cannot be sent
FEATURES = {"attendance_share": 0.7, "failed_areas": 2, "is_working": False}


def request(head: str, **said: Any) -> bytes:
    body = json.dumps(said).encode()
    start = b"POST /v1/predictions:from-features HTTP/1.1\r\n" + SAYS_HOST + head.encode()
    return start + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def known(port: int) -> list[float]:
    """Ask at fixed moments on one connection; return the seconds that each answer took."""
    rows = [{"as_of_date": "2025-10-31", "ugel_code": "150101", "level": "F0", "is_rural": True, "features": FEATURES}]
    asked, found = request("X-API-Key: good", rows=rows), []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(SECONDS * RATE):
        began = time.perf_counter()
        writer.write(asked)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0]))
        found.append(time.perf_counter() - began)
        await asyncio.sleep(1 / RATE)
    writer.close()
    return found


async def attack(port: int, tokens: list[str]) -> None:
    """Hold half-sent heads and bodies open, opened again as soon as they are ended, and guess keys and tokens."""
    guesses = ["X-API-Key: guess", *(f"Authorization: Bearer {token}" for token in tokens)]
    tasks = [hold(port, b"GET /v1/cases HTTP/1.1\r\nHo") for _ in range(HALVES)]
    tasks += [hold(port, request("X-API-Key: bad", rows=[0])[:-1]) for _ in range(BODIES)]
    tasks += [guess(port, request(guesses[n % len(guesses)])) for n in range(10)]
    await asyncio.gather(*tasks)


async def hold(port: int, sent: bytes) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await reader.read()
            writer.close()
        await asyncio.sleep(1)


async def guess(port: int, sent: bytes) -> None:
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await reader.read(65_536)
            writer.close()
        await asyncio.sleep(10 / GUESSES)


@contextmanager
def process(work: Callable[[], object]) -> Iterator[None]:
    running = FORK.Process(target=work, daemon=True)
    running.start()
    try:
        yield
    finally:
        running.kill()
        running.join()


def attacker(port: int, tokens: list[str]) -> None:
    """Attack, behind whatever else this machine has to do: an attacker's own work is done elsewhere."""
    os.nice(15)
    asyncio.run(attack(port, tokens))


def milliseconds(seconds: list[float]) -> str:
    return "p50 {:.1f} ms, p99 {:.1f} ms".format(*np.percentile(seconds, [50, 99]) * 1000)


@pytest.mark.long
def test_the_known_are_answered_as_fast_as_alone(asking: Asking, capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    foreign = [asking.token(aud="other")["Authorization"].split()[1], "x.y.z"]
    alone, attacked = [], []
    with process(server(asking.settings, port).run):
        time.sleep(2)
        asyncio.run(known(port))
        for _ in range(ROUNDS):  # in turns: what else this machine does changes
            alone += asyncio.run(known(port))
            with process(lambda: attacker(port, foreign)):
                time.sleep(1.5)
                attacked += asyncio.run(known(port))
    with capsys.disabled():
        sys.stdout.write(f"\nalone {milliseconds(alone)}; attacked {milliseconds(attacked)}\n")
    assert np.percentile(attacked, 99) < 3 * np.percentile(alone, 99)

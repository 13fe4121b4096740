"""A service on a port of this machine, and raw connections to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import uvicorn

from service import api, run
from service.settings import Settings
from tests.dags.scheduler import free_port

SAYS_HOST = b"Host: 127.0.0.1\r\n"


class Proxy:
    """Adds the token, as the identity provider's proxy does before a browser's requests come here."""

    def __init__(self, app: Any, token: dict[str, str]) -> None:
        self.app, self.header = app, (b"authorization", token["Authorization"].encode())

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            scope["headers"] = [*scope["headers"], self.header]
        await self.app(scope, receive, send)


def server(settings: Settings, port: int, token: dict[str, str] | None = None, **limits: Any) -> uvicorn.Server:
    """Return the server of a service as `qhawaq serve` runs it, behind a proxy where a token is given."""
    app = api.create(replace(settings, limits=replace(settings.limits, **limits)))
    config = run.config(app, port)
    config.app = Proxy(app, token) if token else app
    return uvicorn.Server(config)


@contextmanager
def serving(settings: Settings, token: dict[str, str] | None = None, **limits: Any) -> Iterator[int]:
    """Serve in a thread; yield the port."""
    port = free_port()
    served = server(settings, port, token, **limits)
    thread = threading.Thread(target=served.run)
    thread.start()
    try:
        while not served.started:
            time.sleep(0.01)
        yield port
    finally:
        served.should_exit = True
        served.force_exit = True
        thread.join(10)


def connected(port: int, sent: bytes = b"") -> socket.socket:
    """Open a connection and send something."""
    line = socket.create_connection(("127.0.0.1", port), timeout=10)
    if sent:
        line.sendall(sent)
    return line


def asked(port: int, request: bytes) -> tuple[int, bytes]:
    """Send a request on a connection of its own; return status and whole answer."""
    with connected(port, request) as line:
        return answered(line)


def answered(line: socket.socket) -> tuple[int, bytes]:
    """Read one answer; status 0 where the connection ended without one."""
    got = b""
    try:
        while b"\r\n\r\n" not in got and (block := line.recv(65_536)):
            got += block
    except ConnectionError:
        return 0, got
    return (int(got.split(b" ", 2)[1]) if got else 0), got


def seconds_until_ended(line: socket.socket, most: float = 10) -> float:
    """Return how long the other side keeps a connection, whatever it says meanwhile."""
    began = time.monotonic()
    line.settimeout(most)
    try:
        while line.recv(65_536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return most
    return time.monotonic() - began

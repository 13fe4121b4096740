"""Connections of uvicorn's own protocol, with limits that it lacks: of time, size of headers, and how many there are.

uvicorn waits for ever for the rest of a request's head, and takes as many connections as come. Here who says nothing is
ended after some seconds, and makes room at once for who comes when there are too many.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from service.settings import Limits


class TooLarge(ValueError):
    """The head of a request is larger than it may be."""


class Registry:
    """The open connections of a server, the longest open first."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.opened: dict[Connection, str] = {}
        self.of_address: Counter[str] = Counter()

    def add(self, connection: Connection, address: str) -> bool:
        """Take a connection in; say whether there is room, which who waits for nothing of ours makes."""
        self.opened[connection] = address
        self.of_address[address] += 1
        if self.of_address[address] > self.limits.connections_per_address:
            return self._end_one(connection, address)
        return len(self.opened) <= self.limits.connections or self._end_one(connection)

    def _end_one(self, new: Connection, address: str | None = None) -> bool:
        """End the connection that has been open longest of those without a request that is being answered."""
        for other, place in self.opened.items():
            if address in (None, place) and other is not new and not other.is_answering:
                self.remove(other)
                other.end()
                return True
        return False

    def remove(self, connection: Connection) -> None:
        """Forget a connection."""
        address = self.opened.pop(connection, None)
        if address is not None:
            self.of_address[address] -= 1
            if not self.of_address[address]:
                del self.of_address[address]


class Connection(HttpToolsProtocol):
    """A connection whose requests have to come whole in some seconds and bytes."""

    registry: Registry

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  as uvicorn gives them
        super().__init__(*arguments, **named)
        self.limits = self.registry.limits
        self.head_timer: asyncio.TimerHandle | None = None
        self.head_received = 0  # bytes since a head began, as they come
        self.head_parsed = 0  # bytes of its parts that are whole
        self.is_in_head = True

    @property
    def is_answering(self) -> bool:
        """Whether a request is being answered."""
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        return cycle is not None and not cycle.response_complete

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request, where there is room."""
        super().connection_made(cast(asyncio.Transport, transport))
        self._expect_head()
        if not self.registry.add(self, self.client[0] if self.client else ""):
            self.end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.registry.remove(self)
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; what belongs to no request that is being answered has to become one in time."""
        was_in_head = self.is_in_head  # else a body and more may be in it
        super().data_received(data)
        if was_in_head and self.is_in_head:
            self.head_received += len(data)
            if self.head_received > self.limits.head_bytes:
                self._refuse_head()
        if not self.is_answering and not self.transport.is_closing():
            self._expect_head()

    def on_message_begin(self) -> None:
        """Wait for the head of the next request."""
        self.is_in_head = True
        self.head_received = 0
        self.head_parsed = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the address."""
        self._measure(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        self._measure(len(name) + len(value))
        super().on_header(name, value)

    def _measure(self, n_bytes: int) -> None:
        """Count what came of a head in one piece with its end, too.

        Raises:
            TooLarge: it is more than may come: uvicorn answers 400.
        """
        self.head_parsed += n_bytes
        if self.head_parsed > self.limits.head_bytes or len(self.headers) >= self.limits.headers:
            raise TooLarge

    def on_headers_complete(self) -> None:
        """Let the request be answered."""
        self.is_in_head = False
        self._stop_timer()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Do not wait for ever for the rest of a body that nobody needs, or that somebody reads the last answer."""
        is_body_due = self.cycle.more_body
        super().on_response_complete()
        if self.transport.is_closing():
            self.loop.call_later(self.limits.head_seconds, self.transport.abort)
        elif is_body_due:
            self._expect_head()

    def timeout_keep_alive_handler(self) -> None:
        """End what has said nothing since its last answer."""
        self.end()

    def end(self) -> None:
        """End it at once, whether or not anybody reads."""
        self.transport.abort()

    def _expect_head(self) -> None:
        """Begin to measure the time, unless it is being measured."""
        if self.head_timer is None:
            self.head_timer = self.loop.call_later(self.limits.head_seconds, self.end)

    def _stop_timer(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None

    def _refuse_head(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(STATUS_LINE[431] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
            self.transport.close()


def protocol(limits: Limits) -> type[Connection]:
    """Return the protocol of one server, whose connections are counted together."""
    return type("CountedConnection", (Connection,), {"registry": Registry(limits)})

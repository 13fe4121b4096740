"""Counters for Prometheus: requests, their seconds and status; no child and no caller."""

from __future__ import annotations

import time

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

SECONDS_KEPT = 0.5
MEDIA_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry()
REQUESTS = Counter("qhawaq_requests", "Requests", ["method", "route", "status"], registry=REGISTRY)
SECONDS = Histogram(
    "qhawaq_request_seconds",
    "Seconds a request took",
    ["route"],
    registry=REGISTRY,
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
)
IN_FLIGHT = Gauge("qhawaq_requests_in_flight", "Requests that are being answered", registry=REGISTRY)


class Exposition:
    """The counters as Prometheus reads them, made once in a while: anybody may ask."""

    def __init__(self) -> None:
        self.made_at = float("-inf")
        self.content = b""

    def read(self) -> bytes:
        """Return all of them, as they were within the last half second."""
        if time.monotonic() - self.made_at > SECONDS_KEPT:
            self.content = generate_latest(REGISTRY)
            self.made_at = time.monotonic()
        return self.content

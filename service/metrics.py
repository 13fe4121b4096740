"""Counters for Prometheus: requests, their seconds and status; no child and no caller."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

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


def exposition() -> bytes:
    """Return all of them as Prometheus reads them."""
    return generate_latest(REGISTRY)

"""Anything that OpenAPI allows is answered; more than it can take is refused in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service import api
from service import run as process
from service.limits import RateLimiter
from service.settings import Limits
from tests.conftest import examples
from tests.service import offices
from tests.service.conftest import HERE, MACHINE, Asking

# A month 99 is of its column's type and no month: refused, though OpenAPI cannot say so.
BEYOND = [positive_data_acceptance]


@pytest.fixture(params=["by hand", pytest.param("of the country", marks=pytest.mark.country)])
def tried(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Asking, int]:
    """A service, and how many of its operations are tried: with the country's features those that need them."""
    whole = request.param == "by hand"
    found = request.getfixturevalue("asking" if whole else "scored")
    return offices.published(found, tmp_path / "protection"), 9 if whole else 2


def test_whatever_openapi_allows_is_answered_as_it_says(tried: tuple[Asking, int]) -> None:
    asking, count = tried
    schema = schemathesis.openapi.from_asgi("/openapi.json", api.create(asking.settings), headers=MACHINE)
    every = [found.ok() for found in schema.get_all_operations()]
    operations = [one for one in every if (one.path in ("/v1/records", "/v1/predictions")) == (count == 2)]
    assert len(operations) == count
    for operation in operations:

        @settings(max_examples=examples(12), deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy())
        def answers(case: schemathesis.Case) -> None:
            case.call_and_validate(headers=MACHINE, excluded_checks=BEYOND if count == 2 else [])

        answers()


def test_every_answer_has_the_headers_that_keep_a_browser_safe(client: TestClient) -> None:
    for path in ("/health/live", f"/v1/children/{HERE}", "/nothing"):
        headers = client.get(path, headers=MACHINE).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_metrics_count_and_name_nobody(client: TestClient) -> None:
    client.get(f"/v1/children/{HERE}", headers=MACHINE)
    said = client.get("/metrics").text
    assert 'qhawaq_requests_total{method="GET",route="/v1/children/{key}",status="200"}' in said
    assert f'{HERE}"' not in said
    assert "sistema" not in said


def test_more_at_once_than_it_can_take_is_told_to_wait_and_health_still_answers(asking: Asking) -> None:
    app = api.create(asking.settings)

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            callers = [MACHINE, asking.token()]
            return await asyncio.gather(*(client.get("/v1/cases", headers=callers[n % 2]) for n in range(200)))

    statuses = [answer.status_code for answer in asyncio.run(all_at_once())]
    assert set(statuses) == {200, 429}
    assert 60 <= statuses.count(200) <= 70
    first = statuses[::2]
    assert 28 <= first.count(200) <= 36


def test_one_caller_cannot_take_every_place(asking: Asking) -> None:
    app = api.create(replace(asking.settings, limits=Limits(in_flight_of_caller=5)))

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            many = [client.get("/v1/cases", headers=MACHINE) for _ in range(60)]
            return await asyncio.gather(*many, client.get("/v1/cases", headers=asking.token()))

    *many, other = (answer.status_code for answer in asyncio.run(all_at_once()))
    assert (many.count(200), many.count(429), other) == (5, 55, 200)
    with TestClient(app) as client:
        assert client.get("/health/live").status_code == 200


def test_a_bucket_gives_what_it_holds_and_then_as_it_fills() -> None:
    now = [0.0]
    buckets = RateLimiter(2.0, 3.0, lambda: now[0])
    assert [buckets.wait("a") for _ in range(3)] == [0, 0, 0]
    assert buckets.wait("a") == pytest.approx(0.5)
    assert buckets.wait("b") == 0
    now[0] = 0.49
    assert buckets.wait("a") > 0
    now[0] = 0.5
    assert buckets.wait("a") == 0


@pytest.mark.parametrize(
    ("given", "begins_again"),
    [
        ({}, True),
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=1"}, False),
        ({"DUCKDB_JE_MALLOC_CONF": "narenas:1"}, False),
    ],
)
def test_it_begins_again_once_with_allocators_that_do_not_slow_down(
    given: dict[str, str], begins_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[dict[str, str]] = []
    for name in process.ALLOCATORS:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("os.execve", lambda path, command, environment: begun.append(environment))
    process.with_allocators()
    assert [one | process.ALLOCATORS for one in begun] == begun
    for one in begun:  # what it begins again with is what it finds then: not for ever
        for name in process.ALLOCATORS:
            monkeypatch.setenv(name, one[name])
        process.with_allocators()
    assert len(begun) == begins_again

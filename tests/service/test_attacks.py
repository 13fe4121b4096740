"""Who is not known costs nothing and stays for seconds only, however they begin, and nobody else notices."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service import api, metrics
from service.limits import FORGET, RateLimiter
from tests.service.conftest import HERE, MACHINE, Asking, configuration, deploy
from tests.service.serving import SAYS_HOST, answered, asked, connected, seconds_until_ended, serving

SHORT = {"head_seconds": 0.6, "body_seconds": 0.6}
KNOWN = b"X-API-Key: good\r\n"
GET = b"GET /v1/children/111 HTTP/1.1\r\n" + SAYS_HOST
POST = b"POST /v1/predictions HTTP/1.1\r\n" + SAYS_HOST + b"Content-Type: application/json\r\n"


@pytest.fixture
def port(asking: Asking) -> Iterator[int]:
    with serving(asking.settings, **SHORT) as found:
        yield found


def is_served(port: int) -> bool:
    return asked(port, GET + KNOWN + b"\r\n")[0] == 200


def test_half_sent_heads_go_in_time_and_others_are_served(port: int) -> None:
    lines = [connected(port, b"GET /v1/cases HTTP/1.1\r\nHo") for _ in range(300)]
    assert is_served(port)
    assert max(seconds_until_ended(line, 3) for line in lines) < 1.5
    assert is_served(port)


@pytest.mark.parametrize(
    "begun",
    [b"", b"\r\n", b"GET", GET + KNOWN, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 50],
    ids=["nothing", "a blank line", "a word", "no end", "many headers"],
)
def test_a_head_that_comes_byte_by_byte_is_ended_all_the_same(port: int, begun: bytes) -> None:
    began, line = time.monotonic(), connected(port, begun)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - began < 3:
            line.sendall(b"\r\n" if begun == b"\r\n" else b"x")
            time.sleep(0.05)
    assert time.monotonic() - began < 1.5


def test_a_connection_that_was_answered_is_measured_again(port: int) -> None:
    """uvicorn stops its own timer at the first byte of the next request."""
    line = connected(port, GET + KNOWN + b"\r\n")
    assert answered(line)[0] == 200
    line.sendall(b"GET /v1/c")
    assert seconds_until_ended(line, 3) < 1.5


def test_bodies_of_nobody_are_answered_before_they_come(port: int) -> None:
    """Seventy of them gave everybody 429: a body was read before anybody asked who sends it."""
    lines = [connected(port, POST + b"Content-Length: 1000\r\n\r\n{") for _ in range(70)]
    assert is_served(port)
    statuses = [answered(line)[0] for line in lines]
    assert set(statuses) == {401, 429}
    assert is_served(port)
    assert max(seconds_until_ended(line, 3) for line in lines) < 1.5


def test_the_rest_of_a_refused_body_is_taken_for_a_moment_only(port: int) -> None:
    line = connected(port, POST + b"Content-Length: 1000\r\n\r\n{")
    assert answered(line)[0] == 401
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - began < 3:
            line.sendall(b"{")
            time.sleep(0.05)
    assert time.monotonic() - began < 1.5


def test_slow_bodies_of_a_known_machine_keep_nobody_else_waiting(asking: Asking, port: int) -> None:
    lines = [connected(port, POST + KNOWN + b"Content-Length: 1000\r\n\r\n{") for _ in range(70)]
    other = b"".join(f"{name}: {value}\r\n".encode() for name, value in asking.token().items())
    assert asked(port, GET + other + b"\r\n")[0] == 200
    statuses = [answered(line)[0] for line in lines]
    assert (statuses.count(408), statuses.count(429)) == (48, 22)
    assert is_served(port)


def test_a_large_head_that_may_be_is_answered_in_whatever_pieces(port: int) -> None:
    head = GET + KNOWN + b"X: " + b"y" * 31_000 + b"\r\n\r\n"
    for size in (len(head), 8000, 1500):
        with connected(port) as line:
            for _ in range(2):  # the second on the same connection
                for at in range(0, len(head), size):
                    line.sendall(head[at : at + size])
                    time.sleep(0.005)
                assert answered(line)[0] == 200


def test_requests_that_come_together_are_answered_one_after_another(port: int) -> None:
    one = GET + KNOWN + b"\r\n"
    with connected(port, one * 30 + one[:-2]) as line:
        time.sleep(0.1)
        line.sendall(one[-2:])
        line.settimeout(2)
        got = b""
        while got.count(b"HTTP/1.1 200") < 31:
            got += line.recv(65_536)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (GET + b"X: " + b"y" * 40_000, (431, 400, 0)),
        (GET + b"X: " + b"y" * 400_000 + b"\r\n\r\n", (431, 400, 0)),
        (GET + b"X: y\r\n" * 101 + b"\r\n", (400,)),
        (b"GET /" + b"y" * 70_000 + b" HTTP/1.1\r\n\r\n", (431, 400, 0)),
        (b"\x16\x03\x01 nonsense\r\n\r\n", (400,)),
        (POST + KNOWN + b"Content-Length: 2000001\r\n\r\n", (413,)),
        (POST + KNOWN + b"Content-Length: 99999999999999999999999\r\n\r\n", (400, 413)),
        (POST + KNOWN + b"Content-Length: -1\r\n\r\n", (400,)),
        (POST + KNOWN + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", (400,)),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\n", (401,)),
        (POST + b"Content-Length: 2000001\r\n\r\n", (401,)),
        (b"OPTIONS * HTTP/1.1\r\n" + SAYS_HOST + b"\r\n", (401, 400)),
        (b"GET /openapi.json HTTP/1.1\r\n" + SAYS_HOST + b"\r\n", (401,)),
        (b"GET /nothing HTTP/1.1\r\n" + SAYS_HOST + b"\r\n", (401,)),
    ],
)
def test_what_is_too_large_or_of_nobody_is_refused_by_its_head(port: int, sent: bytes, status: tuple[int, ...]) -> None:
    with connected(port) as line:
        with contextlib.suppress(ConnectionError):
            line.sendall(sent)
        assert answered(line)[0] in status
    assert is_served(port)


def test_the_silent_make_room_for_who_asks(asking: Asking) -> None:
    with serving(asking.settings, connections_per_address=20, head_seconds=30.0) as port:
        silent = [connected(port) for _ in range(20)]
        time.sleep(0.2)
        assert is_served(port)
        assert is_served(port)
        assert seconds_until_ended(silent[0], 2) < 1
        assert seconds_until_ended(silent[-1], 0.5) == 0.5


def test_no_silent_connection_beyond_the_limit_of_all(asking: Asking) -> None:
    with serving(asking.settings, connections=20, head_seconds=30.0) as port:
        lines = [connected(port) for _ in range(60)]
        time.sleep(0.3)
        ended = [line for line in lines if _is_ended(line)]
        assert ended == lines[:40]


def _is_ended(line: socket.socket) -> bool:
    line.settimeout(0.02)
    try:
        return line.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_who_guesses_is_told_to_wait_and_who_is_known_is_not(asking: Asking) -> None:
    with asking.client(unknown_per_second=0.001) as client:
        statuses = [client.get("/v1/cases", headers={"X-API-Key": f"guess {n}"}).status_code for n in range(60)]
        assert statuses == [401] * 50 + [429] * 10
        assert client.get("/v1/cases", headers=MACHINE).status_code == 200
        assert client.get("/v1/cases", headers=asking.token()).status_code == 200
        assert client.get("/health/live").status_code == 200


def test_many_addresses_take_no_memory_and_no_time() -> None:
    now = [0.0]
    buckets = RateLimiter(0.001, 2.0, lambda: now[0])
    began = time.monotonic()
    for n in range(5 * FORGET):
        now[0] += 0.000_01
        buckets.wait(str(n))
    assert len(buckets.levels) <= 2 * FORGET + 1
    assert time.monotonic() - began < 5


def test_a_body_that_ends_early_is_not_half_done(asking: Asking, port: int) -> None:
    page = asked(port, b"GET /ficha/111 HTTP/1.1\r\n" + SAYS_HOST + KNOWN + b"Connection: close\r\n\r\n")
    assert page[0] == 200
    with connected(port, b"POST /ficha/111/seguimiento HTTP/1.1\r\n" + SAYS_HOST + KNOWN
                   + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 90\r\n\r\nseal=a&matter=b"):  # fmt: skip
        time.sleep(0.1)
    time.sleep(0.2)
    assert asking.delivered() == []
    assert is_served(port)


@pytest.mark.parametrize("path", ["/v1/cases/", "/v1//cases", "/ficha/111/"])
def test_no_answer_leads_to_where_the_host_header_says(client: TestClient, path: str) -> None:
    answer = client.get(path, headers=MACHINE | {"Host": "evil.example"}, follow_redirects=False)
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "evil" not in answer.text


def test_readiness_names_no_path(asking: Asking, client: TestClient) -> None:
    asking.settings.model_config.write_text("{}")
    client.app.state.service.refresh()  # type: ignore[attr-defined]
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "/" not in answer.json()["fault"]
    assert "the log says why" in answer.json()["fault"]


SEALS = ["é", "\u2028", "💥", "\x00", "a" * 64, ""]


@pytest.mark.parametrize("seal", SEALS)
def test_a_seal_that_is_none_is_refused(client: TestClient, asking: Asking, seal: str) -> None:
    answer = client.post(
        f"/ficha/{HERE}/nombre", data={"seal": seal, "why": "una razón cualquiera"}, headers=asking.token()
    )
    assert answer.status_code == (400 if not seal.isascii() else 422 if not seal else 403)
    assert asking.revealed == []


@pytest.mark.parametrize("origin", ["http://[", "http://evil.example", "null://x", "http://té"])
def test_a_form_of_another_site_is_refused_however_it_is_spelled(
    client: TestClient, asking: Asking, origin: str
) -> None:
    headers = {**asking.token(), "Origin": origin.encode()}
    answer = client.post(f"/ficha/{HERE}/nombre", data={"seal": "a", "why": "una razón cualquiera"}, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"/v1/children/{HERE}/identity", rb'{"reason": "a reason with \ud800 in it"}'),
        (f"/v1/children/{HERE}/identity", rb'{"\udfff": "a reason with it in a name"}'),
        ("/v1/predictions:from-features", rb'{"rows": [{"child_key": "\ud800"}]}'),
        ("/v1/predictions:from-features", rb'{"rows": [{"features": {"\ud800": 1}}]}'),
        ("/v1/predictions", b'{"children": "\xed\xa0\x80"}'),
        ("/v1/predictions", b"\xff\xfe"),
    ],
)
def test_half_a_surrogate_pair_is_a_fault_of_who_sends_it(
    client: TestClient, asking: Asking, path: str, body: bytes
) -> None:
    answer = client.post(path, content=body, headers={**asking.token(), "Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert asking.revealed == []


def test_counters_that_anybody_may_ask_for_are_made_once_in_a_while(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    monkeypatch.setattr(metrics, "generate_latest", lambda _: made.append(1) or b"x")
    assert {client.get("/metrics").text for _ in range(20)} == {"x"}
    assert len(made) <= 3
    assert client.get("/static/ficha.css").headers["content-type"] == "text/css; charset=utf-8"


def test_the_document_is_made_once_for_a_model(asking: Asking, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    whole = api.get_openapi
    monkeypatch.setattr(api, "get_openapi", lambda **given: made.append(1) or whole(**given))
    with asking.client() as client:
        for _ in range(5):
            assert client.get("/openapi.json", headers=MACHINE).status_code == 200
        assert len(made) == 1
        deploy(asking.settings, configuration("m9"))
        client.app.state.service.refresh()  # type: ignore[attr-defined]
        client.get("/openapi.json", headers=MACHINE)
    assert len(made) == 2


@pytest.mark.parametrize(
    "records", [rb'"\ud800": []', rb'"siagie_enrollments": [{"\ud800": 1}]', rb'"siagie_enrollments": [{"SITUACION": "\ud800"}]']
)  # fmt: skip
def test_half_a_pair_in_a_record_is_refused_too(scored: Asking, records: bytes) -> None:
    with scored.client() as client:
        headers = {**scored.token(), "Content-Type": "application/json"}
        answer = client.post(
            "/v1/predictions", content=b'{"children": [{"records": {' + records + b"}}]}", headers=headers
        )
    assert answer.status_code in (400, 422)

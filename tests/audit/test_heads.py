"""Heads of the access log go to an address that is not ours; who looked at a child is told by reading the log once."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from tests.notify import receivers
from warehouse.audit import access_log
from warehouse.audit.access_log import BEGINNING, AccessLog, Head, LogLine
from warehouse.notify import channels
from warehouse.settings import Home


def test_each_run_posts_how_far_the_log_reaches(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "land")
    access_log.note(home, "child", "7", "visita acordada")
    with receivers.webhook() as elsewhere:
        monkeypatch.setenv("QHAWAQ_HEADS_URL", elsewhere.address)
        monkeypatch.setenv("QHAWAQ_WEBHOOK_SECRET", "secreto")
        qhawaq(home.root, "land")
        access_log.note(home, "child", "8", "visita acordada")
        printed = qhawaq(home.root, "access-log", "head", "--post").stdout.strip()
        elsewhere.refuses = True
        told = qhawaq(home.root, "land").stderr
        assert "anchored here only" in told
        assert "503" in told
        assert elsewhere.address not in told
        assert "503" in qhawaq(home.root, "access-log", "head", "--post", expect=1).stderr
    posted = [message["head"] for message in elsewhere.messages]
    assert [head.partition(":")[0] for head in posted] == ["1", "2"]
    assert posted[-1] == printed
    assert all(message["signature"] for message in elsewhere.messages)
    assert not any("visita" in str(message["raw"]) for message in elsewhere.messages)
    lines = home.access_log.read_bytes().splitlines(keepends=True)
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("delete from raw.access_log_anchors")  # by whoever writes the home: only what was posted shows it
    home.access_log.write_bytes(lines[0])
    assert "1 lines, each as it was written" in qhawaq(home.root, "access-log", "verify").stdout
    assert "was cut" in qhawaq(home.root, "access-log", "verify", "--head", posted[-1], expect=1).stdout


@pytest.mark.parametrize(
    "address",
    ["", "ftp://a", "http://elsewhere.example/", "https://", "a", "https://[::1/x", f"https://{'a' * 300}.com/"],
)
def test_where_there_is_no_address_a_run_goes_on_and_a_post_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    access_log.note(home, "child", "7", "visita acordada")
    monkeypatch.setenv("QHAWAQ_HEADS_URL", address)
    assert ("is no https address" in qhawaq(home.root, "land").stderr) == bool(address)
    assert "QHAWAQ_HEADS_URL" in qhawaq(home.root, "access-log", "head", "--post", expect=2).stderr


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"])
def test_a_server_that_answers_a_little_now_and_then_holds_nobody_up(
    home: Home, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    access_log.note(home, "child", "7", "visita acordada")
    monkeypatch.setattr(channels, "DEADLINE_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as caller:
                while True:
                    caller.sendall(said or b"H")
                    time.sleep(0.1)

        threading.Thread(target=drip, daemon=True).start()
        monkeypatch.setenv("QHAWAQ_HEADS_URL", f"http://127.0.0.1:{server.getsockname()[1]}/")
        assert "anchored here only" in qhawaq(home.root, "land").stderr


def test_who_looked_is_told_by_reading_the_log_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "land")
    access_log.note(home, "child", "7", "visita acordada")
    home.access_log.write_bytes(home.access_log.read_bytes().replace(b"visita", b"Visita"))
    reads, lines = [], AccessLog.lines

    def counted(log: AccessLog, after: Head = BEGINNING) -> Iterator[LogLine]:
        reads.append(after)
        return lines(log, after)

    monkeypatch.setattr(AccessLog, "lines", counted)
    said = qhawaq(home.root, "access-log", "of", "7", "--reason", "una prueba larga")
    assert len(said.stdout.splitlines()) == 2  # who asks is logged too
    assert "1 lines of the log are not as they were written" in said.stderr
    assert len(reads) == 1

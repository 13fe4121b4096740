"""Alerts of a real Grafana, delivered to a real mail server and a webhook on this machine."""

from __future__ import annotations

import email
import email.policy
import http.server
import json
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from grafana import texts
from grafana.source import PROVISIONING
from tests.conftest import Country
from tests.grafana.server import Server, free_port, lacking
from tests.grafana.test_real import Switch, serving

pytestmark = [pytest.mark.grafana, pytest.mark.skipif(bool(lacking()), reason=lacking())]
PATIENCE = 150
LOST = texts.alert("data_source")["title"]


class Mails:
    """Keeps what arrives."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802  aiosmtpd's name
        mail = email.message_from_bytes(envelope.content or b"", policy=email.policy.default)
        body = mail.get_body(("plain", "html"))
        self.found.append((str(mail["subject"]), body.get_content() if body else ""))
        return "250 OK"

    def of(self, title: str) -> list[str]:
        return [text for subject, text in self.found if title in subject]


class Hook(http.server.BaseHTTPRequestHandler):
    """A webhook that keeps what is posted to it."""

    posted: list[dict[str, object]] = []  # noqa: RUF012  of the one test that starts it

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mails() -> Iterator[tuple[Mails, int]]:
    found, port = Mails(), free_port()
    running = Controller(found, hostname="127.0.0.1", port=port)
    running.start()
    yield found, port
    running.stop()


@pytest.fixture
def hook() -> Iterator[str]:
    running = http.server.HTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}/"
    running.shutdown()


def impatient(folder: Path, hook: str) -> Path:
    """Copy the provisioning as shipped; rules are looked at every ten seconds, and a webhook is told too."""
    shutil.copytree(PROVISIONING / "operations", folder)
    changed: dict[str, Callable[[str], str]] = {
        "rules": lambda text: text.replace("interval: 5m", "interval: 10s"),
        "policies": lambda text: text.replace("group_wait: 30s", "group_wait: 1s\n  group_interval: 5s"),
    }
    for name, change in changed.items():
        path = folder / "alerting" / f"{name}.yml"
        text = path.read_text(encoding="utf-8")
        assert change(text) != text
        path.write_text(change(text), encoding="utf-8")
    points = folder / "alerting" / "contact-points.yml"
    said = yaml.safe_load(points.read_text(encoding="utf-8"))
    said["contactPoints"][0]["receivers"].append({"uid": "hook", "type": "webhook", "settings": {"url": hook}})
    points.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    return folder


def plain(text: str) -> str:
    """Return a mail's text without its markup."""
    return re.sub(r"\s+", " ", re.sub(r"<style.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL)).strip()


def holds(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not (held := what()) and time.monotonic() < until:
        time.sleep(0.5)
    return held


def raised(switch: Switch) -> list[tuple[str, float, float, str]]:
    """Return the alerts that the release raises, among them one that is put into it: a country may have none."""
    with duckdb.connect(str((switch.folder / "current.duckdb").resolve())) as db:
        db.execute("update alert_levels set value = threshold + 3, is_raised = true where alert = 'failed_tasks'")
        found = db.execute("select alert, value, threshold, place from alert_levels where is_raised").fetchall()
    assert found
    return found


def test_alerts_say_level_place_and_threshold_and_a_lost_source_is_one_alert(
    country: Country,
    tmp_path: Path,
    mails: tuple[Mails, int],
    hook: str,
    record_property: Callable[[str, object], None],
) -> None:
    found, port = mails
    switch = Switch(serving(country, "operations"), tmp_path / "serving")
    levels = raised(switch)
    mailing = {"GF_SMTP_ENABLED": "true", "GF_SMTP_HOST": f"127.0.0.1:{port}", "GF_SMTP_FROM_ADDRESS": "qhawaq@example.pe",
               "QHAWAQ_ALERT_ADDRESSES": "turno@example.pe"}  # fmt: skip
    server = Server("operations", switch.folder, tmp_path / "server", impatient(tmp_path / "p", hook), mailing)
    with server.started():
        for alert, value, threshold, place in levels:
            title = texts.alert(alert)["title"]
            assert holds(lambda title=title: bool(found.of(title))), (title, found.found, server.log()[-2000:])
            said = plain(found.of(title)[0])
            assert f"Nivel: {value:.4g} " in said, said
            assert f"Dónde: {place}." in said, said
            assert f"Umbral: {threshold:g}" in said, said
            assert "[no value]" not in said
        assert found.of(LOST) == []
        assert {one["title"] for one in server.admin().get("/api/v1/provisioning/alert-rules").json()} == {
            one["title"] for one in texts.catalog()["alerts"].values()
        }
        broken = switch.folder / "broken"
        broken.write_bytes(bytes(8) + b"DUCK" + b"damaged" * 1000)  # what is no database at all is not told of
        broken.replace(switch.folder / "current.duckdb")
        assert holds(lambda: bool(found.of(LOST))), server.log()[-3000:]
        time.sleep(25)  # two more looks
        assert [subject for subject, _ in found.found if "DatasourceError" in subject or "NoData" in subject] == []
        assert (
            len({subject for subject, _ in found.found if "[FIRING" in subject or "Qhawaq" in subject})
            == len(levels) + 1
        )
        told = {alert["labels"]["alertname"] for one in Hook.posted for alert in one["alerts"]}  # type: ignore[attr-defined,index]
        assert LOST in told
    for subject, text in found.found:
        record_property(f"mail «{subject}»", plain(text))

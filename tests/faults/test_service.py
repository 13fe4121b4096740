"""The service, killed while requests write: what was answered is on disk, and it starts again."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx
import pytest

from service import api_keys
from tests.service.conftest import HERE, LISTED, configuration
from warehouse import keys
from warehouse.settings import Home

KILLS = 8
SENDERS = 4  # that ask at the same time
VISIT = {"matter": "interruption:2025", "state": "CONTACTADO", "on": "2025-11-15"}


@dataclass
class Served:
    """A home that is served, and how often what was answered."""

    home: Home
    key: str
    port: int
    answered: Counter[str] = field(default_factory=Counter)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the service and wait until it answers."""
        command = [sys.executable, "-m", "warehouse", "--home", str(self.home.root), "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                assert self.get("/health/ready").status_code == 200
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError("the service does not start")

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers={"X-API-Key": self.key}, timeout=20)

    def send(self, stop: threading.Event) -> None:
        """Look at a child and record visits until the service is gone; count what was answered."""
        page = f"http://127.0.0.1:{self.port}/ficha/{HERE}"
        with httpx.Client(headers={"X-API-Key": self.key}, timeout=20) as client:
            try:
                while not stop.is_set():
                    looked = client.get(page)
                    self.answered["child"] += looked.status_code == 200
                    seal = re.search(r'name="seal" value="([0-9a-f]{64})"', looked.text)
                    if seal and client.post(f"{page}/seguimiento", data=VISIT | {"seal": seal[1]}).status_code == 303:
                        self.answered["feedback"] += 1
            except httpx.HTTPError:
                return

    def killed(self, after: float) -> None:
        """Kill the service while it answers."""
        assert self.process
        stop = threading.Event()
        senders = [threading.Thread(target=self.send, args=(stop,)) for _ in range(SENDERS)]
        for sender in senders:
            sender.start()
        time.sleep(after)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        stop.set()
        for sender in senders:
            sender.join()


@pytest.fixture
def served(tmp_path: Path) -> Served:
    home = Home(tmp_path / "home")
    home.claim("real")
    keys.load(home.secrets)
    children = home.serving / "service" / "current.duckdb"
    children.parent.mkdir(parents=True)
    with duckdb.connect(str(children)) as db:
        db.execute(LISTED)
    (home.models / "m1").mkdir(parents=True)
    (home.models / "m1" / "model.skops").write_bytes(b"model")
    home.model_config.write_text(json.dumps(configuration()))
    key = api_keys.create(home.api_keys, "machine", scopes=("education", "feedback"), areas=("*",), days=9)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return Served(home, key, free.getsockname()[1])


def lines_of(home: Home) -> Counter[str]:
    """Return how many whole lines of each kind the access log has."""
    found: Counter[str] = Counter()
    for text in home.access_log.read_bytes().splitlines():
        try:
            found[json.loads(text)["what"]] += 1
        except ValueError:
            continue
    return found


@pytest.mark.faults
def test_what_was_answered_is_there_after_every_kill_and_it_starts_again(served: Served) -> None:
    moments = random.Random(7)
    for n in range(KILLS):
        served.start()
        served.killed(moments.uniform(0.5, 3))
        visits = [path for path in served.home.inbox.iterdir() if not path.name.startswith(".")]
        found = lines_of(served.home)
        assert found["child"] >= served.answered["child"] > 0
        assert found["feedback"] >= len(visits) >= served.answered["feedback"] > 0
        assert all(path.read_bytes().endswith(b"\n") and path.read_bytes().count(b"\n") == 2 for path in visits)
        if n % 2:  # a line that is cut, as by a crash of the machine
            with served.home.access_log.open("ab") as file:
                file.write(b'{"at": "2025-12-05T10:00:00+00:00", "who": "mach')
    served.start()
    assert served.get(f"/v1/children/{HERE}").status_code == 200
    assert served.process
    os.kill(served.process.pid, signal.SIGKILL)
    served.process.wait()
    command = [sys.executable, "-m", "warehouse", "--home", str(served.home.root), "access-log", "verify"]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stderr
    assert lines_of(served.home)["cut off"] == KILLS // 2
    sys.stdout.write(f"{dict(served.answered)} answered in {KILLS} kills; {verified.stdout}")

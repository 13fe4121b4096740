"""A real Keycloak on this machine, in dev mode with its data in memory: QHAWAQ_KEYCLOAK is the folder where it was unpacked."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import signal
import subprocess
import time
from html import unescape
from pathlib import Path
from typing import Any

import httpx

from tests.dags.scheduler import free_port

WHERE = os.environ.get("QHAWAQ_KEYCLOAK", "")
REALM = Path(__file__).parent / "keycloak_realm.json"
PATIENCE = 300  # seconds that a first start may take: it prepares itself
ADMIN = "administrador"


def lacking() -> str:
    """Return why there is no real Keycloak here; nothing where there is."""
    if not WHERE:
        return "QHAWAQ_KEYCLOAK names no Keycloak: make test-keycloak QHAWAQ_KEYCLOAK=/path/to/it"
    return "" if (Path(WHERE) / "bin" / "kc.sh").exists() else f"{WHERE} has no bin/kc.sh"


class Keycloak:
    """A Keycloak with the realm of our JSON, for a service at an address; passwords are new each time."""

    def __init__(self, folder: Path, service: str) -> None:
        self.folder, self.service = folder, service
        self.address = f"http://127.0.0.1:{free_port()}"
        self.issuer = f"{self.address}/realms/qhawaq"
        self.secret, self.admin_password = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.passwords: dict[str, str] = {}

    def __enter__(self) -> Keycloak:
        command = [f"{WHERE}/bin/kc.sh", "start-dev", "--db=dev-mem", "--http-host=127.0.0.1",
                   f"--http-port={self.address.rsplit(':', 1)[1]}"]  # fmt: skip
        given = {"KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN, "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin_password,
                 "JAVA_OPTS_KC_HEAP": "-Xms64m -Xmx512m"}  # fmt: skip
        with (self.folder / "keycloak.log").open("wb") as log:
            self.process = subprocess.Popen(
                command, env=os.environ | given, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._wait()
            self.admin("POST", "/admin/realms", self._realm())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for sent in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, sent)  # the group that it began
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
                return

    def _wait(self) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self.process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}/realms/master", timeout=5).status_code == 200:
                    return
            time.sleep(0.5)
        raise AssertionError(f"Keycloak does not answer:\n{self.log()[-3000:]}")

    def log(self) -> str:
        return (self.folder / "keycloak.log").read_text(errors="replace")

    def _realm(self) -> dict[str, Any]:
        """Return the realm with what is of this run alone: the service's address, a secret, passwords."""
        realm: dict[str, Any] = json.loads(REALM.read_text(encoding="utf-8"))
        (client,) = realm["clients"]
        client |= {"secret": self.secret, "redirectUris": [f"{self.service}/entrar/vuelta"]}
        client["attributes"]["post.logout.redirect.uris"] = f"{self.service}/entrar"
        for user in realm["users"]:
            self.passwords[user["username"]] = password = secrets.token_urlsafe(16)
            user["credentials"] = [{"type": "password", "value": password, "temporary": False}]
        return realm

    def admin(self, method: str, path: str, said: Any = None) -> httpx.Response:
        """Ask as the administrator."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": ADMIN, "password": self.admin_password}
        got = httpx.post(f"{self.address}/realms/master/protocol/openid-connect/token", data=form, timeout=60)
        token = {"Authorization": f"Bearer {got.raise_for_status().json()['access_token']}"}
        answer = httpx.request(method, self.address + path, json=said, headers=token, timeout=60)
        assert answer.is_success, (path, answer.status_code, answer.text[:500])
        return answer

    def version(self) -> str:
        return str(self.admin("GET", "/admin/serverinfo").json()["systemInfo"]["version"])

    def sign_in(self, address: str, user: str) -> str:
        """Sign in without a browser; return where Keycloak sends the browser back to."""
        form = {"username": user, "password": self.passwords[user]}
        with httpx.Client(timeout=30) as browser:
            page = browser.get(address).raise_for_status()
            action = unescape(re.search(r'id="kc-form-login"[^>]* action="([^"]+)"', page.text)[1])
            kept = "; ".join(f"{cookie.name}={cookie.value}" for cookie in browser.cookies.jar)
            # its cookies are for TLS alone; browsers send them to this machine all the same, and httpx does not
            answer = httpx.post(action, data=form, headers={"Cookie": kept}, timeout=30)
        assert answer.status_code == 302, answer.text[:500]
        return answer.headers["location"]

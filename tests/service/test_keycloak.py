"""People sign in by a real Keycloak with a real browser: make test-keycloak QHAWAQ_KEYCLOAK=folder."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn

from service import api, run
from service.settings import Oidc, SignInClient
from tests.dags.scheduler import free_port
from tests.service import browser, keycloak, offices
from tests.service.conftest import HERE, Asking
from tests.service.keycloak import Keycloak

pytestmark = [
    pytest.mark.keycloak,
    pytest.mark.skipif(bool(keycloak.lacking()), reason=keycloak.lacking() or "-"),
    pytest.mark.skipif(not browser.CHROMIUM, reason="Chromium is not installed here: make chromium installs it"),
]
PICTURES = os.environ.get("QHAWAQ_PICTURES")
PORT = free_port()
SITE = f"http://localhost:{PORT}"  # for a browser another site than Keycloak's, as where people work


@pytest.fixture(scope="module")
def idp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    with Keycloak(tmp_path_factory.mktemp("keycloak"), SITE) as started:
        yield started


@dataclass
class Site:
    """A running service, and what it wrote."""

    asking: Asking
    server: uvicorn.Server

    def log(self) -> str:
        return self.asking.settings.access_log.read_text()


@pytest.fixture
def site(asking: Asking, idp: Keycloak, tmp_path: Path) -> Iterator[Site]:
    offices.published(asking, tmp_path / "protection")
    oidc = Oidc(idp.issuer, "qhawaq", client=SignInClient("qhawaq", idp.secret, SITE))
    app = api.create(replace(asking.settings, oidc=oidc))
    server = uvicorn.Server(run.config(app, PORT))
    thread = threading.Thread(target=server.run)
    thread.start()
    until = time.monotonic() + 30
    while not (server.started and app.state.service.provider.published) and time.monotonic() < until:
        time.sleep(0.05)
    yield Site(asking, server)
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[browser.Browser]:
    opened = browser.Browser(tmp_path / "chromium")
    yield opened
    opened.close()


def sign_in(page: browser.Browser, idp: Keycloak, user: str) -> None:
    """Press our button, and fill in Keycloak's page as people do."""
    page.open(f"{SITE}/entrar", 390)
    picture(page, f"entrar-{user}")
    page.ask("document.querySelector('a.button').click()")
    assert page.holds(f"location.href.startsWith('{idp.issuer}/') && !!document.querySelector('#username')")
    picture(page, f"keycloak-{user}")
    for field, value in (("username", user), ("password", idp.passwords[user])):
        page.ask(f"document.querySelector('#{field}').value = {json.dumps(value)}")
    page.ask("document.querySelector('#kc-login').click()")
    assert page.holds(f"location.href.startsWith('{SITE}/') && document.readyState === 'complete'")


def picture(page: browser.Browser, name: str) -> None:
    if PICTURES and page.holds("document.readyState === 'complete'"):
        page.picture(Path(PICTURES) / f"{name}.png")


def text(page: browser.Browser) -> str:
    return str(page.ask("document.body.innerText"))


def status(page: browser.Browser, path: str) -> int:
    page.do("Page.navigate", url=SITE + path)
    assert page.holds(f"document.readyState === 'complete' && location.pathname === {json.dumps(path)}")
    return next(number for number, url in reversed(page.answers) if url == SITE + path)


def test_two_people_sign_in_see_what_is_theirs_and_sign_out(page: browser.Browser, idp: Keycloak, site: Site) -> None:
    assert idp.version().startswith("26.")
    sign_in(page, idp, "rosa")
    assert page.ask("location.href") == f"{SITE}/"
    picture(page, "lista-rosa")
    assert "Salir (rosa)" in text(page)
    assert "UGEL 150101, LIMA" in text(page)
    assert "UGEL 080101" not in text(page)
    assert status(page, f"/ficha/{HERE}") == 200
    assert status(page, "/ficha/222") == 404
    assert status(page, f"/proteccion/{offices.HERE}") == 403
    page.open(f"{SITE}/", 390)
    sign_out(page, idp)

    sign_in(page, idp, "pedro")
    assert page.ask("location.pathname").startswith("/proteccion")
    picture(page, "proteccion-pedro")
    assert status(page, f"/proteccion/{offices.HERE}") == 200
    assert status(page, f"/proteccion/{offices.ELSEWHERE}") == 404
    assert status(page, f"/ficha/{HERE}") == 403
    signed_in = [line for line in map(json.loads, site.log().splitlines()) if line["what"] == "sign-in"]
    assert [line["why"] for line in signed_in] == ["identity provider"] * 2
    assert len({line["who"] for line in signed_in}) == 2
    assert all(value not in site.log() for value in (*idp.passwords.values(), idp.secret, "Ficticia", "rosa@"))


def sign_out(page: browser.Browser, idp: Keycloak) -> None:
    """Sign out here, then there; the next person is asked who they are."""
    page.ask("document.querySelector('form[action=\"/salir\"] button').click()")
    assert page.holds("location.search === '?aviso=salida'")
    picture(page, "salida")
    page.open(f"{SITE}/entrar?aviso=salida", 390)
    page.ask("document.querySelector('a[href=\"/entrar/salida\"]').click()")
    assert page.holds(f"location.href.startsWith('{idp.issuer}/') && !!document.querySelector('#kc-logout')")
    picture(page, "keycloak-salida")
    page.ask("document.querySelector('#kc-logout').click()")
    assert page.holds(f"location.href.startsWith('{SITE}/entrar')")


def test_a_tutor_comes_in_and_reads_no_score(page: browser.Browser, idp: Keycloak, site: Site) -> None:
    sign_in(page, idp, "tania")
    assert "aviso" not in page.ask("location.href")
    assert status(page, f"/ficha/{HERE}") == 403
    assert status(page, f"/proteccion/{offices.HERE}") == 403


def test_an_account_without_a_role_reads_one_sentence(page: browser.Browser, idp: Keycloak, site: Site) -> None:
    sign_in(page, idp, "nadie")
    assert page.ask("location.href") == f"{SITE}/entrar?aviso=sin_rol"
    assert "Su cuenta no tiene permiso para usar Qhawaq" in text(page)
    picture(page, "sin-rol")


def begun(web: httpx.Client) -> str:
    return web.get("/entrar/proveedor").headers["location"]


def came_back(web: httpx.Client, address: str) -> str:
    """Return where somebody gets who brings an answer of Keycloak."""
    return web.get(address).headers["location"]


def test_answers_of_keycloak_count_once_and_in_one_browser(idp: Keycloak, site: Site) -> None:
    with httpx.Client(base_url=SITE) as web, httpx.Client(base_url=SITE) as other:
        back = idp.sign_in(begun(web), "rosa")
        assert {"code", "state", "iss"} <= parse_qs(urlsplit(back).query).keys()
        begun(other)
        assert came_back(other, back) == "/entrar?aviso=vencido"
        kept = web.cookies["qhawaq-entrada"]
        assert came_back(web, back) == "/"
        web.cookies.clear()
        web.cookies["qhawaq-entrada"] = kept
        assert came_back(web, back) == "/entrar?aviso=vencido"
        later = idp.sign_in(begun(web), "rosa")
        assert came_back(web, later.replace("iss=http", "iss=https")) == "/entrar?aviso=rechazado"


def test_keycloak_gives_no_tokens_without_the_verifier_and_sends_nobody_elsewhere(idp: Keycloak, site: Site) -> None:
    with httpx.Client(base_url=SITE) as web:
        address = begun(web)
        code = parse_qs(urlsplit(idp.sign_in(address, "rosa")).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{SITE}/entrar/vuelta"}
        token = f"{idp.issuer}/protocol/openid-connect/token"
        answer = httpx.post(token, data=form | {"code_verifier": "x" * 43}, auth=("qhawaq", idp.secret), timeout=30)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
        for changed in (("entrar%2Fvuelta", "otra"), ("code_challenge=", "c=")):
            assert changed[0] in address
            answer = httpx.get(address.replace(*changed), timeout=30)
            assert answer.status_code == 400 or "error=invalid_request" in answer.headers["location"]


def test_a_new_key_of_the_realm_is_taken_up(idp: Keycloak, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.provider.AFTER_UNKNOWN_KEY", 0.0)
    key = {"name": "nueva", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
           "config": {"priority": ["500"], "algorithm": ["RS256"]}}  # fmt: skip
    idp.admin("POST", "/admin/realms/qhawaq/components", key)
    with httpx.Client(base_url=SITE) as web:
        assert came_back(web, idp.sign_in(begun(web), "rosa")) == "/"


def test_without_keycloak_people_read_one_sentence(idp: Keycloak, site: Site) -> None:
    """The last: it ends Keycloak."""
    with httpx.Client(base_url=SITE) as web:
        back = idp.sign_in(begun(web), "rosa")
        idp.__exit__()
        assert came_back(web, back) == "/entrar?aviso=proveedor"
        page = web.get("/entrar?aviso=proveedor")
    assert page.status_code == 200
    assert "no responde" in page.text

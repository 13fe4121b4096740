"""People sign in by their provider's page, and nobody else does, however they come."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi.testclient import TestClient
from httpx import Response

from service import api, entry, provider, sessions
from service.settings import Oidc, SignInClient
from tests.service.conftest import AUDIENCE, HERE, Asking
from tests.service.idp import CLIENT, SECRET, SmallProvider, public

PUBLIC = "https://qhawaq.example.pe"
HTML = {"Accept": "text/html"}
BACK = f"{PUBLIC}/entrar/vuelta"


@pytest.fixture
def idp(private: rsa.RSAPrivateKey) -> Iterator[SmallProvider]:
    with SmallProvider(private) as small:
        yield small


def opened(asking: Asking, idp: SmallProvider, address: str = PUBLIC, **changed: Any) -> TestClient:
    """Return a browser before a service that trusts the provider; what it publishes is known already."""
    oidc = Oidc(idp.issuer, AUDIENCE, client=SignInClient(CLIENT, SECRET, address))
    app = api.create(replace(asking.settings, oidc=replace(oidc, **changed)))
    app.state.service.ask_provider()
    return TestClient(app, base_url=address, follow_redirects=False, headers=HTML, raise_server_exceptions=False)


@pytest.fixture
def web(asking: Asking, idp: SmallProvider) -> TestClient:
    return opened(asking, idp)


def to_provider(web: TestClient) -> str:
    """Press the button; return the provider's address."""
    answer = web.get("/entrar/proveedor")
    assert answer.status_code == 303
    return answer.headers["location"]


def signed_in(web: TestClient, idp: SmallProvider, **changed: str | None) -> Response:
    return web.get(idp.sign_in(to_provider(web), **changed))


def test_a_proxy_may_change_the_host_of_a_form(web: TestClient, idp: SmallProvider) -> None:
    signed_in(web, idp)
    seal = re.search(r'action="/salir".*?value="(\w+)"', web.get("/").text)[1]
    headers = {"Host": "127.0.0.1:8010", "Origin": PUBLIC}
    assert web.post("/salir", data={"seal": seal}, headers=headers).status_code == 303


def is_in(web: TestClient) -> bool:
    return web.get(f"/ficha/{HERE}").status_code == 200


def assert_came_back(web: TestClient, answer: Response, notice: str) -> None:
    """Nobody is signed in, and /entrar says so in one sentence."""
    assert (answer.status_code, answer.headers["location"]) == (303, f"/entrar?aviso={notice}")
    assert web.cookies.get("__Host-qhawaq") is None
    assert not is_in(web)
    page = web.get(answer.headers["location"])
    (said,) = re.findall(r'role="alert">([^<]+)<', page.text)
    assert said.endswith(".")
    assert "Traceback" not in page.text


def test_a_person_signs_in_sees_what_their_role_sees_and_signs_out(web: TestClient, idp: SmallProvider) -> None:
    assert 'href="/entrar/proveedor">Entrar con la cuenta de su institución<' in web.get("/entrar").text
    answer = signed_in(web, idp)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    first = web.get("/")
    assert first.status_code == 200
    assert "Salir (rosa)" in first.text
    assert web.get("/v1/children/222").status_code == 404  # of another UGEL
    assert web.get("/proteccion/1501").status_code == 403
    seal = re.search(r'action="/salir".*?value="(\w+)"', first.text)[1]
    out = web.post("/salir", data={"seal": seal})
    assert (out.status_code, out.headers["location"]) == (303, "/entrar?aviso=salida")
    assert web.get("/").headers["location"] == "/entrar"
    assert 'href="/entrar/salida"' in web.get("/entrar?aviso=salida").text
    there = urlsplit(web.get("/entrar/salida").headers["location"])
    assert there.path.endswith("/end_session")
    assert parse_qs(there.query) == {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{PUBLIC}/entrar"]}


def test_what_is_asked_of_the_provider(web: TestClient, idp: SmallProvider) -> None:
    asked = parse_qs(urlsplit(to_provider(web)).query)
    assert {name: asked[name] for name in ("response_type", "client_id", "redirect_uri", "code_challenge_method")} == {
        "response_type": ["code"], "client_id": [CLIENT], "redirect_uri": [BACK], "code_challenge_method": ["S256"],
    }  # fmt: skip
    assert asked["scope"] == ["openid profile"]
    again = parse_qs(urlsplit(to_provider(web)).query)
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[name][0]) >= 43
        assert asked[name] != again[name]


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "Forwarded"])
def test_the_way_back_is_never_what_a_request_says(web: TestClient, header: str) -> None:
    answer = web.get("/entrar/proveedor", headers={header: "evil.example"})
    assert parse_qs(urlsplit(answer.headers["location"]).query)["redirect_uri"] == [BACK]


def test_cookies_are_of_this_host_alone_and_no_script_reads_them(web: TestClient, idp: SmallProvider) -> None:
    begun = web.get("/entrar/proveedor")
    back = web.get(idp.sign_in(begun.headers["location"]))
    for answer, name in ((begun, "__Host-qhawaq-entrada"), (back, "__Host-qhawaq")):
        set_cookies = answer.headers.get_list("set-cookie")
        (sent,) = [line for line in set_cookies if line.startswith(f"{name}=")]
        flags = {flag.strip().lower() for flag in sent.split(";")[1:]}
        assert {"httponly", "secure", "path=/", "samesite=lax"} <= flags
        assert not any(flag.startswith("domain") for flag in flags)
    assert "max-age=600" in begun.headers["set-cookie"].lower()
    assert web.cookies.get("__Host-qhawaq-entrada") is None  # taken away after use


def test_on_this_machine_cookies_need_no_tls(asking: Asking, idp: SmallProvider) -> None:
    web = opened(asking, idp, "http://127.0.0.1:8010")
    begun = web.get("/entrar/proveedor")
    assert begun.headers["set-cookie"].startswith("qhawaq-entrada=")
    assert "secure" not in begun.headers["set-cookie"].lower()
    assert web.get(idp.sign_in(begun.headers["location"])).headers["location"] == "/"


def test_an_answer_counts_once(web: TestClient, idp: SmallProvider) -> None:
    begun = web.get("/entrar/proveedor")
    kept = begun.cookies["__Host-qhawaq-entrada"]
    back = idp.sign_in(begun.headers["location"])
    assert web.get(back).headers["location"] == "/"
    web.cookies.clear()
    asked = parse_qs(urlsplit(begun.headers["location"]).query)["state"][0]
    fresh = idp.sign_in(begun.headers["location"])  # even with a code that the provider would take
    assert asked in fresh
    for again in (back, fresh):
        assert_came_back(web, web.get(again, headers={"Cookie": f"__Host-qhawaq-entrada={kept}"}), "vencido")


def test_a_code_of_another_browser_signs_nobody_in(asking: Asking, web: TestClient, idp: SmallProvider) -> None:
    back = idp.sign_in(to_provider(web))
    other = TestClient(web.app, base_url=PUBLIC, follow_redirects=False, headers=HTML)
    assert_came_back(other, other.get(back), "vencido")
    to_provider(other)  # it has a sign-in of its own under way
    assert_came_back(other, other.get(back), "vencido")
    assert web.get(back).headers["location"] == "/"  # what others tried spoils nothing


@pytest.mark.parametrize("kept", ["", "x", "é", "a.b.c", "of another key"])
def test_a_sealed_cookie_of_others_is_none(web: TestClient, idp: SmallProvider, kept: str) -> None:
    back = idp.sign_in(to_provider(web))
    web.cookies.clear()
    if kept == "of another key":
        kept = Fernet(Fernet.generate_key()).encrypt(b"{}").decode()
    answer = web.get(back, headers={"Cookie": f"__Host-qhawaq-entrada={kept}".encode()})
    assert_came_back(web, answer, "vencido")


def test_a_sign_in_ends_after_ten_minutes(web: TestClient, idp: SmallProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = web.get("/entrar/proveedor")
    back = idp.sign_in(begun.headers["location"])
    kept = {"Cookie": f"__Host-qhawaq-entrada={begun.cookies['__Host-qhawaq-entrada']}"}  # by a browser that keeps it
    web.cookies.clear()
    now = time.time()
    with monkeypatch.context() as later:
        later.setattr(time, "time", lambda: now + entry.VALID + 2)
        answer = web.get(back, headers=kept)
    assert_came_back(web, answer, "vencido")


@pytest.mark.parametrize(
    ("changed", "notice"),
    [({"error": "access_denied", "code": None}, "cancelado"), ({"error": "server_error", "code": None}, "rechazado"),
     ({"code": None}, "rechazado"), ({"code": "guessed"}, "rechazado"), ({"code": "é\u2028\x00"}, "rechazado"),
     ({"iss": "https://evil.example"}, "rechazado"), ({"iss": None}, "rechazado"), ({"state": None}, "vencido"),
     ({"state": "x"}, "vencido"), ({"state": "é"}, "vencido")],
)  # fmt: skip
def test_a_cancelled_or_foreign_answer_comes_back(
    web: TestClient, idp: SmallProvider, changed: dict[str, str | None], notice: str
) -> None:
    assert_came_back(web, signed_in(web, idp, **changed), notice)
    assert web.get("/entrar?aviso=<script>").text.count("<script>") == 0


@pytest.mark.parametrize(
    "changed",
    [{"nonce": "other"}, {"nonce": None}, {"iss": "https://evil.example"}, {"iss": None}, {"aud": "other"},
     {"aud": AUDIENCE}, {"aud": None}, {"exp": 1}, {"exp": None}, {"sub": None}, {"sub": 7}, {"azp": "other"},
     {"aud": [CLIENT, "other"], "azp": None}, {"iat": time.time() + 3600}, {"nbf": time.time() + 3600}],
)  # fmt: skip
def test_an_identity_token_with_anything_wrong_signs_nobody_in(
    web: TestClient, idp: SmallProvider, changed: dict[str, Any]
) -> None:
    idp.id_token = changed
    assert_came_back(web, signed_in(web, idp), "rechazado")


def raw(header: dict[str, Any], claims: dict[str, Any], key: bytes = b"") -> str:
    """Return a token that no library would make."""
    said = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (header, claims)
    )
    sealed = hmac.new(key, said.encode(), hashlib.sha256).digest() if key else b""
    return f"{said}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def test_tokens_without_or_with_a_confused_signature_sign_nobody_in(
    asking: Asking, web: TestClient, idp: SmallProvider
) -> None:
    pem = idp.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    stranger = rsa.generate_private_key(65537, 2048)
    own_key = {"jwk": public(stranger, "k1"), "jku": "https://evil.example/keys"}
    forged = {
        "none": lambda claims: raw({"alg": "none", "kid": "k1"}, claims),
        "NONE": lambda claims: raw({"alg": "NonE", "kid": "k1"}, claims),
        "HS256 by the public key": lambda claims: raw({"alg": "HS256", "kid": "k1"}, claims, pem),
        "HS256 by the secret": lambda claims: raw({"alg": "HS256", "kid": "k1"}, claims, SECRET.encode()),
        "RS256 of a stranger": lambda claims: jwt.encode(claims, stranger, "RS256", headers={"kid": "k1"} | own_key),
        "no kid": lambda claims: jwt.encode(claims, idp.key, "RS256"),
        "kid of a list": lambda claims: raw({"alg": "RS256", "kid": ["k1"]}, claims),
        "nothing": lambda claims: "",
        "no token": lambda claims: "..",
    }
    for name, forge in forged.items():
        idp.forge = forge
        answer = signed_in(web, idp)
        assert answer.headers["location"] == "/entrar?aviso=rechazado", name
        idp.forge = None
        token = forge({"iss": idp.issuer, "aud": AUDIENCE, "sub": "u-1", "exp": time.time() + 60, "scope": "education",
                       "qhawaq_areas": ["*"]})  # fmt: skip
        bearer = web.get("/v1/cases", headers={"Authorization": f"Bearer {token}"})
        assert bearer.status_code == 401, name
    assert not is_in(web)


def test_a_secret_key_among_the_public_ones_is_none(asking: Asking, idp: SmallProvider) -> None:
    known = base64.urlsafe_b64encode(b"k" * 32).decode()
    keys = {"keys": [{"kty": "oct", "kid": "k2", "k": known, "alg": "HS256"}, public(idp.key, "k1")]}
    idp.answers["/keys"] = (200, json.dumps(keys).encode())
    idp.forge = lambda claims: jwt.encode(claims, b"k" * 32, "HS256", headers={"kid": "k2"})
    web = opened(asking, idp)
    assert_came_back(web, signed_in(web, idp), "rechazado")
    idp.forge = lambda claims: raw({"alg": "RS256", "kid": "k2"}, claims, b"k" * 32)
    assert_came_back(web, signed_in(web, idp), "rechazado")


def test_a_session_of_before_ends_and_its_cookie_is_never_kept(web: TestClient, idp: SmallProvider) -> None:
    web.cookies.set("__Host-qhawaq", "planted", domain="qhawaq.example.pe")
    assert not is_in(web)
    signed_in(web, idp)
    first = web.cookies["__Host-qhawaq"]
    assert first != "planted"
    signed_in(web, idp)
    second = web.cookies["__Host-qhawaq"]
    assert first != second
    web.cookies.clear()
    assert not is_in_by(web, first)
    assert is_in_by(web, second)
    assert web.get("/", headers={"Cookie": f"qhawaq={second}"}).headers["location"] == "/entrar"  # a neighbor's name


def is_in_by(web: TestClient, value: str) -> bool:
    return web.get(f"/ficha/{HERE}", headers={"Cookie": f"__Host-qhawaq={value}"}).status_code == 200


def test_a_session_ends_with_the_day_s_work(
    web: TestClient, idp: SmallProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in(web, idp)
    now = time.monotonic()
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now + sessions.SECONDS - 5)
    assert is_in(web)
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now + sessions.SECONDS + 5)
    assert not is_in(web)


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"},
     {"Origin": "null", "Sec-Fetch-Site": "same-site"}, {}],
)  # fmt: skip
def test_another_site_signs_nobody_out(web: TestClient, idp: SmallProvider, headers: dict[str, str]) -> None:
    signed_in(web, idp)
    seal = re.search(r'action="/salir".*?value="(\w+)"', web.get("/").text)[1]
    given = seal if headers else "0" * 64
    assert web.post("/salir", data={"seal": given}, headers=headers).status_code == 403
    assert web.get("/salir").status_code == 405
    assert is_in(web)


def test_who_signs_out_after_the_session_has_ended_comes_to_the_first_page(web: TestClient) -> None:
    answer = web.post("/salir", data={"seal": "0" * 64})
    assert (answer.status_code, answer.headers["location"]) == (303, "/entrar")


def test_who_follows_a_link_gets_there(web: TestClient, idp: SmallProvider) -> None:
    asked = web.get(f"/ficha/{HERE}").headers["location"]
    assert asked == f"/entrar?a=/ficha/{HERE}"
    assert f'href="/entrar/proveedor?a=/ficha/{HERE}"' in web.get(asked).text
    begun = web.get(f"/entrar/proveedor?a=/ficha/{HERE}").headers["location"]
    assert HERE not in begun  # the provider is not told
    assert web.get(idp.sign_in(begun)).headers["location"] == f"/ficha/{HERE}"


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "\\\\evil.example", "/\tevil", "/\n/evil", "https://evil.example", "evil.example",
     "javascript:alert(1)", "/x?y=//evil.example", "/%2f/evil.example", "/./", "/entrar/salida", "/é", "/ficha/1\n", "/\"onclick=", "/" * 300],
)  # fmt: skip
def test_nobody_is_led_elsewhere(web: TestClient, idp: SmallProvider, wanted: str) -> None:
    page = web.get("/entrar", params={"a": wanted})
    assert page.status_code == 422 or 'href="/entrar/proveedor">' in page.text
    begun = web.get("/entrar/proveedor", params={"a": wanted})
    if begun.status_code == 303:
        assert web.get(idp.sign_in(begun.headers["location"])).headers["location"] == "/"


@pytest.mark.parametrize("name", ["next", "url", "redirect_uri", "continue", "return", "a"])
def test_no_word_in_an_address_leads_elsewhere(web: TestClient, idp: SmallProvider, name: str) -> None:
    elsewhere = urlencode({name: "https://evil.example"})
    begun = web.get(f"/entrar/proveedor?{elsewhere}")
    assert "evil.example" not in begun.headers["location"]
    assert web.get(f"{idp.sign_in(begun.headers['location'])}&{elsewhere}").headers["location"] == "/"
    assert "evil.example" not in web.get(f"/entrar/salida?{elsewhere}").headers["location"]


def test_roles_give_scopes_and_names_of_others_give_nothing(asking: Asking, idp: SmallProvider) -> None:
    web = opened(asking, idp)
    roles = {"realm_access": {"roles": ["admin", "protection", "education", {"a": 1}, None, "SOCIAL_WORKER"]}}
    idp.person |= roles | {"scope": "education identity", "groups": ["social_worker"]}
    assert_came_back(web, signed_in(web, idp), "sin_rol")
    idp.person |= {"realm_access": "x", "roles": "auditor ugel_director"}
    assert signed_in(web, idp).headers["location"] == "/"
    assert web.get("/v1/cases").status_code == 200
    (caller, _), = web.app.state.service.sessions.open.values()  # fmt: skip
    assert caller.scopes == {"audit", "education", "planning"}


@pytest.mark.parametrize("areas", [None, [], ["ugel:1"], "150101", {"ugel": "150101"}, ["*\n"]])
def test_a_role_without_places_signs_nobody_in(web: TestClient, idp: SmallProvider, areas: object) -> None:
    idp.person["qhawaq_areas"] = areas
    assert_came_back(web, signed_in(web, idp), "sin_rol")


def test_an_auditor_needs_no_place(web: TestClient, idp: SmallProvider) -> None:
    idp.person |= {"realm_access": {"roles": ["auditor"]}, "qhawaq_areas": None}
    assert signed_in(web, idp).headers["location"] == "/"


@pytest.mark.parametrize(
    ("claim", "given"),
    [("resource_access.qhawaq.roles", {"resource_access": {"qhawaq": {"roles": ["tutor"]}}}),
     ("https://minedu.example/roles", {"https://minedu.example/roles": ["tutor"]})],
)  # fmt: skip
def test_another_claim_of_roles_takes_the_place_of_both(
    asking: Asking, idp: SmallProvider, claim: str, given: dict[str, Any]
) -> None:
    web = opened(asking, idp, roles_claims=(claim,))
    idp.person |= given
    signed_in(web, idp)
    (caller, _), = web.app.state.service.sessions.open.values()  # fmt: skip
    assert caller.scopes == {"tutoring", "identity"}


@pytest.mark.parametrize(
    ("access", "notice"),
    [({"aud": [AUDIENCE, "account"]}, ""), ({}, "sin_rol"), ({"aud": AUDIENCE, "sub": "u-2"}, "sin_rol"),
     ({"aud": AUDIENCE, "exp": 1}, "sin_rol"), ({"aud": AUDIENCE, "iss": "https://evil.example"}, "sin_rol")],
)  # fmt: skip
def test_roles_may_stand_in_an_access_token_that_is_for_us(
    web: TestClient, idp: SmallProvider, access: dict[str, Any], notice: str
) -> None:
    idp.id_token = {"realm_access": None, "qhawaq_areas": None}
    idp.access_token = access
    answer = signed_in(web, idp)
    assert answer.headers["location"] == (f"/entrar?aviso={notice}" if notice else "/")


def test_bearer_tokens_have_the_scopes_of_roles_too(web: TestClient, idp: SmallProvider) -> None:
    def asked(path: str, **changed: Any) -> int:
        said = idp.person | {"iss": idp.issuer, "aud": AUDIENCE, "exp": time.time() + 60} | changed
        return web.get(path, headers={"Authorization": f"Bearer {idp.signed(said)}"}).status_code

    assert asked("/v1/cases") == 200
    assert asked("/v1/records") == 403
    assert asked("/v1/cases", realm_access=None) == 403
    assert asked("/v1/cases", realm_access=None, scope="openid education") == 200
    assert asked("/v1/cases", aud=CLIENT) == 401


def test_a_provider_s_new_key_is_taken_up(web: TestClient, idp: SmallProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "AFTER_UNKNOWN_KEY", 0.0)
    idp.key, idp.kid = rsa.generate_private_key(65537, 2048), "k2"
    assert signed_in(web, idp).headers["location"] == "/"

    idp.key, idp.kid = rsa.generate_private_key(65537, 2048), "k3"
    said = idp.person | {"iss": idp.issuer, "aud": AUDIENCE, "exp": time.time() + 60}
    token = {"Authorization": f"Bearer {idp.signed(said)}"}
    asked_before = len(idp.asked)
    assert web.get("/v1/cases", headers=token).status_code == 401  # a request asks nobody
    assert len(idp.asked) == asked_before
    web.app.state.service.ask_provider()
    assert web.get("/v1/cases", headers=token).status_code == 200


def test_a_file_of_keys_takes_the_place_of_the_provider_s_own(
    asking: Asking, idp: SmallProvider, tmp_path: Path
) -> None:
    file = tmp_path / "of-file.json"
    file.write_text(json.dumps({"keys": [public(rsa.generate_private_key(65537, 2048), "k1")]}))
    web = opened(asking, idp, keys=file)
    assert "/keys" not in idp.asked
    assert_came_back(web, signed_in(web, idp), "rechazado")
    file.write_text(json.dumps({"keys": [public(idp.key, "k1")]}))
    web.app.state.service.refresh()
    assert signed_in(web, idp).headers["location"] == "/"


def test_unknown_keys_do_not_make_the_service_ask_all_the_time(web: TestClient, idp: SmallProvider) -> None:
    asked_before = len(idp.asked)
    said = idp.person | {"iss": idp.issuer, "aud": AUDIENCE, "exp": time.time() + 60}
    for number in range(20):
        token = jwt.encode(said, idp.key, "RS256", headers={"kid": f"x{number}"})
        web.get("/v1/cases", headers={"Authorization": f"Bearer {token}"})
        web.app.state.service.ask_provider()
    assert len(idp.asked) == asked_before


def test_keys_that_were_not_taken_anew_for_an_hour_count_no_more(asking: Asking, idp: SmallProvider) -> None:
    now = [0.0]
    oidc = Oidc(idp.issuer, AUDIENCE)
    asked = provider.Provider(oidc, lambda: now[0])
    asked.refresh()
    assert asked.keys
    idp.answers["/keys"] = (503, b"")
    for now[0], is_there in ((provider.AGAIN_AFTER, True), (provider.OLDEST - 1, True), (provider.OLDEST, False)):
        asked.refresh()
        assert bool(asked.keys) == is_there
    del idp.answers["/keys"]
    asked.refresh()
    assert not asked.keys  # not yet: five seconds after a failure
    now[0] += provider.AFTER_FAILURE
    asked.refresh()
    assert asked.keys


@pytest.mark.parametrize(
    "changed",
    [{"issuer": "https://evil.example"}, {"issuer": None}, {"token_endpoint": "http://login.example.pe/token"},
     {"authorization_endpoint": "javascript:alert(1)"}, {"authorization_endpoint": "https://a@login.example.pe"},
     {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": "ftp://127.0.0.1/"}, {"end_session_endpoint": "http://evil.example/"},
     {"token_endpoint": None}, {"token_endpoint": 5}, {"authorization_endpoint": "http://127.0.0.1@evil.example"}],
)  # fmt: skip
def test_a_provider_that_publishes_something_else_is_not_trusted(
    asking: Asking, idp: SmallProvider, changed: dict[str, Any]
) -> None:
    idp.metadata = changed
    web = opened(asking, idp)
    assert_came_back(web, web.get("/entrar/proveedor"), "proveedor")


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
@pytest.mark.parametrize(
    "said", [(200, b"<html>"), (200, b"[]"), (500, b""), (302, b"https://evil.example"), (200, b"{}")]
)
def test_a_provider_that_answers_anything_is_one_that_is_down(
    asking: Asking, idp: SmallProvider, path: str, said: tuple[int, bytes]
) -> None:
    idp.answers[path] = said
    web = opened(asking, idp)
    assert_came_back(web, web.get("/entrar/proveedor"), "proveedor")
    del idp.answers[path]


@pytest.mark.parametrize(
    ("said", "notice"),
    [((500, b"x"), "proveedor"), ((503, b"{}"), "proveedor"), ((200, b"<html>"), "rechazado"), ((200, b"[]"), "rechazado"),
     ((200, b"{}"), "rechazado"), ((200, b'{"id_token": 5}'), "rechazado"), ((200, b'{"error": {"a": 1}}'), "rechazado"),
     ((302, b"https://evil.example"), "rechazado"), ((400, b'{"error": "invalid_grant"}'), "rechazado")],
)  # fmt: skip
def test_whatever_comes_for_a_code_nobody_sees_a_traceback(
    web: TestClient, idp: SmallProvider, said: tuple[int, bytes], notice: str
) -> None:
    idp.answers["/token"] = said
    assert_came_back(web, signed_in(web, idp), notice)


def test_a_provider_that_has_gone_or_hangs_is_told_in_one_sentence(
    asking: Asking, private: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SmallProvider(private) as idp:
        web = opened(asking, idp)
        back = idp.sign_in(to_provider(web))
        monkeypatch.setattr(entry, "SECONDS", 0.2)
        idp.delay = 0.6
        assert_came_back(web, web.get(back), "proveedor")
        idp.delay = 0.0
        back = idp.sign_in(to_provider(web))
    assert_came_back(web, web.get(back), "proveedor")
    assert_came_back(opened(asking, idp), opened(asking, idp).get("/entrar/proveedor"), "proveedor")


def test_one_address_begins_so_many_sign_ins_and_no_more(asking: Asking, idp: SmallProvider) -> None:
    changed = replace(
        asking.settings, limits=replace(asking.settings.limits, unknown_at_once=3, unknown_per_second=0.01)
    )
    web = opened(replace_settings(asking, changed), idp)
    assert [web.get("/entrar/proveedor").status_code for _ in range(4)] == [303, 303, 303, 429]
    assert web.get("/entrar").status_code == 200


def replace_settings(asking: Asking, settings: Any) -> Asking:
    return replace(asking, settings=settings)


def test_nothing_of_code_token_or_claims_is_logged(
    asking: Asking, web: TestClient, idp: SmallProvider, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    idp.person |= {"email": "rosa@example.pe", "name": "Rosa Ficticia"}
    with caplog.at_level(logging.DEBUG):
        begun = web.get("/entrar/proveedor")
        back = idp.sign_in(begun.headers["location"])
        web.get(back)
        idp.id_token = {"nonce": "other"}
        failed = idp.sign_in(to_provider(web))
        web.get(failed)
    secret = [value for address in (back, failed) for value in parse_qs(urlsplit(address).query)["code"]]
    secret += [
        *idp.issued,
        *(part for token in idp.issued for part in token.split(".")[1:]),
        SECRET,
        "rosa",
        "Ficticia",
    ]
    secret += parse_qs(urlsplit(begun.headers["location"]).query)["nonce"] + [web.cookies.get("__Host-qhawaq")]
    kept = [
        record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "asyncio"))
    ]  # the test's own browser
    written = "\n".join(kept) + asking.settings.access_log.read_text()
    assert "a token of the identity provider's own is not accepted: its nonce" in written
    assert [value for value in secret if value in written] == []
    lines = [json.loads(line) for line in asking.settings.access_log.read_text().splitlines()]
    assert [(line["who"], line["what"], line["why"]) for line in lines] == [("u-1", "sign-in", "identity provider")]


def test_without_a_client_nobody_signs_in_here(client: TestClient) -> None:
    assert "/entrar/proveedor" not in client.get("/entrar").text
    for path in ("/entrar/proveedor", "/entrar/vuelta?code=a&state=b", "/entrar/salida"):
        assert client.get(path).status_code == 404

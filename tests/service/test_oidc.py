"""The identity provider as the environment names it: all of it, none of it, or a sentence that says what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from service import oidc
from warehouse.errors import QhawaqError

ISSUER = "https://login.example.pe/realms/minedu"
BEARER = {"QHAWAQ_OIDC_ISSUER": ISSUER, "QHAWAQ_OIDC_AUDIENCE": "qhawaq", "QHAWAQ_OIDC_KEYS": "/etc/jwks.json"}
SIGN_IN = {
    "QHAWAQ_OIDC_ISSUER": ISSUER,
    "QHAWAQ_OIDC_CLIENT": "servicio",
    "QHAWAQ_PUBLIC_URL": "https://qhawaq.example.pe/",
}


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "client-secret"
    file.write_text("s3cr3t\n")
    file.chmod(0o600)
    return file


def named(monkeypatch: pytest.MonkeyPatch, **given: str | None) -> oidc.Oidc | None:
    for name in ("ISSUER", "AUDIENCE", "KEYS", "CLIENT", "SECRET_FILE", "ROLES_CLAIM"):
        monkeypatch.delenv(f"QHAWAQ_OIDC_{name}", raising=False)
    monkeypatch.delenv("QHAWAQ_PUBLIC_URL", raising=False)
    for name, value in given.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    return oidc.from_environment()


def test_bearer_tokens_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    assert named(monkeypatch) is None
    assert named(monkeypatch, QHAWAQ_OIDC_ISSUER=ISSUER) is None
    found = named(monkeypatch, **BEARER)
    assert (found.issuer, found.audience, found.keys) == (ISSUER, "qhawaq", Path("/etc/jwks.json"))
    assert (found.areas_claim, found.client) == ("qhawaq_areas", None)
    assert found.roles_claims == ("realm_access.roles", "roles")
    assert named(monkeypatch, **BEARER | {"QHAWAQ_OIDC_KEYS": ""}).keys is None  # the provider is asked
    assert named(monkeypatch, **BEARER | {"QHAWAQ_OIDC_ISSUER": "http://login.example.pe"}).client is None


def test_people_sign_in_where_all_is_named(monkeypatch: pytest.MonkeyPatch, secret: Path) -> None:
    found = named(monkeypatch, **SIGN_IN, QHAWAQ_OIDC_SECRET_FILE=str(secret), QHAWAQ_OIDC_ROLES_CLAIM="a.b")
    assert (found.audience, found.roles_claims) == ("servicio", ("a.b",))
    assert (found.client.client_id, found.client.secret) == ("servicio", "s3cr3t")
    assert (found.client.address, found.client.is_secure) == ("https://qhawaq.example.pe", True)
    assert "s3cr3t" not in repr(found)


@pytest.mark.parametrize(
    "changed",
    [{"QHAWAQ_OIDC_ISSUER": None}, {"QHAWAQ_OIDC_CLIENT": None}, {"QHAWAQ_PUBLIC_URL": None},
     {"QHAWAQ_OIDC_SECRET_FILE": None}, {"QHAWAQ_OIDC_SECRET_FILE": "/nowhere"},
     *({"QHAWAQ_OIDC_ISSUER": issuer} for issuer in ("http://login.example.pe", "login.example.pe", "https://", "http://["
       , "http://127.0.0.1.example.pe", "https://a:b@login.example.pe")),
     *({"QHAWAQ_PUBLIC_URL": url} for url in ("http://qhawaq.example.pe", "https://qhawaq.example.pe/x", "qhawaq",
       "https://qhawaq.example.pe/?a", "https://qhawaq.example.pe/#a", "ftp://127.0.0.1"))],
)  # fmt: skip
def test_what_is_missing_or_unsafe_is_said(
    monkeypatch: pytest.MonkeyPatch, secret: Path, changed: dict[str, str | None]
) -> None:
    with pytest.raises(QhawaqError, match=r"QHAWAQ_") as told:
        named(monkeypatch, **SIGN_IN | {"QHAWAQ_OIDC_SECRET_FILE": str(secret)} | changed)
    assert "s3cr3t" not in str(told.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_can_read_is_none(monkeypatch: pytest.MonkeyPatch, secret: Path, mode: int) -> None:
    secret.chmod(mode)
    with pytest.raises(QhawaqError, match="can be read by others: chmod 600"):
        named(monkeypatch, **SIGN_IN, QHAWAQ_OIDC_SECRET_FILE=str(secret))


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_told(monkeypatch: pytest.MonkeyPatch, secret: Path, content: bytes) -> None:
    secret.write_bytes(content)
    with pytest.raises(QhawaqError, match="secret"):
        named(monkeypatch, **SIGN_IN, QHAWAQ_OIDC_SECRET_FILE=str(secret))


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/realms/x", "http://[::1]:8080", "http://localhost:8080"])
def test_this_machine_needs_no_tls(address: str) -> None:
    assert oidc.is_safe(address)


@pytest.mark.parametrize("address", ["http://localhost.example.pe", "http://0.0.0.0", "http://10.0.0.1", "https://a\n"])
def test_other_machines_need_it(address: str) -> None:
    assert not oidc.is_safe(address)

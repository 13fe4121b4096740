"""Keys of machines: made, listed, rotated and revoked by the command, and at once by a service that runs."""

from __future__ import annotations

import json
import logging
import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service import access, api, api_keys, last_use
from tests.conftest import qhawaq
from tests.logs import n_lines
from tests.service.conftest import HERE, MACHINE, Asking
from warehouse.errors import DamagedFile, QhawaqError
from warehouse.settings import Home

CHILD = f"/v1/children/{HERE}"
OF = ("--scope", "predict", "--area", "ugel:150101")


def test_a_key_is_made_where_there_are_no_secrets_yet(home: Home) -> None:
    assert not home.secrets.exists()
    key = qhawaq(home.root, "key", "new", "m", *OF, "--days", "30").stdout.strip()
    kept = home.api_keys.read_text()
    assert len(key) > 40
    assert key not in kept
    assert home.api_keys.stat().st_mode & 0o777 == 0o600
    assert home.secrets.stat().st_mode & 0o777 == 0o700
    assert access.Authenticator(home.api_keys, None).caller({"x-api-key": key}).areas == {"ugel:150101"}
    assert re.search(
        r"m +until \d{4}-\d\d-\d\d  last used never +predict  ugel:150101", qhawaq(home.root, "key", "list").stdout
    )


def test_what_is_done_to_keys_stands_in_the_access_log(home: Home) -> None:
    qhawaq(home.root, "key", "new", "m", *OF, "--who", "ana")
    qhawaq(home.root, "key", "rotate", "m", "--overlap", "2")
    qhawaq(home.root, "key", "revoke", "m", "--who", "ana")
    lines = [json.loads(line) for line in home.access_log.read_text().splitlines()]
    assert [line["why"].split()[0] for line in lines] == ["new", "another", "revoked"]
    assert {line["what"] for line in lines} == {"key"}
    assert lines[2]["who"] == "ana"
    assert lines[2]["why"] == "revoked 2 keys of m"
    assert n_lines(home) == 3


@pytest.mark.parametrize(
    "given",
    [("m",), ("m", "--scope", "predict"), ("m", "--area", "*"), ("m", "--scope", "all", "--area", "*"),
     ("m", *OF, "--area", "150101"), ("m", *OF, "--area", "ugel:15"), ("m", *OF, "--area", "region:15\n"),
     ("m", *OF, "--area", "school:0123456"), ("m", *OF, "--area", ""), ("", *OF), ("a b", *OF), ("x" * 65, *OF),
     ("m", *OF, "--days", "367"), ("m", *OF, "--days", "0")],
)  # fmt: skip
def test_scopes_areas_and_names_have_a_form(home: Home, given: tuple[str, ...]) -> None:
    qhawaq(home.root, "key", "new", *given, expect=2)
    assert not home.api_keys.exists()


@pytest.mark.parametrize("area", ["*", "region:15", "ugel:150101", "school:0123456-0", "province:1501"])
def test_every_kind_of_area_can_be_given(home: Home, area: str) -> None:
    qhawaq(home.root, "key", "new", "m", "--scope", "education", "--scope", "protection", "--area", area)


def test_a_name_has_one_key_and_no_name_none(home: Home) -> None:
    qhawaq(home.root, "key", "new", "m", *OF)
    assert "rotate m" in qhawaq(home.root, "key", "new", "m", *OF, expect=2).stderr
    for command in ("revoke", "rotate"):
        assert "there is no key of x" in qhawaq(home.root, "key", command, "x", expect=1).stderr


def test_a_rotated_key_ends_at_once_or_after_its_overlap(asking: Asking) -> None:
    path = asking.settings.api_keys
    second = api_keys.rotate(path, "sistema", days=1, overlap=timedelta(hours=1))
    known = access.Authenticator(path, None)
    assert known.caller({"x-api-key": "good"}).scopes == known.caller({"x-api-key": second}).scopes
    third = api_keys.rotate(path, "sistema", days=1)
    known.refresh()
    for key, is_known in (("good", False), (second, False), (third, True)):
        assert _lets_in(known, key) == is_known
    assert [entry.name for entry in api_keys.read(path)] == ["viejo", "sistema"]


def _lets_in(known: access.Authenticator, key: str) -> bool:
    try:
        return bool(known.caller({"x-api-key": key}))
    except access.Refused:
        return False


def test_a_revoked_key_is_refused_within_a_second_and_logged(
    asking: Asking, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get(CHILD, headers=MACHINE).status_code == 200
    caplog.set_level(logging.WARNING, "qhawaq.serve")
    api_keys.revoke(asking.settings.api_keys, "sistema")
    began = time.monotonic()
    while client.get(CHILD, headers=MACHINE).status_code == 200:
        assert time.monotonic() - began < 1
    assert "taken away sistema" in caplog.text


def test_a_service_that_is_busy_with_a_release_refuses_it_too(
    asking: Asking, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys were looked at last, after whatever a new release takes, and not at all where that failed."""
    service = client.app.state.service  # type: ignore[attr-defined]
    monkeypatch.setattr(service.current, "refresh", lambda: time.sleep(3))
    time.sleep(0.6)
    api_keys.revoke(asking.settings.api_keys, "sistema")
    time.sleep(access.LOOK_EVERY)
    assert client.get(CHILD, headers=MACHINE).status_code == 401


def test_a_damaged_file_lets_no_machine_in_and_says_so(
    asking: Asking, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get(CHILD, headers=MACHINE).status_code == 200
    asking.settings.api_keys.write_text('[{"name": "sist')
    time.sleep(access.LOOK_EVERY)
    assert client.get(CHILD, headers=MACHINE).status_code == 401
    assert client.get(CHILD, headers=asking.token()).status_code == 200
    assert "no machine is let in until this is mended" in caplog.text


@pytest.mark.parametrize(
    "change", [{"expires": "soon"}, {"expires": "2999-01-01T00:00:00"}, {"scopes": ["all"]}, {"areas": ["150101"]},
               {"areas": "*"}, {"sha256": "é"}, {"name": 5}, {"name": None}],
)  # fmt: skip
def test_a_file_with_anything_wrong_in_it_stops_the_service_at_its_start(asking: Asking, change: dict) -> None:
    path = asking.settings.api_keys
    entries = json.loads(path.read_text())
    path.write_text(json.dumps([entries[0] | change, *entries[1:]]))
    with pytest.raises(DamagedFile, match="is damaged, an entry is no key of ours: restore it"):
        api.create(asking.settings)
    with pytest.raises(DamagedFile):
        api_keys.revoke(path, "viejo")


def test_damaged_keys_of_the_provider_stop_it_too(asking: Asking) -> None:
    asking.settings.oidc.keys.write_text('{"keys": []}')
    with pytest.raises(QhawaqError, match="holds no public keys"):
        api.create(asking.settings)


def test_the_last_use_is_written_once_a_minute(
    asking: Asking, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, service = last_use.path_beside(asking.settings.api_keys), client.app.state.service  # type: ignore[attr-defined]
    written: list[str] = []
    monkeypatch.setattr(last_use, "write_whole", lambda path, content, mode: written.append(content))
    for _ in range(50):
        client.get(CHILD, headers=MACHINE)
        service.refresh()
    assert len(written) == 1
    assert api_keys.hashed("good") in json.loads(written[0])
    service.authenticator.last_use.written_at -= last_use.EVERY
    service.refresh()
    assert len(written) == 2
    service.refresh()
    assert len(written) == 2
    assert not path.exists()


def test_the_last_use_is_listed_and_survives_a_restart(home: Home, asking: Asking) -> None:
    key = qhawaq(home.root, "key", "new", "m", *OF).stdout.strip()
    known = access.Authenticator(home.api_keys, None)
    known.caller({"x-api-key": key})
    known.write_last_use()
    assert re.search(r"last used \d{4}-\d\d-\d\d \d\d:\d\d UTC", qhawaq(home.root, "key", "list").stdout)
    assert access.Authenticator(home.api_keys, None).last_use.moments.keys() == {api_keys.hashed(key)}


def test_a_damaged_file_of_last_uses_stops_nothing(tmp_path: Path) -> None:
    for content in ("", "[", "[]", '{"a": 5}', '{"a": "x"}'):
        (tmp_path / "api_keys_used.json").write_text(content)
        assert last_use.read(tmp_path / "api_keys_used.json") == {}

"""Who is let in, what they may see, and that it is written down."""

from __future__ import annotations

import json
import time

import duckdb
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient

from service import access, api_keys
from tests.service.conftest import ELSEWHERE, HERE, MACHINE, NAME, Asking

CHILD = f"/v1/children/{HERE}"
WHY = {"reason": "visita acordada con la dirección"}


def test_a_known_key_and_a_good_token_are_let_in(asking: Asking, client: TestClient) -> None:
    assert client.get(CHILD, headers=MACHINE).status_code == 200
    assert client.get(CHILD, headers=asking.token()).json()["listed"]["rank_in_ugel"] == 1


def test_keys_are_taken_up_and_taken_away_while_it_runs(asking: Asking) -> None:
    authenticator = access.Authenticator(asking.settings.api_keys, asking.settings.oidc)
    keys, issuers = asking.settings.api_keys, asking.settings.oidc.keys
    entry = json.loads(keys.read_text())[0] | {"sha256": api_keys.hashed("new")}

    def lets_in(**headers: str) -> bool:
        try:
            return bool(authenticator.caller({name.replace("_", "-"): value for name, value in headers.items()}))
        except access.Refused:
            return False

    assert (lets_in(x_api_key="good"), lets_in(x_api_key="new")) == (True, False)
    keys.write_text(json.dumps([entry]))
    authenticator.refresh()
    assert (lets_in(x_api_key="good"), lets_in(x_api_key="new")) == (False, True)
    for damaged in ("[{", "", "null", "{}", "[1]", '[{"caller": "m"}]', "\xff", json.dumps([entry | {"areas": "*"}])):
        keys.write_text(damaged, encoding="latin-1")  # nobody can tell which keys were to be taken away: none counts
        authenticator.refresh()
        assert (lets_in(x_api_key="good"), lets_in(x_api_key="new")) == (False, False)
        keys.write_text(json.dumps([entry]))
        authenticator.refresh()
        assert lets_in(x_api_key="new")
    keys.unlink()
    authenticator.refresh()
    assert not lets_in(x_api_key="new")

    token = asking.token()["Authorization"]
    assert lets_in(authorization=token)
    other = rsa.generate_private_key(65537, 2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key())) | {"kid": "k2", "use": "sig"}
    issuers.write_text(json.dumps({"keys": [public]}))
    authenticator.refresh()
    assert not lets_in(authorization=token)
    token = asking.token(other, "k2")["Authorization"]
    assert lets_in(authorization=token)
    issuers.write_text("{")
    authenticator.refresh()
    assert not lets_in(authorization=token)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "bad"},
        {"X-API-Key": "old"},
        {"Authorization": "Bearer x.y.z"},
        {"Authorization": "Basic eA=="},
    ],
)
def test_who_is_not_known_is_told_so_and_nothing_else(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.get(CHILD, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert HERE not in answer.text


@pytest.mark.parametrize(
    "changed",
    [{"exp": 1}, {"aud": "other"}, {"iss": "https://evil.example"}, {"sub": None}, {"exp": None}, {"aud": None},
     {"nbf": time.time() + 3600}],
)  # fmt: skip
def test_expired_foreign_and_incomplete_tokens_are_refused(asking: Asking, client: TestClient, changed: dict) -> None:
    assert client.get(CHILD, headers=asking.token(**changed)).status_code == 401


@pytest.mark.parametrize(("sign", "claim"), [(-1, "exp"), (1, "nbf"), (1, "iat")])
@pytest.mark.parametrize(("seconds", "status"), [(50, 200), (75, 401)])
def test_clocks_may_differ_by_a_minute_and_no_more(
    asking: Asking, client: TestClient, sign: int, claim: str, seconds: int, status: int
) -> None:
    changed = {claim: time.time() + sign * seconds}
    assert client.get(CHILD, headers=asking.token(**changed)).status_code == status


def test_a_token_of_another_key_or_without_signature_is_refused(asking: Asking, client: TestClient) -> None:
    stranger = rsa.generate_private_key(65537, 2048)
    assert client.get(CHILD, headers=asking.token(stranger)).status_code == 401
    assert client.get(CHILD, headers=asking.token(kid="unknown")).status_code == 401
    unsigned = "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ." + asking.token()["Authorization"].split(".")[1] + "."
    assert client.get(CHILD, headers={"Authorization": f"Bearer {unsigned}"}).status_code == 401


@pytest.mark.parametrize(("scope", "status"), [("predict", 403), ("", 403), (None, 403), ("education", 200)])
def test_a_scope_is_needed(asking: Asking, client: TestClient, scope: str | None, status: int) -> None:
    assert client.get(CHILD, headers=asking.token(scope=scope)).status_code == status


@pytest.mark.parametrize(
    "areas", [["ugel:150101"], ["region:15"], ["school:0000001-0"], ["*"], "ugel:150101 region:99"]
)
def test_a_child_of_an_own_area_is_seen(asking: Asking, client: TestClient, areas: list[str]) -> None:
    assert client.get(CHILD, headers=asking.token(qhawaq_areas=areas)).status_code == 200


@pytest.mark.parametrize(
    "areas", [["ugel:080101"], ["region:08"], ["school:0000002-0"], ["ugel:15"], [], None, "150101"]
)
def test_a_child_of_another_area_is_like_no_child_at_all(asking: Asking, client: TestClient, areas: object) -> None:
    stranger, nobody = (
        client.get(path, headers=asking.token(qhawaq_areas=areas)) for path in (CHILD, "/v1/children/9")
    )
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.json() == nobody.json()


def test_cases_are_those_of_the_own_areas(asking: Asking, client: TestClient) -> None:
    seen = lambda **claims: {  # noqa: E731
        case["child_key"] for case in client.get("/v1/cases", headers=asking.token(**claims)).json()["cases"]
    }
    assert seen() == {HERE}
    assert seen(qhawaq_areas=["region:08"]) == {ELSEWHERE}
    assert seen(qhawaq_areas=["school:0000002-0", "ugel:150101"]) == {HERE, ELSEWHERE}
    assert seen(qhawaq_areas=["*"]) == {HERE, ELSEWHERE}
    assert seen(qhawaq_areas=[]) == set()


def test_a_case_follows_its_child_to_another_ugel(asking: Asking) -> None:
    """The UGEL that a child left sees neither the child nor its case; the one where it is now sees both its cases."""
    with duckdb.connect(str(asking.settings.children)) as db:
        db.execute(
            f"insert into cases by name select * replace (2024 as school_year, '150101' as ugel_code) from cases where child_key = '{ELSEWHERE}'"
        )
    with asking.client() as client:
        left = client.get("/v1/cases", headers=asking.token(qhawaq_areas=["ugel:150101"])).json()["cases"]
        now = client.get("/v1/cases", headers=asking.token(qhawaq_areas=["ugel:080101"])).json()["cases"]
    assert [case["child_key"] for case in left] == [HERE]
    assert [(case["child_key"], case["school_year"], case["ugel_code"]) for case in now] == [
        (ELSEWHERE, 2025, "080101"), (ELSEWHERE, 2024, "080101"),
    ]  # fmt: skip


def test_cases_come_in_pages(client: TestClient) -> None:
    first = client.get("/v1/cases?limit=1", headers=MACHINE).json()
    second = client.get(f"/v1/cases?limit=1&offset={first['next_offset']}", headers=MACHINE).json()
    assert [page["cases"][0]["child_key"] for page in (first, second)] == [ELSEWHERE, HERE]
    assert client.get("/v1/cases?limit=1&offset=2", headers=MACHINE).json() == {"cases": [], "next_offset": None}


def test_a_name_is_logged_before_it_is_shown(asking: Asking, client: TestClient) -> None:
    answer = client.post(f"{CHILD}/identity", json=WHY, headers=asking.token())
    assert answer.json() == NAME
    last = json.loads(asking.settings.access_log.read_text().splitlines()[-1])
    assert (last["who"], last["what"], last["child"], last["why"]) == ("docente", "identity", HERE, WHY["reason"])
    assert "Ficticia" not in asking.settings.access_log.read_text()


def test_no_name_without_a_log(asking: Asking, client: TestClient) -> None:
    asking.settings.access_log.unlink(missing_ok=True)
    asking.settings.access_log.mkdir()  # it cannot be written
    assert client.post(f"{CHILD}/identity", json=WHY, headers=asking.token()).status_code == 500
    assert asking.revealed == []


@pytest.mark.parametrize(
    ("body", "claims", "status"),
    [({"reason": "abc defghi"}, {}, 422), ({"reason": "abc defghij"}, {}, 200), ({"reason": "x" * 10}, {}, 422), ({}, {}, 422), (WHY, {"scope": "education"}, 403),
     (WHY, {"scope": "identity"}, 403), (WHY, {"qhawaq_areas": ["ugel:080101"]}, 404)],
)  # fmt: skip
def test_a_name_needs_scopes_an_area_and_a_reason(
    asking: Asking, client: TestClient, body: dict, claims: dict, status: int
) -> None:
    assert client.post(f"{CHILD}/identity", json=body, headers=asking.token(**claims)).status_code == status
    assert len(asking.revealed) == (status == 200)


def test_names_are_shown_so_often_and_no_oftener(asking: Asking) -> None:
    with asking.client(reveals_per_hour=2) as client:
        said = [client.post(f"{CHILD}/identity", json=WHY, headers=asking.token()) for _ in range(3)]
    assert [one.status_code for one in said] == [200, 200, 429]
    assert 1700 < int(said[2].headers["retry-after"]) <= 1800
    assert len(asking.revealed) == 2

"""A director states the capacity of a UGEL on its page; what is wrong comes back beside its field."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.settings import Busy
from tests.service.conftest import Asking
from warehouse.errors import UsageError

TYPED = {
    "place": "ugel:150101",
    "n_children": "40",
    "valid_from": "2026-03-01",
    "why": "Se incorporan dos trabajadoras sociales",
}
WHO = {"scope": "planning", "sub": "directora"}


def post(asking: Asking, client: TestClient, **changed: str) -> Any:
    page = client.get("/ugel", headers=asking.token(**WHO)).text
    seal = re.search(r'action="/ugel/capacidad">\s*<input type="hidden" name="seal" value="([0-9a-f]+)"', page)
    assert seal
    return client.post("/ugel/capacidad", data={"seal": seal[1]} | TYPED | changed, headers=asking.token(**WHO))


@pytest.fixture
def stated(asking: Asking) -> list[tuple[Any, ...]]:
    told: list[tuple[Any, ...]] = []

    def state(*given: Any) -> None:
        if given[1] == 41:
            raise UsageError("parameter 1 states just this")
        if given[1] == 42:
            raise Busy("the warehouse is being written")
        told.append(given)

    asking.settings = replace(asking.settings, state_capacity=state)
    return told


def test_a_capacity_is_stated_with_who_why_and_from_when(asking: Asking, stated: list[tuple[Any, ...]]) -> None:
    with asking.client() as client:
        answer = post(asking, client)
    assert answer.status_code == 200
    assert "Se guardó" in answer.text
    assert stated == [("150101", 40, date(2026, 3, 1), "directora", TYPED["why"])]


@pytest.mark.parametrize("n_children", ["1", "9999"])
def test_what_can_just_be_is_stated(asking: Asking, stated: list[tuple[Any, ...]], n_children: str) -> None:
    with asking.client() as client:
        assert post(asking, client, n_children=n_children).status_code == 200
    assert stated[0][1] == int(n_children)


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("n_children", "0", "un número de 1 a 9999"),
        ("n_children", "10000", "un número de 1 a 9999"),
        ("n_children", "-3", "un número de 1 a 9999"),
        ("n_children", "muchos", "un número de 1 a 9999"),
        ("n_children", "", "un número de 1 a 9999"),
        ("n_children", "41", "ya vale desde ese día"),
        ("n_children", "42", "se está actualizando"),
        ("valid_from", "marzo", "Elija desde qué día"),
        ("why", "porque", "Explique el motivo"),
    ],
)
def test_what_cannot_be_comes_back_beside_its_field(
    asking: Asking, stated: list[tuple[Any, ...]], field: str, typed: str, said: str
) -> None:
    with asking.client() as client:
        answer = post(asking, client, **{field: typed})
    assert answer.status_code == 422
    beside = re.search(
        rf'<input id="{field}"[^>]*value="([^"]*)"[^>]*aria-invalid[^>]*>\s*<p [^>]*>([^<]*)<', answer.text
    )
    assert beside
    assert (beside[1], said in beside[2]) == (typed, True)
    assert TYPED["why"] in answer.text or field == "why"  # what was typed is kept
    assert stated == []


def test_nobody_states_it_for_another_ugel(asking: Asking, stated: list[tuple[Any, ...]]) -> None:
    with asking.client() as client:
        for place in ("ugel:080101", "", "school:0000001-0", "ugel:*"):
            assert post(asking, client, place=place).status_code == 403, place
        assert client.post("/ugel/capacidad", data=TYPED | {"seal": "x"}, headers=asking.token()).status_code == 403
    assert stated == []

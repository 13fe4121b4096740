"""What is answered adds up, says what is missing, and is always one model's."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace

import duckdb
import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from ml.models.terms import Terms
from service import api, live, predict
from service.live import Disagreement
from service.predict import PreparedRow
from tests.service.conftest import MACHINE, REASONS, TERMS, Asking, configuration, deploy
from warehouse.settings import DBT_PROJECT

TEXTS = DBT_PROJECT / "models" / "intermediate" / "lists" / "int_lists__reasons.sql"
URL = "/v1/predictions:from-features"
FEATURES = {"attendance_share": 0.8, "failed_areas": 1, "is_working": True}
ROW = {"as_of_date": "2025-10-31", "ugel_code": "150101", "level": "F0", "is_rural": True, "features": FEATURES}


def ask(client: TestClient, *rows: dict, status: int = 200) -> list[dict]:
    answer = client.post(URL, json={"rows": list(rows)}, headers=MACHINE)
    assert answer.status_code == status, answer.text
    return answer.json()["predictions"] if status == 200 else answer.json()


def test_a_score_by_hand(client: TestClient) -> None:
    (found,) = ask(client, ROW)
    assert found["log_odds"] == pytest.approx(
        -0.1 + 1.3 * (-3.0 + 0.7 + 0.9 + 0.4), abs=1e-12
    )  # 0.8 is in the bin below
    assert found["tier"] == "alto"
    assert [reason["text"] for reason in found["reasons"]] == [
        "tiene 1 área por debajo de lo esperado", "asistió al 80 % de los días", "trabaja",
    ]  # fmt: skip
    assert found["expires_on"] == "2026-02-28"
    assert found["missing"] == []


@pytest.mark.parametrize(("ugel", "tier"), [("150101", "bajo"), ("080101", None), (None, None)])
def test_a_tier_is_by_what_the_ugel_can_visit(client: TestClient, ugel: str | None, tier: str | None) -> None:
    (found,) = ask(client, ROW | {"ugel_code": ugel, "features": FEATURES | {"failed_areas": 0}})
    assert found["tier"] == tier


@given(st.lists(st.one_of(st.none(), st.floats(-2, 2), st.booleans()), min_size=3, max_size=3),
       st.sampled_from(["F0", "B0", None]), st.sampled_from([True, False, None]))  # fmt: skip
def test_base_reasons_and_rest_are_the_score(values: list, level: str | None, rural: bool | None) -> None:
    one = live.LiveModel("m1", "interruption", TERMS, configuration())
    day = np.datetime64("2025-10-31").item()
    row = PreparedRow(dict(zip(TERMS.features, values, strict=True)), day, level=level, is_rural=rural)
    (found,) = predict.predict(one, [row])
    total = found["base"] + sum(reason["contribution"] for reason in found["reasons"]) + found["rest"]
    assert total == pytest.approx(found["log_odds"], abs=1e-9)
    assert found["probability"] == pytest.approx(1 / (1 + np.exp(-found["log_odds"])))
    assert found["missing"] == [name for name, value in zip(TERMS.features, values, strict=True) if value is None]


def test_rows_are_answered_in_their_order_and_alike_in_any_company(client: TestClient) -> None:
    rows = [ROW | {"child_key": str(n), "features": FEATURES | {"attendance_share": n / 60}} for n in range(60)]
    together = ask(client, *rows)
    assert [found["child_key"] for found in together] == [str(n) for n in range(60)]
    assert together[::7] == [ask(client, row)[0] for row in rows[::7]]


@pytest.mark.parametrize(
    ("features", "said"),
    [({"attendance_share": 1}, "2 are missing"), (FEATURES | {"poverty": 1}, "1 are not known (poverty)"),
     (FEATURES | {"failed_areas": "dos"}, "failed_areas"), ({}, "3 are missing")],
)  # fmt: skip
def test_features_that_break_the_contract_are_refused_by_name(client: TestClient, features: dict, said: str) -> None:
    assert said in ask(client, ROW | {"features": features}, status=422)["detail"]


@pytest.mark.parametrize(
    ("value", "status"), [(1e9, 200), (-1e9, 200), (1.0000001e9, 422), (1e308, 422), (-1e308, 422)]
)
def test_a_number_that_is_no_observation_is_refused(client: TestClient, value: float, status: int) -> None:
    ask(client, ROW | {"features": FEATURES | {"failed_areas": value}}, status=status)


@pytest.mark.parametrize(
    ("day", "expires"), [("9999-12-31", "9999-12-31"), ("9999-09-02", "9999-12-31"), ("9999-09-01", "9999-12-30")]
)
def test_a_score_of_the_last_days_expires_before_time_ends(client: TestClient, day: str, expires: str) -> None:
    assert ask(client, ROW | {"as_of_date": day})[0]["expires_on"] == expires


def test_what_was_sent_is_not_sent_back(client: TestClient) -> None:
    said = ask(client, ROW | {"child_key": "María Quispe"}, status=422)
    assert "Quispe" not in json.dumps(said)


def test_more_rows_or_bytes_than_allowed_are_refused(asking: Asking) -> None:
    with asking.client(rows=2, body_bytes=2000) as client:
        ask(client, ROW, ROW)
        ask(client, ROW, ROW, ROW, status=413)
        assert client.post(URL, content=b"x" * 2000, headers=MACHINE).status_code == 422
        assert client.post(URL, content=b"x" * 2001, headers=MACHINE).status_code == 413


def test_a_rule_gives_no_probability_and_says_so(asking: Asking) -> None:
    deploy(asking.settings, configuration("rule:abc", None))
    with asking.client() as client:
        assert "rule:abc" in ask(client, ROW, status=409)["detail"]
        assert client.get("/health/ready").json()["model_version"] == "rule:abc"


@pytest.mark.parametrize(
    ("segments", "withheld"), [([], False), (["level=B0"], False), (["region=15"], True), (["level=F0"], True), (["all"], True)]
)  # fmt: skip
def test_where_probabilities_are_withheld_the_rank_stays(asking: Asking, segments: list[str], withheld: bool) -> None:
    row = ROW | {"ugel_code": "150101", "level": "F0"}
    with asking.client() as client:
        plain = ask(client, row)[0]
    content = {name: value for name, value in configuration().items() if name != "sha256"} | {"withheld": segments}
    deploy(asking.settings, content | {"sha256": live.checksum(content)})
    with asking.client() as client:
        found = ask(client, row)[0]
    assert found["is_probability_withheld"] is withheld
    assert (found["probability"] is None) is withheld
    assert (found["log_odds"], found["tier"]) == (plain["log_odds"], plain["tier"])


def damaged(asking: Asking, how: str) -> None:
    said = json.loads(asking.settings.model_config.read_text())
    if how == "a number":
        said["intercept"] = -2.9
    elif how == "a feature":
        said["input_schema"]["properties"].pop("is_working")
        said["sha256"] = live.checksum(said)
    elif how == "the model":
        (asking.settings.models / said["model_file"]).write_bytes(b"another")
    elif how == "no model":
        (asking.settings.models / said["model_file"]).unlink()
    asking.settings.model_config.write_text(
        {"half a file": "{", "a list": "[]", "empty": ""}.get(how, json.dumps(said))
    )


FAULTS = ["a number", "a feature", "the model", "no model", "half a file", "a list", "empty"]


@pytest.mark.parametrize("how", FAULTS)
def test_it_does_not_start_where_file_and_model_disagree(asking: Asking, how: str) -> None:
    damaged(asking, how)
    with pytest.raises(Disagreement):
        api.create(asking.settings)


@pytest.mark.parametrize("how", FAULTS)
def test_running_it_keeps_what_it_serves_and_says_that_it_does(asking: Asking, client: TestClient, how: str) -> None:
    before = ask(client, ROW)
    damaged(asking, how)
    asking.settings.model_config.touch()
    client.app.state.service.current.refresh()
    assert ask(client, ROW) == before
    ready = client.get("/health/ready")
    assert ready.status_code == 503
    assert ready.json()["fault"]
    deploy(asking.settings, configuration("m2"))
    client.app.state.service.current.refresh()
    assert client.get("/health/ready").json() == {"model_version": "m2", "outcome": "interruption", "fault": None}


def test_models_change_under_way_without_a_failure_or_a_mixture(asking: Asking, client: TestClient) -> None:
    other = replace(TERMS, points=tuple(-points for points in TERMS.points))
    expected = {name: ask_one(asking, name, terms) for name, terms in (("m1", TERMS), ("m2", other))}
    stop, seen, faults = threading.Event(), set(), []

    def asks() -> None:
        while not stop.is_set():
            (found,) = ask(client, ROW)
            seen.add(found["model_version"])
            if found["log_odds"] != expected[found["model_version"]]:
                faults.append(found)

    asker = threading.Thread(target=asks)
    asker.start()
    for turn in range(30):
        name, terms = (("m2", other), ("m1", TERMS))[turn % 2]
        deploy(asking.settings, configuration(name, terms, name.encode()), name.encode())
        client.app.state.service.current.refresh()
    stop.set()
    asker.join()
    assert not faults
    assert seen == {"m1", "m2"}


def ask_one(asking: Asking, name: str, terms: Terms) -> float:
    one = live.LiveModel(name, "interruption", terms, configuration(name, terms))
    day = np.datetime64("2025-10-31").item()
    return predict.predict(one, [PreparedRow(**ROW | {"as_of_date": day})])[0]["log_odds"]


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [("is_working", 0.0, None), ("is_working", float("nan"), None), ("failed_areas", 2.5, "3"), ("failed_areas", 1.4, "1 á"),
     ("attendance_share", 0.125, "13"), ("attendance_share", 0.124, "12")],
)  # fmt: skip
def test_sentences_say_what_was_observed(feature: str, value: float, said: str | None) -> None:
    found = predict.sentence(REASONS[feature], value, {"áreas": "área"})
    assert found is None if said is None else said in found


@pytest.mark.parametrize(
    ("value", "unit", "said"), [(9.0, "grade", "cursa sexto"), (10.0, "grade", "cursa 10"), (9.0, "unsaid", None)]
)
def test_a_value_is_said_by_its_name(value: float, unit: str, said: str | None) -> None:
    text = {"value_unit": unit, "reason_text": "cursa {value}", "words": [[9.0, 10.0, "sexto"]]}
    assert predict.sentence(text, value, {}) == said


def test_values_are_said_as_the_warehouse_says_them() -> None:
    """On a list and by the service, down to what lies just between two tenths."""
    values = [at / 2000 for at in range(-9000, 9001)]
    units = ("percent", "points", "number", "decimal")
    with duckdb.connect() as db:
        sql = TEXTS.read_text(encoding="utf-8")
        exact, said = (
            re.search(found, sql, re.DOTALL).group()
            for found in (r"cast\(value as decimal\(\d+, \d+\)\)", r"case texts.value_unit.*?end")
        )
        db.execute(
            f"create table reasons as select {exact} as value from (select unnest($values) as value)",
            {"values": values},
        )
        rows = db.execute(
            f"select texts.value_unit, reasons.value, {said} from reasons, (select unnest($units) as value_unit) as texts",
            {"units": list(units)},
        ).fetchall()
    assert len(rows) == len(values) * len(units)
    assert [predict.shown(float(value), unit) for unit, value, _ in rows] == [said for *_, said in rows]
    assert predict.shown(1.25, "decimal") == "1.3"
    assert [predict.shown(value, "percent") for value in (0.145, 0.285, -0.565, -0.575)] == ["15", "29", "-57", "-58"]
    assert predict.shown(-0.04, "decimal") == "0.0"

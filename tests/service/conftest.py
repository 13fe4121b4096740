"""A service on files made by hand: two children of two UGEL, a model of three features, a provider of tokens."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb
import jwt
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient

from ml.models.calibrate import Calibration, Line
from ml.models.terms import Terms
from service import api, api_keys, live
from service.access import Caller
from service.settings import Limits, Oidc, Settings
from tests.conftest import Country
from tests.service.page_tables import PAGE_TABLES
from warehouse import contracts
from warehouse.landing import journal
from warehouse.landing.visit_journal import VisitJournal
from warehouse.settings import DBT_PROJECT, Home

ISSUER, AUDIENCE = "https://login.example.pe", "qhawaq"
HERE, ELSEWHERE = "111", "222"
NAME = {"given_names": "Ficticia", "first_surname": "<script>", "second_surname": None}
TERMS = Terms(
    ("attendance_share", "failed_areas", "is_working"),
    (np.array([0.8, 0.9]), np.array([0.5]), np.array([0.5])),
    (np.array([0.1, 0.7, 0.2, -0.3]), np.array([0.0, -0.1, 0.9]), np.array([0.05, -0.02, 0.4])),
    -3.0,
    Calibration(1.1, 0.2, {"F0·rural": Line(1.3, -0.1)}),
)
KNOWN = Terms(
    ("attendance_share", "over_age_years"), (np.array([0.8]), np.array([0.5])),
    (np.array([0.1, 0.7, -0.2]), np.array([0.0, -0.1, 0.9])), -3.0,
)  # fmt: skip
REASONS = {
    "attendance_share": {"family": "asistencia", "value_unit": "percent", "action_text": "conversar con la familia",
                         "reason_text": "asistió al {value} % de los días"},
    "failed_areas": {"family": "calificaciones", "value_unit": "number", "action_text": "reforzamiento",
                     "reason_text": "tiene {value} áreas por debajo de lo esperado"},
    "is_working": {"family": "trabajo", "value_unit": "flag", "action_text": "conversar", "reason_text": "trabaja"},
}  # fmt: skip
LISTED = """
create table priority_list as select * from (values
  ('150101', date '2025-10-31', 1, '111', '0000001-0', 9, 'A', 'alto', 0.3, 'al menos 1 de cada 4', 'faltó', 'visitar',
   10, date '2026-02-28', 'm1', 'r1'),
  ('080101', date '2025-10-31', 1, '222', '0000002-0', 9, 'A', 'alto', 0.2, 'entre 1 de cada 10 y 1 de cada 4', 'faltó',
   'visitar', 10, date '2026-02-28', 'm1', 'r1')
) as t (ugel_code, as_of_date, rank_in_ugel, child_key, service_code, grade, section, tier, probability,
  probability_text, reason_text, action_text, days_since_listed, expires_on, model_version, release_id);
create table suggested_services as select '150101' as ugel_code, date '2025-10-31' as as_of_date, '111' as child_key,
  'VISITA' as support_code, 'visita domiciliaria' as tutor_text, 'acumula faltas' as need_text, 'UGEL' as who_acts;
create table immediate_cases as select '150101' as ugel_code, '333' as child_key, '0000003-0' as service_code;
create table cases as select ugel_code, child_key, 2025 as school_year, 'interruption' as matter, 'listado' as case_state,
  date '2025-10-31' as listed_on, null::date as contacted_on, null::date as served_on, null::date as dismissed_on,
  null as dismissed_reason, null::date as closed_on, 'r1' as release_id from priority_list;
create table schools as select * from (values
  ('0000001-0', 'I.E. 0000001', 'primaria', 'SAN JUAN', '150101', 'UGEL 150101, LIMA', true),
  ('0000002-0', 'I.E. 0000002', 'primaria', 'CUSCO', '080101', 'UGEL 080101, CUSCO', true),
  ('0000003-0', null, 'primaria', null, '150101', 'UGEL 150101, LIMA', true)
) as t (service_code, school_name, level_name, district_name, ugel_code, ugel_name, is_in_register);
create table worklist as select * from (values
  ('150101', '111', 2025, '0000001-0', 9, '6.° de primaria', 'A', 'interruption', 1, true, date '2025-10-31', 'faltó; repitió',
   'visitar', 'listado', null, null, 'r1'),
  ('150101', '333', 2025, '0000003-0', 4, '1.° de primaria', null, 'long_absence', null, true, date '2025-03-31',
   'acumula 31 días', 'visita', 'contactado', date '2025-04-02', date '2025-04-02', 'r1'),
  ('080101', '222', 2025, '0000002-0', 9, '6.° de primaria', 'A', 'interruption', 1, true, date '2025-10-31', 'faltó',
   'visitar', 'listado', null, null, 'r1')
) as t (ugel_code, child_key, school_year, service_code, grade, grade_name, section, need, rank_in_ugel,
  is_within_capacity, listed_on, reason_text, action_text, case_state, state_on, last_contact_on,
  release_id);
create table services as select 'VISITA' as support_code, true as is_tutor_safe;
create table school_lists as select '150101' as ugel_code, date '2025-10-31' as as_of_date, '0000001-0' as service_code,
  'B0' as level, 30 as n_pupils, 1 as n_listed;
create table visits as select '150101' as ugel_code, '111' as child_key, '0000000000000001' as visit_key,
  2025 as school_year, 'interruption' as matter, date '2025-11-03' as visited_on, 'asignado' as case_state,
  'NO_UBICADO' as outcome_code, null::varchar as dismissed_reason, null::varchar as support_code,
  null::varchar as services_offered, 'TUTOR VISITA' as services_accepted, null::varchar as services_refused,
  'LLAMAR' as next_step, date '2025-11-10' as next_on, 'r1' as release_id;
create table release as select 'r1' as release_id, 'synthetic' as kind;
"""


def configuration(version: str = "m1", terms: Terms | None = TERMS, model: bytes = b"model") -> dict[str, Any]:
    """Return what a deployment writes."""
    said = {
        "model_version": version, "outcome": "interruption", "algorithm": "additive", "gate": "passed",
        "model_file": f"{version}/model.skops" if terms else None, "model_sha256": live.hashlib.sha256(model).hexdigest(),
        "endpoint": "/v1/predictions:from-features", "expires_after_days": 120, "cut_offs": {"150101": -1.5},
        "intercept": TERMS.base, "reasons": REASONS, "singulars": {"áreas": "área"},
        "terms": [list(row.values())[1:] for row in (terms or TERMS).table(version).to_pylist()],
        "input_schema": {
            "type": "object", "required": list(TERMS.features), "additionalProperties": False,
            "properties": {name: {"type": ["boolean", "number", "null"]} for name in TERMS.features},
        },
    }  # fmt: skip
    return said | {"sha256": live.checksum(said)}


def deploy(settings: Settings, said: dict[str, Any], model: bytes = b"model") -> None:
    """Write a deployment as `qhawaq deploy` does: the model first, then the configuration in one move."""
    if said["model_file"]:
        file = settings.models / said["model_file"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(model)
    aside = settings.model_config.with_suffix(".new")
    aside.write_text(json.dumps(said, ensure_ascii=False))
    aside.replace(settings.model_config)


@dataclass
class Asking:
    """A service under test, and callers of all kinds."""

    settings: Settings
    private: rsa.RSAPrivateKey
    revealed: list[int] = field(default_factory=list)
    demo: dict[str, Caller] = field(default_factory=dict)
    recorded: list[dict[str, Any]] = field(default_factory=list)

    @property
    def home(self) -> Home:
        """Where visits are kept."""
        return Home(self.settings.models.parent / "home")

    def delivered(self) -> list[list[dict[str, str]]]:
        """Return the lines of each visit's delivery that waits, without those columns that say nothing."""
        files = [csv.DictReader(path.open(newline="")) for path in sorted(self.home.inbox.iterdir())]
        return [[{name: value for name, value in row.items() if value} for row in rows] for rows in files]

    def client(self, **limits: Any) -> TestClient:
        settings = replace(self.settings, limits=replace(self.settings.limits, **limits))
        return TestClient(api.create(settings, self.demo), raise_server_exceptions=False)

    def token(self, key: rsa.RSAPrivateKey | None = None, kid: str = "k1", **changed: Any) -> dict[str, str]:
        said = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "docente", "exp": time.time() + 60,
            "scope": "predict education identity", "qhawaq_areas": ["ugel:150101"],
        } | changed  # fmt: skip
        sent = {name: value for name, value in said.items() if value is not None}
        return {"Authorization": f"Bearer {jwt.encode(sent, key or self.private, 'RS256', headers={'kid': kid})}"}


@pytest.fixture(scope="session")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def asking(tmp_path: Path, private: rsa.RSAPrivateKey) -> Asking:
    children = tmp_path / "r1.duckdb"
    with duckdb.connect(str(children)) as db:
        db.execute(LISTED + PAGE_TABLES)
    (tmp_path / "current.duckdb").symlink_to("r1.duckdb")
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key())) | {"kid": "k1", "use": "sig"}
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": [public]}))
    keys = [
        {"name": "sistema", "sha256": api_keys.hashed("good"), "scopes": ["predict", "education", "protection"],
         "areas": ["*"],
         "expires": "2999-01-01T00:00:00+00:00"},
        {"name": "viejo", "sha256": api_keys.hashed("old"), "scopes": ["predict"], "areas": ["*"],
         "expires": "2020-01-01T00:00:00+00:00"},
    ]  # fmt: skip
    (tmp_path / "keys.json").write_text(json.dumps(keys))
    found = Asking(
        Settings(
            tmp_path / "model_config.json", tmp_path / "models", tmp_path / "current.duckdb", tmp_path / "log.jsonl",
            b"key", tmp_path / "keys.json", Oidc(ISSUER, AUDIENCE, tmp_path / "jwks.json"), limits=Limits(),
        ),
        private,
    )  # fmt: skip

    def reveal(child: int) -> dict[str, Any] | None:
        found.revealed.append(child)
        return NAME if child == int(HERE) else None

    def names(children: Sequence[int]) -> dict[int, str]:
        found.revealed.extend(children)
        return {int(HERE): "FICTICIA DE LA <SCRIPT>"} if int(HERE) in children else {}

    found.home.claim("real")
    book = VisitJournal(found.home, contracts.read(DBT_PROJECT)[journal.TABLE])
    found.settings = replace(found.settings, reveal=reveal, names=names, journal=book)
    deploy(found.settings, configuration())
    return found


@pytest.fixture
def scored(asking: Asking, country: Country) -> Asking:
    """A service of the country's children, by a model of two of their features."""
    asking.settings = replace(asking.settings, children=country.home.serving / "service" / "current.duckdb")
    said = configuration("m2", KNOWN)
    said["input_schema"]["properties"] = {name: {"type": ["number", "null"]} for name in KNOWN.features}
    said["sha256"] = live.checksum(said)
    deploy(asking.settings, said)
    return asking


@pytest.fixture
def client(asking: Asking) -> Iterator[TestClient]:
    with asking.client() as opened:
        yield opened


MACHINE = {"X-API-Key": "good"}
Ask = Callable[..., Any]

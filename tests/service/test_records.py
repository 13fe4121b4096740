"""Features and scores of raw records: exactly the warehouse's, whoever sends them, and nothing of a child stays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from service import records as scoring
from service.features import ChildRecords, FeatureDatabase, MadeFeatures, NoContext
from service.predict import Unusable
from tests.conftest import Country
from tests.service.conftest import MACHINE, Asking
from tests.service.records import ENROLLED, children
from warehouse.publish.service_features import FeatureLineage

ALONE = 12  # children who are sent one by one; all are sent together


@pytest.fixture(scope="module")
def published(country: Country) -> Path:
    return (country.home.serving / "service" / "current.duckdb").resolve()


@pytest.fixture(scope="module")
def features(published: Path) -> FeatureDatabase:
    return FeatureDatabase(published)


@pytest.fixture(scope="module")
def db(country: Country) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(country.home.warehouse), read_only=True) as opened:
        yield opened


@pytest.fixture(scope="module")
def built(db: duckdb.DuckDBPyConnection, features: FeatureDatabase) -> dict[int, dict[str, Any]]:
    """What the warehouse built for every child on the date."""
    found = db.execute("select * from features.child_features where as_of_date = ?", [features.as_of])
    names = [column[0] for column in found.description]
    return {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}


@pytest.fixture(scope="module")
def every(
    db: duckdb.DuckDBPyConnection, features: FeatureDatabase, built: dict[int, dict[str, Any]]
) -> tuple[list[ChildRecords], MadeFeatures]:
    """All children's records, and what is made of them."""
    sent = children(db, features, list(built))
    return sent, features.make_features(sent)


def test_every_childs_features_are_the_warehouses(
    every: tuple[list[ChildRecords], MadeFeatures], features: FeatureDatabase, built: dict[int, dict[str, Any]]
) -> None:
    sent, made = every
    assert sum(map(len, (rows for child in sent for rows in child.records.values()))) > 20 * len(built)
    assert any(child.merged for child in sent)
    assert made.features == built
    for child in sent[:ALONE]:
        assert features.make_features([child]).features == {child.key: built[child.key]}


def test_dates_that_a_caller_does_not_state_are_those_of_the_contract(
    db: duckdb.DuckDBPyConnection, features: FeatureDatabase, built: dict[int, dict[str, Any]]
) -> None:
    keys = list(built)[:ALONE]
    made = features.make_features(children(db, features, keys, lineage=False))
    assert made.features == {key: built[key] for key in keys}
    late = [ENROLLED | {"fecha_registro": f"{features.as_of.year + 1}-01-01"}]
    assert not features.make_features([ChildRecords(-1, {"siagie_enrollments": late})]).features


def test_services_are_those_of_the_warehouse(
    every: tuple[list[ChildRecords], MadeFeatures], db: duckdb.DuckDBPyConnection, features: FeatureDatabase
) -> None:
    _, made = every
    wanted = db.execute(
        "select child_key, support_code, is_received from intermediate.int_supports__needs where as_of_date = ?",
        [features.as_of],
    ).fetchall()
    found = {(key, one["support_code"], one["is_received"]) for key, all_ in made.services.items() for one in all_}
    assert found == set(wanted)
    assert len(wanted) > 100


def test_who_is_new_is_compared_with_all_of_the_class(features: FeatureDatabase, db: duckdb.DuckDBPyConnection) -> None:
    service, grade, section, days, absences = db.execute(
        "select service_code, grade, section, sum(open_days), sum(absence_days) from intermediate.int_pupils__peers "
        "where as_of_date = ? and open_days > 0 group by all having count(*) > 1 order by all limit 1", [features.as_of],
    ).fetchone()  # fmt: skip
    place = {"cod_mod": service[:7], "anexo": service[8:], "id_anio": features.as_of.year}
    enrolled = ENROLLED | place | {"id_grado": grade, "id_seccion": section}
    month = place | {"mes": 4, "cod_ugel": "150101", "dias_abiertos": 20, "faltas_justificadas": 0,
                     "faltas_injustificadas": 5, "tardanzas": 0}  # fmt: skip
    made = features.make_features([ChildRecords(-1, {"siagie_enrollments": [enrolled], "siagie_attendance": [month]})])
    rest = round(float(days - absences) / float(days), 4)
    assert made.features[-1]["class_attendance_gap"] == pytest.approx(0.75 - rest, abs=1e-9)


def test_nothing_of_a_child_stays(features: FeatureDatabase) -> None:
    once = features.make_features([ChildRecords(-1, {"siagie_enrollments": [ENROLLED]})])
    assert list(once.features) == [-1]
    assert not features.make_features([ChildRecords(-2, {})]).features
    assert features.make_features([ChildRecords(-1, {"siagie_enrollments": [ENROLLED]})]) == once
    with pytest.raises(Unusable):
        features.make_features([ChildRecords(-3, {"siagie_enrollments": [ENROLLED, ENROLLED | {"id_grado": "x"}]})])
    assert features.make_features([ChildRecords(-1, {"siagie_enrollments": [ENROLLED]})]) == once


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ({"nothing": []}, "no source 'nothing'"),
        ({"siagie_enrollments": [ENROLLED | {"nombres": "x"}]}, "siagie_enrollments has no nombres"),
        ({"siagie_enrollments": [ENROLLED | {"_file": "x"}]}, "has no _file"),
        ({"siagie_enrollments": [ENROLLED | {"id_grado": None}]}, "row 1 lacks id_grado"),
        ({"siagie_enrollments": [ENROLLED | {"child_key": 5}]}, "has no child_key"),
        ({"siagie_enrollments": [ENROLLED | {"fecha_matricula": "31/31/2025"}]}, "siagie_enrollments: a value is not"),
        ({"siagie_enrollments": [ENROLLED | {"id_grado": 10**30}]}, "not of its column's type"),
        ({"siagie_enrollments": [ENROLLED | {"cod_mod": "'); drop table x; --"}]}, None),
        ({"siagie_enrollments": [ENROLLED | {"id_seccion": "\0ñ"}]}, None),
        ({"siagie_enrollments": [ENROLLED | {"id_seccion": "\ud800"}]}, "not of its column's type"),
    ],
)
def test_what_is_no_record_is_refused_without_its_value(
    features: FeatureDatabase, records: dict[str, Any], said: str | None
) -> None:
    if said is None:
        assert set(features.make_features([ChildRecords(-1, records)]).features) == {-1}
        return
    with pytest.raises(Unusable, match=said) as refused:
        features.make_features([ChildRecords(-1, records)])
    assert "31/31" not in str(refused.value)


def test_every_value_is_read_though_no_feature_comes_of_it(features: FeatureDatabase) -> None:
    """The child is not enrolled: nothing on the way needs the row."""
    good = {"DATE": "2025-01-01", "BOOLEAN": True, "VARCHAR": "x"}
    tried = 0
    for source, columns in features.columns().items():
        required = features.schema()[source]["items"]["required"]
        row = {name: good.get(columns[name], 1) for name in required}
        for name in (name for name, kind in columns.items() if kind != "VARCHAR"):
            tried += 1
            with pytest.raises(Unusable, match=f"^{source}: a value is not of its column's type"):
                features.make_features([ChildRecords(-1, {source: [row | {name: "zz"}]})])
    assert tried > 20


def test_a_key_stands_for_one_child(features: FeatureDatabase) -> None:
    for sent in (
        [ChildRecords(5, {}), ChildRecords(5, {})],
        [ChildRecords(5, {}, {5: {}})],
        [ChildRecords(5, {}, {6: {}}), ChildRecords(6, {}, {5: {}})],
    ):
        with pytest.raises(Unusable, match="stands twice"):
            features.make_features(sent)
    enrolled = {"siagie_enrollments": [ENROLLED]}
    merged = features.make_features([ChildRecords(5, {}, {6: enrolled})]).features
    assert (
        merged[5] | {"was_registered_twice": False} == features.make_features([ChildRecords(5, enrolled)]).features[5]
    )


def test_a_key_that_was_merged_is_no_classmate(
    db: duckdb.DuckDBPyConnection, features: FeatureDatabase, built: dict[int, dict[str, Any]]
) -> None:
    """The warehouse still takes the two for two pupils: sent as one child, the other is none of its mates."""
    one, other = db.execute(
        "select min(child_key), max(child_key) from intermediate.int_pupils__peers where as_of_date = ? "
        "group by service_code having count(*) = 2 order by all limit 1", [features.as_of],
    ).fetchone()  # fmt: skip
    assert built[one]["schoolmates_moved_share"] is not None
    (child,) = children(db, features, [one])
    alone = features.make_features([ChildRecords(one, child.records, {**child.merged, other: {}})]).features[one]
    assert alone["schoolmates_moved_share"] is None


def test_nothing_that_was_sent_can_be_written_to_a_disk(features: FeatureDatabase) -> None:
    assert features.db.execute("select current_setting('temp_directory')").fetchone() == ("",)


def test_no_source_of_protection_is_asked_for(country: Country, features: FeatureDatabase) -> None:
    contracts = FeatureLineage(country.home).contracts
    assert {contracts[name].domain for name in features.sources} == {"education", "welfare"}
    assert not [name for name in features.columns()["siagie_enrollments"] if "doc" in name or "nombre" in name]


def test_a_file_without_features_says_so(asking: Asking) -> None:
    with pytest.raises(NoContext):
        FeatureDatabase(asking.settings.children)
    with asking.client() as client:
        assert client.get("/v1/records", headers=MACHINE).status_code == 503


def test_a_home_that_was_built_elsewhere_publishes_none(country: Country, tmp_path: Path) -> None:
    way = FeatureLineage(country.home)
    way.compiled = tmp_path
    with duckdb.connect(str(country.home.warehouse), read_only=True) as opened:
        assert not way.is_complete(opened)
        assert FeatureLineage(country.home).is_complete(opened)
    with duckdb.connect() as empty:
        assert not FeatureLineage(country.home).is_complete(empty)


def test_records_are_scored_over_http(
    scored: Asking, features: FeatureDatabase, built: dict[int, dict[str, Any]]
) -> None:
    sent = {"children": [
        {"records": {"siagie_enrollments": [{name.upper(): value for name, value in ENROLLED.items()}]}},
        {"child_key": "77", "records": {}},
    ]}  # fmt: skip
    with scored.client() as client:
        asked = client.get("/v1/records", headers=MACHINE).json()
        assert asked["sources"] == features.columns()
        found = client.post("/v1/predictions", json=sent, headers=MACHINE)
    assert found.status_code == 200, found.text
    body = found.json()
    assert body["as_of_date"] == asked["as_of_date"] == str(features.as_of)
    assert [(one["position"], one["child_key"]) for one in body["unscored"]] == [(1, "77")]
    (one,) = body["predictions"]
    assert (one["position"], one["missing"]) == (0, ["attendance_share"])
    assert "siagie_attendance" in one["without"]
    assert "siagie_enrollments" not in one["without"]
    made = features.make_features([ChildRecords(-1, {"siagie_enrollments": [ENROLLED]})])
    over_age = made.features[-1]["over_age_years"]
    assert one["log_odds"] == pytest.approx(-3.0 + 0.1 + (0.9 if over_age > 0.5 else -0.1), abs=1e-12)
    assert one["services"] == made.services[-1]


def test_of_schools_elsewhere_nothing_is_learned(scored: Asking, built: dict[int, dict[str, Any]]) -> None:
    ugel, service = next((row["ugel_code"], row["service_code"]) for row in built.values() if row["ugel_code"])
    enrolled = ENROLLED | {"cod_mod": service[:7], "anexo": service[8:]}
    sent = {"children": [{"records": {"siagie_enrollments": [enrolled]}}]}
    strange = {"children": [{"records": {"siagie_enrollments": [ENROLLED]}}]}  # a school that no register names
    with scored.client() as client:

        def asked(area: str, body: dict[str, Any] = sent) -> tuple[int, list[str]]:
            headers = scored.token(scope="predict", qhawaq_areas=[area])
            found = client.post("/v1/predictions", json=body, headers=headers).json()
            return len(found["predictions"]), [one["why"] for one in found["unscored"]]

        for area in (f"ugel:{ugel}", f"region:{ugel[:2]}", f"school:{service}", "*"):
            assert asked(area) == (1, [])
        for area in ("ugel:990101", "region:99", "school:0000009-0"):
            assert asked(area) == (0, [scoring.ELSEWHERE])
        for area in ("region:", "ugel:"):  # an empty name is no area
            assert asked(area, strange) == (0, [scoring.ELSEWHERE])
        assert asked("*", strange) == (1, [])


def test_what_may_not_be_asked(scored: Asking) -> None:
    enrolled = {"records": {"siagie_enrollments": [ENROLLED]}}
    with scored.client(children=2) as client:

        def status(*children: dict[str, Any], headers: dict[str, str] = MACHINE) -> int:
            return client.post("/v1/predictions", json={"children": children}, headers=headers).status_code

        assert status(enrolled, enrolled) == 200
        assert status(enrolled, enrolled, enrolled) == 413
        assert status(*[enrolled | {"child_key": "5"}] * 2) == 422
        assert status({"records": {"x": []}}) == 422
        assert status() == 422
        assert status(enrolled, headers=scored.token(scope="education")) == 403
        assert status(enrolled, headers={}) == 401


def test_all_are_lent_out(scored: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "WAIT_SECONDS", 0.05)
    pool = scoring.FeaturePool(scored.settings.children)
    with pool.borrow(), pool.borrow(), pytest.raises(scoring.Busy), pool.borrow():
        pass
    with pool.borrow() as again:
        assert again.as_of


def test_another_release_is_taken_up_while_the_one_before_is_used(
    published: Path, tmp_path: Path, asking: Asking
) -> None:
    link = tmp_path / "link.duckdb"
    link.symlink_to(published)
    pool = scoring.FeaturePool(link)
    with pool.borrow() as before:
        link.unlink()
        link.symlink_to(asking.settings.children.resolve())
        pool.refresh()
        assert before.make_features([ChildRecords(-1, {"siagie_enrollments": [ENROLLED]})]).features
        with pytest.raises(NoContext), pool.borrow():
            pass
    link.unlink()
    link.symlink_to(published)
    pool.refresh()
    with pool.borrow() as again:
        assert again is not before

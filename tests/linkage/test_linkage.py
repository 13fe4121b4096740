"""Records without a document: linked when sure, reviewed when not, never by chance; once linked, for ever."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from benchmarks import linkage_quality
from tests.conftest import Country, deliver
from tests.landing import samples
from warehouse import database, keys
from warehouse.landing import land
from warehouse.progress import Progress
from warehouse.settings import Home

CASES = "DEMUNA_CASOS_2024_20240620.txt"
HEADER = (
    "CASO|TIPO_DOC|N_DOC|APELLIDO_PATERNO|APELLIDO_MATERNO|NOMBRES|FECHA_NACIMIENTO|UBIGEO|FECHA_INGRESO|MOTIVO|"
    "ESTADO|FECHA_CIERRE\n"
)


def case(number: int, **given: str) -> str:
    """Return one line of a case file without a document."""
    who = {"father": "QUISPE", "mother": "MAMANI", "names": "ROSA ELENA", "born": "2012-05-06"} | given
    return (
        f"D-{number}|||{who['father']}|{who['mother']}|{who['names']}|{who['born']}|150101|2024-06-01|VIOLENCIA|"
        "ABIERTO|\n"
    )


def pupil(person: int, **given: str) -> dict[str, str]:
    who = {"father": "QUISPE", "mother": "MAMANI", "names": "ROSA ELENA", "born": "2012-05-06"} | given
    return {
        "ID_PERSONA": str(person), "TIPO_DOC": "", "N_DOC": "", "APELLIDO_PATERNO": who["father"],
        "APELLIDO_MATERNO": who["mother"], "NOMBRES": who["names"], "FECHA_NACIMIENTO": who["born"],
    }  # fmt: skip


def linked(home: Home, pupils: list[dict[str, str]], cases: list[str]) -> list[tuple]:
    """Land pupils and cases; return (line, child's number, decision, probability) of each link."""
    # strangers, so that a name is evidence
    crowd = [
        pupil(
            1000 + i,
            father=f"APELLIDO{chr(65 + i % 26)}",
            names=f"NOMBRE{chr(65 + i // 26)}",
            born=f"20{i % 9 + 5:02}-01-17",
        )
        for i in range(200)
    ]
    rows = [samples.enrollment(**row).splitlines() for row in [*pupils, *crowd]]
    deliver(home, samples.ENROLLMENT, "\n".join([rows[0][0], *(row[1] for row in rows)]) + "\n")
    deliver(home, CASES, HEADER + "".join(cases))
    outcomes = land.land(home, Progress(quiet=True))
    assert [o.status for o in outcomes] == ["landed", "landed"], outcomes
    return links(home)


def links(home: Home) -> list[tuple]:
    db = database.scratch(home)
    database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
    found = db.execute(
        "select l.line, a.value, l.decision, l.probability from vault.links as l join vault.aliases as a "
        "on a.child_key = l.child_key and a.kind = 'siagie' order by l.line"
    ).fetchall()
    db.close()
    return found


def test_the_same_name_and_birth_date_is_the_same_child(home: Home) -> None:
    ((line, person, decision, probability),) = linked(home, [pupil(1)], [case(1)])
    assert (line, person, decision, probability >= 0.95) == (2, "1", "link", True)


@pytest.mark.parametrize(
    "slip", [{"father": "QUIZPE"}, {"mother": "MAMANÍ"}, {"names": "ROSA"}, {"born": "2012-05-07"}]
)
def test_one_slip_of_the_pen_is_forgiven(home: Home, slip: dict[str, str]) -> None:
    found = linked(home, [pupil(1)], [case(1, **slip)])
    assert [(person, decision) for _, person, decision, _ in found] == [("1", "link")]


def test_a_stranger_is_not_linked(home: Home) -> None:
    assert linked(home, [pupil(1)], [case(1, father="HUAMAN", mother="CCORI", names="LUZ")]) == []


def test_twins_whom_the_record_cannot_tell_apart_go_to_review(home: Home) -> None:
    twins = [pupil(1, names="ROSA ELENA"), pupil(2, names="ROSA MARIA")]
    ((_, _, decision, probability),) = linked(home, twins, [case(1, names="ROSA")])
    assert (decision, probability) == ("review", pytest.approx(0.5, abs=0.02))
    with duckdb.connect(str(home.warehouse), read_only=True) as db:  # a candidate is no business of the warehouse
        assert db.execute("select child_key, decision from raw.record_links").fetchall() == [(None, "review")]


def test_twins_are_told_apart_by_their_second_name(home: Home) -> None:
    twins = [pupil(1, names="ROSA ELENA"), pupil(2, names="ROSA MARIA")]
    found = linked(home, twins, [case(1), case(2, names="ROSA MARIA")])
    assert [(line, person, decision) for line, person, decision, _ in found] == [(2, "1", "link"), (3, "2", "link")]


def test_a_child_who_appears_later_is_linked_then_and_a_link_stays(home: Home) -> None:
    deliver(home, CASES, HEADER + case(1))
    land.land(home, Progress(quiet=True))
    assert links(home) == []
    content = samples.enrollment(**pupil(1))
    deliver(home, "SIAGIE_MATRICULA_2025_20250329.txt", content)
    land.land(home, Progress(quiet=True))
    first = links(home)
    assert [row[2] for row in first] == ["link"]
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert str(db.execute("select known_at from raw.record_links").fetchone()[0]) == "2025-03-29"
    deliver(home, "SIAGIE_MATRICULA_2025_20250428.txt", samples.enrollment(**pupil(2)))
    land.land(home, Progress(quiet=True))
    assert links(home)[: len(first)] == first


def test_over_the_whole_country_links_are_right(country: Country) -> None:
    """Against the answer key; the figures of a large country are in docs/benchmarks.md."""
    found = linkage_quality.measure(country.home, country.truth)
    assert found.records > 40
    assert found.precision >= 0.98
    assert found.recall >= 0.90


def test_every_link_is_in_the_warehouse_with_its_probability(country: Country) -> None:
    in_vault = country.ask("select decision, count(*) from raw.record_links group by 1")
    assert dict(in_vault).get("link", 0) > 40
    assert country.ask("select count(*) from raw.record_links where probability is null or known_at is null") == [(0,)]
    assert country.ask("select count(*) from protection.caseload where linkage = 'linked' and child_key is null") == [
        (0,)
    ]


def test_names_are_in_no_file_beside_the_vault(home: Home) -> None:
    linked(home, [pupil(1, names="ZZCANARIOQ")], [case(1, names="ZZCANARIOQ")])
    for path in Path(home.root).rglob("*"):
        if path.is_file():
            assert b"ZZCANARIOQ" not in path.read_bytes(), path

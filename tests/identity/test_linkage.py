"""Records without a document: linked when sure, reviewed when not, never by chance; once linked, for ever."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from service import home as home_of_service
from tests import homes
from tests.conftest import deliver
from tests.landing import samples
from warehouse import database, keys
from warehouse.identity.linkage.review import Person
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


SLIPS = [{"father": "QUIZPE"}, {"mother": "MAMANÍ"}, {"names": "ROSA"}, {"born": "2012-05-07"}]
STRANGER = {"father": "HUAMAN", "mother": "CCORI", "names": "LUZ"}
RECORDS = [{}, *SLIPS, STRANGER]  # what each differs in from the one pupil


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple]:
    """What became of each record, by its place: one is linked or not whatever else stands in its file."""
    home = Home(tmp_path_factory.mktemp("records") / "home")
    home.claim("real")
    said = linked(home, [pupil(1)], [case(number, **differs) for number, differs in enumerate(RECORDS)])
    by_place = {line - 2: rest for line, *rest in said}
    assert len(by_place) == len(said)
    return by_place


def test_the_same_name_and_birth_date_is_the_same_child(found: dict[int, tuple]) -> None:
    person, decision, probability = found[0]
    assert (person, decision, probability >= 0.95) == ("1", "link", True)


@pytest.mark.parametrize("slip", SLIPS)
def test_one_slip_of_the_pen_is_forgiven(found: dict[int, tuple], slip: dict[str, str]) -> None:
    assert found[RECORDS.index(slip)][:2] == ["1", "link"]


def test_a_stranger_is_not_linked(found: dict[int, tuple]) -> None:
    assert RECORDS.index(STRANGER) not in found


TWINS = [pupil(1, names="ROSA ELENA"), pupil(2, names="ROSA MARIA")]


TRIPLETS = [*TWINS, pupil(3, names="ROSA LUZ")]


def landed(tmp_path_factory: pytest.TempPathFactory, pupils: list[dict[str, str]]) -> Path:
    """Return a home with siblings and one record that fits them all: made once, and nobody may change it."""
    home = Home(tmp_path_factory.mktemp("siblings") / "home")
    home.claim("real")
    linked(home, pupils, [case(1, names="ROSA")])
    return home.root


@pytest.fixture(scope="module")
def landed_twins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return landed(tmp_path_factory, TWINS)


@pytest.fixture(scope="module")
def landed_triplets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return landed(tmp_path_factory, TRIPLETS)


@pytest.fixture
def twins(landed_twins: Path, tmp_path: Path) -> Home:
    """A copy of the home with twins, to decide in."""
    return homes.copy(landed_twins, Home(tmp_path / "twins"))


@pytest.fixture
def triplets(landed_triplets: Path, tmp_path: Path) -> Home:
    """A copy of the home with triplets, to decide in."""
    return homes.copy(landed_triplets, Home(tmp_path / "triplets"))


def test_twins_whom_the_record_cannot_tell_apart_go_to_review(twins: Home) -> None:
    ((_, _, decision, probability),) = links(twins)
    assert (decision, probability) == ("review", pytest.approx(0.5, abs=0.02))
    with duckdb.connect(str(twins.warehouse), read_only=True) as db:  # a candidate is no business of the warehouse
        assert db.execute("select child_key, decision from raw.record_links").fetchall() == [(None, "review")]


def test_twins_are_told_apart_by_their_second_name(home: Home) -> None:
    found = linked(home, TWINS, [case(1), case(2, names="ROSA MARIA")])
    assert [(line, person, decision) for line, person, decision, _ in found] == [(2, "1", "link"), (3, "2", "link")]


def test_a_child_who_appears_later_is_linked_then_and_a_link_stays(home: Home) -> None:
    deliver(home, CASES, HEADER + case(1))
    land.land(home, Progress(quiet=True))
    assert links(home) == []
    content = samples.enrollment(**pupil(1))
    deliver(home, "SIAGIE_MATRICULA_2024_20250329.txt", content)
    land.land(home, Progress(quiet=True))
    first = links(home)
    assert [row[2] for row in first] == ["link"]
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert str(db.execute("select known_at from raw.record_links").fetchone()[0]) == "2025-03-29"
    deliver(home, "SIAGIE_MATRICULA_2024_20250428.txt", samples.enrollment(**pupil(2)))
    land.land(home, Progress(quiet=True))
    assert links(home)[: len(first)] == first


def test_names_are_in_no_file_beside_the_vault(home: Home) -> None:
    linked(home, [pupil(1, names="ZZCANARIOQ")], [case(1, names="ZZCANARIOQ")])
    for path in Path(home.root).rglob("*"):
        if path.is_file():
            assert b"ZZCANARIOQ" not in path.read_bytes(), path


def decide(home: Home, decision: str, child: int, day: str = "2025-06-02", line: int = 2) -> None:
    """Deliver what a person decided of a candidate, and link anew."""
    content = f"ARCHIVO,LINEA,NINO,DECISION,FECHA\n{CASES},{line},{child},{decision},{day}\n"
    deliver(home, f"REVISION_VINCULOS_2025_{day.replace('-', '')}_F{child}{decision[0]}.csv", content)
    (outcome,) = land.land(home, Progress(quiet=True))
    assert (outcome.status, outcome.quarantined_rows) == ("landed", 0), outcome


def decisions(home: Home, columns: str = "child_key, decision, model_version") -> list[tuple]:
    db = database.scratch(home)
    database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
    found = db.execute(f"select {columns} from vault.links order by rowid").fetchall()
    db.close()
    return found


def in_warehouse(home: Home) -> list[tuple]:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(
            "select child_key, decision, known_at::varchar from raw.record_links order by 3, 2"
        ).fetchall()


def test_what_a_person_links_is_linked(twins: Home) -> None:
    ((child, *_),) = decisions(twins)
    assert decisions(twins, "birth_date, record_district") == [("2012-05-06", "150101")]  # what a person compares
    decide(twins, "VINCULAR", child)
    assert decisions(twins) == [(child, "review", "names-1"), (child, "link", "person")]
    assert decisions(twins, "birth_date, district, record_district") == [(None, None, None)] * 2  # nobody needs it now
    assert in_warehouse(twins)[-1] == (child, "link", "2025-06-02")


def test_a_person_compares_and_decides_in_the_service(home: Home) -> None:
    """The service's own calls: what it shows of a review, and the delivery that it writes."""
    linked(home, TWINS, [case(1, names="ROSA", mother="")])
    ((child, *_),) = decisions(home)
    pair = home_of_service.compare(home, CASES, 2)
    assert (pair.child, pair.record) == (child, Person("ROSA", "QUISPE", None, "2012-05-06", "150101"))
    assert pair.candidate.given_names in ("ROSA ELENA", "ROSA MARIA")
    assert (pair.candidate.birth_date, pair.candidate.second_surname) == ("2012-05-06", "MAMANI")
    assert home_of_service.compare(home, CASES, 3) is None
    home_of_service.decide(
        home, {"ARCHIVO": CASES, "LINEA": 2, "NINO": child, "DECISION": "SEPARAR", "FECHA": date(2025, 6, 2)}
    )
    (outcome,) = land.land(home, Progress(quiet=True))
    assert (outcome.status, outcome.accepted_rows) == ("landed", 1)
    left = home_of_service.compare(home, CASES, 2)
    assert left is None or left.child != child


def test_who_is_set_apart_is_no_candidate_and_the_other_twin_is_left(twins: Home) -> None:
    ((first, *_),) = decisions(twins)
    decide(twins, "SEPARAR", first)
    found = decisions(twins)
    assert found[:2] == [(first, "review", "names-1"), (first, "apart", "person")]
    ((second, decision, version),) = found[2:]
    assert (second != first, decision, version) == (True, "link", "names-1")
    assert [row[1:] for row in in_warehouse(twins)[1:]] == [("apart", "2025-06-02"), ("link", "2025-06-02")]


def test_a_second_candidate_for_review_comes_after_the_first(triplets: Home) -> None:
    ((first, *_),) = decisions(triplets)
    decide(triplets, "SEPARAR", first)
    assert [row[1] for row in decisions(triplets)] == ["review", "apart", "review"]
    assert in_warehouse(triplets)[1:] == [(None, "apart", "2025-06-02"), (None, "review", "2025-06-02")]
    land.land(triplets, Progress(quiet=True))
    decide(triplets, "SEPARAR", first, "2025-06-03")  # said twice
    assert [row[1] for row in decisions(triplets)] == ["review", "apart", "review"]


def test_of_somebody_who_is_no_candidate_nothing_is_believed(twins: Home) -> None:
    before = decisions(twins)
    decide(twins, "VINCULAR", before[0][0] + 1)
    decide(twins, "VINCULAR", before[0][0], line=3)
    with pytest.raises(AssertionError, match="a code that is on no list"):  # no decision: it does not land
        decide(twins, "QUIZAS", before[0][0])
    assert decisions(twins) == before


def test_a_second_thought_links_and_a_link_is_never_taken_back(triplets: Home) -> None:
    ((first, *_),) = decisions(triplets)
    decide(triplets, "SEPARAR", first)
    decide(triplets, "VINCULAR", first, "2025-06-03")
    assert decisions(triplets)[-1] == (first, "link", "person")
    second = decisions(triplets)[2][0]
    decide(triplets, "SEPARAR", first, "2025-06-04")
    decide(triplets, "VINCULAR", second, "2025-06-04")
    assert decisions(triplets)[-1] == (first, "link", "person")
    assert [row[1] for row in decisions(triplets)].count("link") == 1

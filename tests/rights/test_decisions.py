"""What a family or a reviewer decided holds behind a way back to an earlier release and behind a restored backup."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Country, deliver, qhawaq
from tests.landing import samples
from tests.publish.home import DAY, LISTED, with_lists
from warehouse import database
from warehouse.build.manifest import Manifest
from warehouse.progress import Progress
from warehouse.publish import decisions, redaction, releases, serving, switching
from warehouse.publish.decisions import Decision, Kind
from warehouse.settings import Home

WHY = ("--reason", "Solicitud de la familia por escrito", "--who", "mesa de partes")
EARLIER = "2025-10-31"


def seen(home: Home, folder: str, table: str = "priority_list") -> set[str]:
    with duckdb.connect(str(home.serving / folder / "current.duckdb"), read_only=True) as db:
        return set(database.column(db, f"select child_key from {table}"))


def decide(home: Home, *decided: tuple[Kind, str, bool, str]) -> None:
    for number, (kind, child, hides, as_of) in enumerate(decided, start=1):
        decisions.note(home, Decision(kind, number, int(child), (int(child),), hides, "2025-12-05", as_of=as_of))


@pytest.mark.parametrize(
    ("decided", "gone"),
    [((), set()),
     (((Kind.OBJECTION, "7", True, ""),), {"7"}),
     (((Kind.OBJECTION, "7", True, ""), (Kind.OBJECTION, "7", False, "")), set()),
     (((Kind.OBJECTION, "7", True, ""), (Kind.OBJECTION, "7", False, ""), (Kind.OBJECTION, "7", True, "")), {"7"}),
     (((Kind.REVIEW, "9", True, DAY),), {"9"}),
     (((Kind.REVIEW, "9", True, EARLIER),), set()),  # a decision on one list is none on another
     (((Kind.REVIEW, "9", True, DAY), (Kind.REVIEW, "9", False, DAY)), set()),
     (((Kind.OBJECTION, "1", True, ""),), set()),
     (((Kind.RECTIFICATION, "7", False, ""), (Kind.PARTING, "8", False, "")), set()),
     (((Kind.OBJECTION, "7", True, ""), (Kind.REVIEW, "9", True, DAY)), {"7", "9"})],
)  # fmt: skip
def test_a_way_back_passes_no_decision(
    small: Home, decided: tuple[tuple[Kind, str, bool, str], ...], gone: set[str]
) -> None:
    decide(small, *decided)
    chosen, _ = releases.rollback(small)
    for table in redaction.OF_LISTED:
        assert seen(small, "service", table) == LISTED.keys() - gone
        for ugel in set(LISTED.values()):
            of_ugel = {child for child, its in LISTED.items() if its == ugel}
            assert seen(small, f"education/{ugel}", table) == of_ugel - gone
    assert seen(small, "service", "immediate_cases") == LISTED.keys()  # what the law demands goes on
    switching.check(small, chosen)  # the manifest states what the files are now
    stated = switching.manifest(small, chosen)["service"]["tables"]["priority_list"]
    with duckdb.connect(str(small.serving / "service" / "current.duckdb"), read_only=True) as db:
        assert serving.content(db, "priority_list") == (stated["rows"], stated["hash"])


def test_files_without_such_a_child_are_not_rewritten(small: Home) -> None:
    other = switching.file(small, "education/150201", switching.kept(small)[0])
    before = other.stat().st_ino
    decide(small, (Kind.OBJECTION, "7", True, ""))
    releases.rollback(small)
    assert other.stat().st_ino == before


def test_no_byte_of_who_was_taken_off_stays_in_the_file(tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    with_lists(home)
    with database.warehouse(home) as db:
        db.execute(f"insert into education.priority_list values ('4503599627370495', '150101', date '{DAY}')")
    first, _ = releases.publish(home, silent, "a" * 8)
    releases.publish(home, silent, "b" * 8)
    path = switching.file(home, "service", first)
    assert b"4503599627370495" in path.read_bytes()
    decide(home, (Kind.OBJECTION, "4503599627370495", True, ""))
    releases.rollback(home)
    assert b"4503599627370495" not in path.read_bytes()


def test_a_release_of_former_code_has_no_list_of_repetition(tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    with_lists(home)
    with database.warehouse(home) as db:
        db.execute("drop table education.repetition_list")
    releases.publish(home, silent, "a" * 8)
    releases.publish(home, silent, "b" * 8)
    decide(home, (Kind.OBJECTION, "7", True, ""))
    releases.rollback(home)
    assert seen(home, "service") == LISTED.keys() - {"7"}


def test_who_is_on_the_list_of_repetition_alone_is_taken_off_it(tmp_path: Path, silent: Progress) -> None:
    home = Home(tmp_path / "home")
    with_lists(home)
    with database.warehouse(home) as db:
        db.execute(f"insert into education.repetition_list values ('5', '150101', date '{DAY}')")
    releases.publish(home, silent, "a" * 8)
    releases.publish(home, silent, "b" * 8)
    decide(home, (Kind.OBJECTION, "5", True, ""))
    releases.rollback(home)
    assert seen(home, "service", "repetition_list") == LISTED.keys()


def test_damaged_decisions_stop_the_way_back(small: Home) -> None:
    current = switching.current(small)
    small.decisions.write_text('[{"kind": "other"}]')
    told = qhawaq(small.root, "rollback", expect=1).stderr
    assert "decisions.json is damaged" in told
    assert switching.current(small) == current


def test_the_marts_of_listed_children_are_those_made_from_lists(country: Country) -> None:
    manifest = Manifest.read(country.home)
    made = {
        node["name"]
        for name, node in manifest.of_type("model").items()
        if node["schema"] in serving.schemas_of("service") and "child_key" in node["columns"]
        and any(ancestor.endswith(("int_lists__current", "int_lists__repetition")) for _, ancestor, _ in manifest.ancestors(name))
    }  # fmt: skip
    # cases stay: what was begun with a family goes on, whether it is listed or not
    assert made - {"cases", "case_progress"} == set(redaction.OF_LISTED)


@pytest.fixture
def landed(home: Home) -> Home:
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "--quiet", "land")
    return home


def test_a_restored_backup_carries_out_what_was_decided_since(landed: Home, tmp_path: Path) -> None:
    backups, again = tmp_path / "backups", Home(tmp_path / "again")
    with duckdb.connect(str(landed.warehouse)) as db:
        children = database.column(db, "select distinct child_key from raw.siagie_enrollments order by 1")
        db.execute("create schema if not exists scores")
        db.execute(
            "create table scores.risk_scores as select unnest(?::bigint[]) as child_key, "
            f"date '{DAY}' as as_of_date, 'interruption' as outcome", [children]
        )  # fmt: skip
    first, second, third = map(str, children)
    qhawaq(landed.root, "subject", "oppose", third, *WHY)
    qhawaq(landed.root, "--quiet", "backup", "--to", str(backups))
    qhawaq(landed.root, "subject", "oppose", first, *WHY)
    qhawaq(landed.root, "subject", "review", second, DAY, "remove", *WHY)
    qhawaq(landed.root, "subject", "oppose", third, *WHY, "--withdraw")
    qhawaq(
        landed.root, "subject", "rectify", first, *WHY, "--source", "siagie.siagie_enrollments",
        "--column", "DSC_LENGUA", "--value", "QUECHUA",
    )  # fmt: skip
    (backup,) = (path.parent for path in backups.glob("*/backup.json"))
    said = qhawaq(again.root, "restore", str(backup)).stdout
    assert "families have decided since this backup" in said
    again.secrets.mkdir(mode=0o700)
    (again.secrets / "age.key").write_bytes((landed.secrets / "age.key").read_bytes())
    (again.secrets / "age.key").chmod(0o600)
    assert "what families decided after the backup" in qhawaq(again.root, "status").stdout
    told = qhawaq(again.root, "land").stderr
    assert "is not in this backup" not in told
    with duckdb.connect(str(again.warehouse), read_only=True) as db:
        corrected = f"select count(*) from raw.siagie_enrollments where child_key = {first} and dsc_lengua = 'QUECHUA'"
        assert database.value(db, corrected) == 1
    tables = {"raw.objections": "request_number, child_key, is_withdrawn", "raw.human_reviews": "child_key, decision"}
    for table, columns in tables.items():
        with duckdb.connect(str(landed.warehouse)) as here, duckdb.connect(str(again.warehouse)) as there:
            sql = f"select {columns} from {table} order by all"
            assert here.execute(sql).fetchall() == there.execute(sql).fetchall()
    assert not again.to_decide.exists()
    assert json.loads(again.decisions.read_text()) == json.loads(landed.decisions.read_text())
    assert decisions.hidden(decisions.read(again.decisions)).children == {first}

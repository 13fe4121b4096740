"""What a family had corrected holds behind a way back to an earlier release and behind a restored backup."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.conftest import deliver, qhawaq
from tests.landing import samples
from tests.publish.home import DAY
from tests.rights.test_decisions import WHY, decide
from warehouse import clock, database, keys
from warehouse.landing import archive
from warehouse.progress import Progress
from warehouse.publish import corrections, decisions, releases, switching
from warehouse.publish.decisions import Decision, Kind
from warehouse.settings import Home


@pytest.fixture
def rectified(small: Home) -> Home:
    """A third release, in which a correction has landed; another one is only decided."""
    for number, file in ((1, "a_RECT1.txt"), (2, "a_RECT2.txt")):
        decision = Decision(Kind.RECTIFICATION, number, 7, (7,), False, DAY, detail="s.c", file=file)
        decisions.note(small, decision)
    with database.warehouse(small) as db:
        db.execute("insert into raw.deliveries by name select 'a_RECT1.txt' as file, 'landed' as status, '' as sha256")
    releases.publish(small, Progress(quiet=True), "c" * 8)
    return small


def test_the_way_back_behind_a_correction_names_it_and_is_taken_only_for_a_reason(rectified: Home) -> None:
    current, before = switching.current(rectified), switching.kept(rectified)[-2]
    told = qhawaq(rectified.root, "rollback", expect=1).stderr
    assert f"{before} shows what was corrected since as it was before: child 7 s.c" in told
    assert switching.current(rectified) == current
    assert "say in a sentence why" in qhawaq(rectified.root, "rollback", "--with-earlier-values", "no", expect=2).stderr
    qhawaq(rectified.root, "rollback", "--with-earlier-values", "Las listas de hoy están vacías")
    assert switching.current(rectified) == before
    (line,) = map(json.loads, rectified.access_log.read_text().splitlines())
    assert (line["child"], line["why"]) == (["7"], f"rollback to {before}: Las listas de hoy están vacías")
    told = qhawaq(rectified.root, "rollback", expect=1).stderr  # further back it is not shown either
    assert "child 7 s.c" in told
    qhawaq(rectified.root, "rollback", "--to", current)  # where it has landed nothing is asked


def test_a_release_keeps_what_had_landed_where_a_child_is_taken_off_its_list(rectified: Home) -> None:
    current = switching.current(rectified)
    releases.publish(rectified, Progress(quiet=True), "d" * 8)
    decide(rectified, (Kind.OBJECTION, "7", True, ""))
    assert releases.rollback(rectified)[0] == current
    assert switching.rectified(rectified, current) == {1}


def test_of_damaged_manifests_every_correction_counts(rectified: Home) -> None:
    (rectified.serving / "releases" / f"{switching.current(rectified)}.json").write_text("{")
    assert [one.number for one in corrections.unsaid_by(rectified, switching.kept(rectified)[0])] == [1, 2]


def newest_language(home: Home, child: str) -> str:
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return database.value(
            db,
            f"select max_by(dsc_lengua, (_delivered_at, _file)) from raw.siagie_enrollments where child_key = {child}",
        )


def rectify(home: Home, child: str, language: str, land: bool = True, column: str = "DSC_LENGUA") -> None:
    qhawaq(
        home.root, "subject", "rectify", child, *WHY, "--source", "siagie.siagie_enrollments",
        "--column", column, "--value", language,
    )  # fmt: skip
    if land:
        qhawaq(home.root, "--quiet", "land")


def restored(home: Home, backups: Path, again: Home) -> Home:
    """Restore the oldest backup, and put the secret there."""
    qhawaq(again.root, "restore", str(min(backups.glob("2*"))))
    shutil.copytree(home.secrets, again.secrets, dirs_exist_ok=True)
    return again


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str]:
    """A home with a backup beside it and a correction after that, and the child; nobody may change it."""
    home = Home(tmp_path_factory.mktemp("made") / "home")
    home.claim("real")
    deliver(home, samples.ENROLLMENT, samples.enrollment())
    qhawaq(home.root, "--quiet", "land")
    with duckdb.connect(str(home.warehouse)) as db:
        child = str(database.value(db, "select min(child_key) from raw.siagie_enrollments"))
    qhawaq(home.root, "--quiet", "backup", "--to", str(home.root.with_name("backups")))
    rectify(home, child, "QUECHUA")
    return home, child


@pytest.fixture
def corrected(made: tuple[Home, str], tmp_path: Path) -> tuple[Home, str, Path]:
    """The same to change: the home, the child and the folder of backups."""
    (home, child), own = made, tmp_path / "own"
    shutil.copytree(home.root.parent, own)
    (own / "home" / "backup_folders.json").write_text(json.dumps([str(own / "backups")]))
    return Home(own / "home"), child, own / "backups"


def test_what_was_corrected_is_sealed_and_no_word_of_it_can_be_read(corrected: tuple[Home, str, Path]) -> None:
    home, _, backups = corrected
    for folder in (home.root, backups):
        assert b"QUECHUA" not in (folder / "decisions.json").read_bytes()
        assert b"QUECHUA" not in (folder / "decided" / "rectification-1.age").read_bytes()


@pytest.mark.parametrize("change", ["lost", "other secret"])
def test_a_correction_that_cannot_be_read_is_asked_for(
    corrected: tuple[Home, str, Path], tmp_path: Path, change: str
) -> None:
    home, child, backups = corrected
    sealed = backups / "decided" / "rectification-1.age"
    if change == "lost":
        sealed.unlink()
    else:
        archive.seal(sealed, archive.unsealed(sealed, keys.load(home.secrets)), keys.of_file(keys_of(tmp_path)))
    again = restored(home, backups, Home(tmp_path / "again"))
    told = qhawaq(again.root, "land").stderr
    assert "rectification of" in told
    assert "siagie.siagie_enrollments.dsc_lengua" in told
    assert "call 'qhawaq subject' for it again" in told
    assert newest_language(again, child) == "CASTELLANO"
    assert not again.to_decide.exists()
    asked = f"ask again    rectification of {clock.today()}, child {child} siagie.siagie_enrollments.dsc_lengua"
    assert asked in qhawaq(again.root, "status").stdout  # until somebody does
    assert json.loads(qhawaq(again.root, "status", "--json").stdout)["to_ask"]
    rectify(again, child, "QUECHUA")
    assert "ask again" not in qhawaq(again.root, "status").stdout


def keys_of(folder: Path) -> Path:
    keys.generate(folder / "another.key")
    return folder / "another.key"


def test_a_correction_of_before_the_backup_that_had_not_landed_lands(
    corrected: tuple[Home, str, Path], tmp_path: Path
) -> None:
    home, child, _ = corrected
    later = tmp_path / "later"
    rectify(home, child, "AIMARA", land=False)
    qhawaq(home.root, "--quiet", "backup", "--to", str(later))
    again = restored(home, later, Home(tmp_path / "again"))
    qhawaq(again.root, "--quiet", "land")
    assert newest_language(again, child) == "AIMARA"
    with duckdb.connect(str(again.warehouse), read_only=True) as db:  # the one that had landed is not landed twice
        assert database.value(db, "select count(*) from raw.deliveries where contains(file, '_RECT')") == 2


def newest(home: Home, child: str) -> tuple[str, int]:
    """Return language and hours of work as the newest line says them."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        return db.execute(
            "select dsc_lengua, horas_semanales_trabajo from raw.siagie_enrollments "
            f"where child_key = {child} order by _delivered_at desc, _file desc limit 1"
        ).fetchone()


def test_of_two_corrections_of_a_line_the_second_keeps_what_the_first_said(
    corrected: tuple[Home, str, Path], tmp_path: Path
) -> None:
    """Whether they land together or a restored backup makes both again."""
    home, child, backups = corrected
    rectify(home, child, "8", land=False, column="HORAS_SEMANALES_TRABAJO")
    rectify(home, child, "AIMARA")
    assert newest(home, child) == ("AIMARA", 8)
    again = restored(home, backups, Home(tmp_path / "again"))
    qhawaq(again.root, "--quiet", "land")
    assert newest(again, child) == ("AIMARA", 8)


def test_what_an_earlier_correction_said_can_be_said_again(corrected: tuple[Home, str, Path]) -> None:
    """The same line came before; that it comes again says that it was right."""
    home, child, _ = corrected
    for language in ("AIMARA", "QUECHUA"):
        rectify(home, child, language)
    assert newest_language(home, child) == "QUECHUA"
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute("select count(*) from raw.deliveries where status = 'duplicate'").fetchone() == (0,)


def test_another_secret_seals_corrections_anew_beside_the_backups_too(corrected: tuple[Home, str, Path]) -> None:
    home, _, backups = corrected
    qhawaq(home.root, "--quiet", "rotate-secret")
    for folder in (home.root, backups):
        assert b"QUECHUA" in archive.unsealed(folder / "decided" / "rectification-1.age", keys.load(home.secrets))


def test_a_backup_of_before_another_secret_makes_corrections_again(
    corrected: tuple[Home, str, Path], tmp_path: Path
) -> None:
    """One of before the rotation and one of after it; each opens with the secret of the backup."""
    home, child, backups = corrected
    old = tmp_path / "old"
    shutil.copytree(home.secrets, old)
    qhawaq(home.root, "--quiet", "rotate-secret")
    rectify(home, child, "8", column="HORAS_SEMANALES_TRABAJO")
    former = keys.of_file(old / "age.key")
    for number in (1, 2):
        assert archive.held(backups / "decided" / f"rectification-{number}.{former.fingerprint}.age", former)
        assert archive.held(home.decided / f"rectification-{number}.age", former) is None
    again = Home(tmp_path / "again")
    qhawaq(again.root, "restore", str(min(backups.glob("2*"))))
    shutil.copytree(old, again.secrets, dirs_exist_ok=True)
    qhawaq(again.root, "--quiet", "land")
    assert newest(again, child) == ("QUECHUA", 8)
    assert not again.to_ask.exists()


def test_without_backups_of_a_former_secret_nothing_is_sealed_for_it(
    corrected: tuple[Home, str, Path], tmp_path: Path
) -> None:
    home, _, backups = corrected
    qhawaq(home.root, "--quiet", "rotate-secret")
    assert len(list((backups / "decided").iterdir())) == 2
    shutil.rmtree(min(backups.glob("2*")))
    qhawaq(home.root, "--quiet", "backup", "--to", str(backups))
    assert [path.name for path in (backups / "decided").iterdir()] == ["rectification-1.age"]


def test_an_erasure_leaves_nothing_that_is_sealed_for_a_former_secret(corrected: tuple[Home, str, Path]) -> None:
    home, child, backups = corrected
    qhawaq(home.root, "--quiet", "rotate-secret")
    qhawaq(home.root, "--quiet", "subject", "erase", child, *WHY, "--yes")
    assert not [*home.decided.iterdir(), *(backups / "decided").iterdir()]


def test_an_erasure_leaves_nothing_of_a_correction(corrected: tuple[Home, str, Path], tmp_path: Path) -> None:
    home, child, backups = corrected
    kept = backups / "decided" / "rectification-1.age"
    copy = kept.read_bytes()
    rectify(home, child, "AIMARA", land=False)
    qhawaq(home.root, "--quiet", "subject", "erase", child, *WHY, "--yes")
    assert not list(home.inbox.iterdir())
    assert not [*home.decided.iterdir(), *kept.parent.iterdir()]
    prove = ("--quiet", "subject", "prove", child, *WHY, "--backups", str(backups))
    assert "nothing else holds the person" in qhawaq(home.root, *prove).stdout
    told = home.backed_up.read_bytes()
    home.backed_up.unlink()  # else whatever command comes next tells them again
    kept.write_bytes(copy)
    assert "rectification-1.age" in qhawaq(home.root, *prove, expect=1).stdout
    home.backed_up.write_bytes(told)
    qhawaq(home.root, "--quiet", "land")
    assert not kept.exists()
    again = restored(home, backups, Home(tmp_path / "again"))
    assert "rectification" not in qhawaq(again.root, "land").stderr
    assert not list(again.inbox.iterdir())

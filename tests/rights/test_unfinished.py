"""A deletion that is cut off, at whatever step, is ended by the next command that writes, as if nobody had disturbed it."""

from __future__ import annotations

import gzip
import json
import shutil
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import deliver, qhawaq
from tests.faults import cases, contents, template
from tests.landing import samples
from warehouse import clock, database, keys
from warehouse.landing import archive, ledger
from warehouse.pipeline import build, publish, run, score
from warehouse.rights import canary, compacting, deletion, erasure, retention
from warehouse.rights.canary import Canaries
from warehouse.settings import Home

RETAIN = ("retain", "--today", "2037-01-02", "--delete")


class CutOff(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unfinished")
    template.write(folder)
    return folder


def _without_dbt(patch: pytest.MonkeyPatch) -> None:
    for step, name in ((build, "build"), (score, "score")):
        patch.setattr(step, name, lambda *_: None)
    patch.setattr(publish, "publish", lambda *_: publish.PublishResult("none", 0))


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tiny home, where dbt is left aside."""
    _without_dbt(monkeypatch)
    shutil.copytree(made, tmp_path / "own", symlinks=True)
    return tmp_path / "own"


@pytest.fixture(scope="module")
def undisturbed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What is left where nothing is cut off, by command."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        _without_dbt(patch)
        for name, arguments in {"erase": erase(made), "retain": RETAIN}.items():
            own = tmp_path_factory.mktemp(name) / "own"
            shutil.copytree(made, own, symlinks=True)
            qhawaq(own / "home", *arguments)
            found[name] = contents.of_home(own)
    return found


def erase(root: Path) -> tuple[str, ...]:
    return ("subject", "erase", cases.child(root), *cases.WHY, "--yes")


def cut_off(root: Path, module: ModuleType, step: str, *arguments: str) -> None:
    """Call a command whose process ends where a step begins."""

    def end(*_: object, **__: object) -> None:
        raise CutOff

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, step, end)
        with pytest.raises(CutOff):
            qhawaq(root / "home", *arguments)


def steps(*named: tuple[ModuleType, str], often: tuple[str, ...]) -> list[Any]:
    """Return the steps as parameters; those that `make test` leaves out are fault tests."""
    marks = {step: () if step in often else pytest.mark.faults for _, step in named}
    return [pytest.param(module, step, marks=marks[step], id=step) for module, step in named]


@pytest.mark.parametrize(
    ("module", "step"),
    steps(
        (erasure, "_rewrite_archive"), (erasure, "_seal"), (erasure, "_delete_rows"), (retention, "forget_rows"),
        (erasure, "_forget_identity"), (compacting, "compact"), (canary, "search"), often=("_forget_identity",),
    ),
)  # fmt: skip
def test_an_erasure_is_ended_by_the_next_command(
    root: Path, undisturbed: dict[str, Any], module: ModuleType, step: str
) -> None:
    cut_off(root, module, step, *erase(root))
    assert "unfinished   the erasure of 1 persons" in qhawaq(root / "home", "status").stdout
    qhawaq(root / "home", "withdraw", samples.ATTENDANCE, *cases.WHY)
    found = contents.of_home(root)
    assert found | {"ledger": 0} == undisturbed["erase"] | {"ledger": 0}
    assert "the erasure of" not in qhawaq(root / "home", "status").stdout


def test_an_erased_pupil_is_found_nowhere_and_the_others_keep_their_lines(root: Path) -> None:
    home, pupil = Home(root / "home"), Canaries((), ("72234560",))
    secret = keys.load(home.secrets)
    (before,) = (canary.decrypted(path, secret).splitlines() for path in home.archive.rglob("*MATRICULA_2026*"))
    assert canary.search(home, secret, pupil).hits["archive"] > 0
    qhawaq(home.root, *erase(root))
    (after,) = (canary.decrypted(path, secret).splitlines() for path in home.archive.rglob("*MATRICULA_2026*"))
    assert after == [b"" if b"72234560" in line else line for line in before] != before
    assert set(canary.search(home, secret, pupil).hits.values()) == {0}


def test_the_same_command_again_says_what_was_erased(root: Path, undisturbed: dict[str, Any]) -> None:
    arguments = erase(root)
    cut_off(root, compacting, "compact", *arguments)
    assert "erased: 1 lines of 1 archived files" in qhawaq(root / "home", *arguments).stdout
    assert contents.of_home(root) == undisturbed["erase"]
    assert "no person with key" in qhawaq(root / "home", *arguments, expect=1).stderr


@pytest.mark.parametrize(
    ("module", "step"),
    steps(
        (deletion, "carry_out"), (retention, "delete_rows"), (retention, "retire_dates"), (retention, "delete_parquet"),
        (retention, "forget_rows"), (retention, "forget_persons"), (retention, "delete_files"), (compacting, "compact"),
        (canary, "search"), often=("forget_persons",),
    ),
)  # fmt: skip
def test_a_deletion_is_carried_out_by_the_next_command_and_proved_by_the_same(
    root: Path, undisturbed: dict[str, Any], module: ModuleType, step: str
) -> None:
    home = Home(root / "home")
    cut_off(root, module, step, *RETAIN)
    assert "unfinished   a deletion of what was kept long enough" in qhawaq(home.root, "status").stdout
    qhawaq(home.root, "land")
    left = {"retired": 0, "unfinished": 0}
    assert contents.of_home(root) | left == undisturbed["retain"] | left
    assert (
        "deleted: 3 deliveries with 43 rows, 3 archived files, 43 persons, 1 as-of" in qhawaq(home.root, *RETAIN).stdout
    )
    assert contents.of_home(root) == undisturbed["retain"]
    assert "nothing is due" in qhawaq(home.root, *RETAIN).stdout


def test_a_parting_that_was_cut_off_is_ended_by_the_same_command(root: Path) -> None:
    """Between vault and warehouse: only the vault knew of it then, and it could not be asked for again."""
    home = Home(root / "home")
    arguments = ("subject", "part", cases.child(root, "7000"), *cases.WHY)
    cut_off(root, ledger, "copy_merges", *arguments)
    assert contents.of_home(root)["merges"][0][2]
    assert "are two people" in qhawaq(home.root, *arguments).stdout
    assert not contents.of_home(root)["merges"][0][2]
    assert len(contents.of_home(root)["parts"]) == 1
    assert "stands for one person only" in qhawaq(home.root, *arguments, expect=1).stderr


@pytest.mark.parametrize("what", ["erase", "part"])
def test_what_a_family_asked_for_is_something_new_for_the_main_job(root: Path, what: str) -> None:
    """Else 'qhawaq run' would say that nothing is new, and the lists would stay as they were."""
    home, day = Home(root / "home"), date(2026, 3, 29)
    before = run.resume(home, day).key
    assert run.resume(home, day).key == before
    part = ("subject", "part", cases.child(root, "7000"), *cases.WHY)
    qhawaq(home.root, *(part if what == "part" else erase(root)))
    assert run.resume(home, day).key != before


def test_the_main_job_ends_and_proves_a_deletion(
    root: Path, undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(root, canary, "search", *RETAIN)
    monkeypatch.setattr(run, "run", lambda *_: "")
    qhawaq(root / "home", "run")
    assert contents.of_home(root) == undisturbed["retain"]


def test_what_a_deletion_notes_shows_nobody(root: Path) -> None:
    cut_off(root, deletion, "carry_out", *RETAIN)
    noted = Home(root / "home").retaining.read_bytes()
    assert not any(value in noted for value in (b"71234560", b"9000", b"000071234567"))


@pytest.mark.parametrize("how", ["restored", "removed"])
def test_a_damaged_archive_file_stops_no_erasure(root: Path, undisturbed: dict[str, Any], how: str) -> None:
    """What can be erased is erased at once; the rest as soon as the file opens again, or is gone."""
    home = Home(root / "home")
    damaged = next(home.archive.rglob("*MATRICULA_2026*"))
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-40])
    said = qhawaq(home.root, *erase(root), expect=1).stderr
    assert f"erased but in archive/landed/{damaged.name}, which do not open" in said
    assert contents.in_vault(home, "select count(*) from vault.aliases where value = '72234560'")[0] == [(0,)]
    qhawaq(home.root, "land")
    assert "the erasure of 1 persons" in qhawaq(home.root, "status").stdout
    if how == "restored":
        damaged.write_bytes(whole)
    else:
        damaged.unlink()
    qhawaq(home.root, "land")
    assert "the erasure of" not in qhawaq(home.root, "status").stdout
    if how == "restored":
        assert contents.of_home(root) == undisturbed["erase"]


def test_a_proof_says_what_could_not_be_searched(root: Path) -> None:
    home = Home(root / "home")
    damaged = next(home.archive.rglob("*MATRICULA_2026*"))
    damaged.write_bytes(damaged.read_bytes()[:-40])
    said = qhawaq(home.root, *RETAIN).stdout
    assert f"do not open and were not searched: archive/landed/{damaged.name}" in said
    assert deletion.proofs(home)[0]["unread"] == [f"archive/landed/{damaged.name}"]


def test_a_delivery_that_was_refused_as_damaged_is_searched_as_far_as_it_goes(root: Path) -> None:
    home = Home(root / "home")
    rows = "\n".join(f"fila {n} {n * n}" for n in range(90_000))
    cut = gzip.compress(f"N_DOC\n72234560\n{rows}".encode())[:-300]
    deliver(home, "SIAGIE_MATRICULA_2025_20250329.txt.gz", cut)
    qhawaq(home.root, "land")
    (path,) = home.archive.rglob("*_20250329.txt.gz.age")
    assert b"72234560" in canary.decrypted(path, keys.load(home.secrets))
    qhawaq(home.root, *erase(root))
    assert b"72234560" not in gzip.decompress(archive.unsealed(path, keys.load(home.secrets)))


@pytest.mark.parametrize(("now", "is_refused"), [("2027-03-02", False), ("2027-03-03", True), ("2042-01-01", True)])
def test_a_clock_far_ahead_of_the_home_deletes_nothing(
    home: Home, monkeypatch: pytest.MonkeyPatch, now: str, is_refused: bool
) -> None:
    deliver(home, samples.ATTENDANCE, samples.attendance())
    qhawaq(home.root, "land")
    with database.warehouse(home) as db:
        db.execute("update raw.deliveries set landed_at = timestamp '2026-03-02 15:00:00'")
    monkeypatch.setattr(clock, "now", lambda: datetime.fromisoformat(f"{now}T15:00:00+00:00"))
    said = qhawaq(home.root, "retain", "--delete", expect=int(is_refused))
    assert (f"name the day, --today {now}" in said.stderr) == is_refused
    assert ("nothing is due" in said.stdout) != is_refused
    if now == "2042-01-01":
        assert "1 deliveries" in qhawaq(home.root, "retain").stdout


@pytest.mark.parametrize(
    "cut",
    [None, "_forget_identity",
     *(pytest.param(one, marks=pytest.mark.faults) for one in ("_rewrite_archive", "_places_with_hits"))],
)  # fmt: skip
def test_a_restored_backup_that_is_older_than_an_erasure_erases_again(
    root: Path, monkeypatch: pytest.MonkeyPatch, cut: str | None
) -> None:
    """Else whoever restores it exposes a family that was promised to be forgotten."""
    backups = root / "backups"
    monkeypatch.setenv("QHAWAQ_BACKUPS", str(backups))
    own, held = Home(root / "home"), "select count(*) from vault.aliases where value = '72234560'"
    older = sorted(backups.glob("[0-9]*"))[0]
    away = root / "a disk that is not there"
    own.backed_up.write_text(json.dumps([str(away)]))
    assert f"copy {own.erased} into {away}" in qhawaq(own.root, *erase(root)).stderr
    assert "72234560" not in (backups / "erased.json").read_text()
    again = Home(root / "again")
    assert "erases them here before anything else" in qhawaq(again.root, "restore", str(older)).stdout
    shutil.copytree(own.secrets, again.secrets)
    assert "erased after the backup" in qhawaq(again.root, "status").stdout
    if cut:
        (root / "elsewhere").mkdir()
        (root / "elsewhere" / "home").symlink_to(again.root)
        cut_off(root / "elsewhere", erasure, cut, "land")
    qhawaq(again.root, "land")
    assert contents.in_vault(again, held)[0] == [(0,)]
    assert "the erasure of" not in qhawaq(again.root, "status").stdout
    secret = keys.load(own.secrets)
    assert not any(b"72234560" in canary.decrypted(path, secret) for path in again.archive.rglob("*.age"))
    # a backup of it knows, and whoever restores that has nobody to erase
    qhawaq(again.root, "backup")
    newest = max(backups.glob("[0-9]*"), key=lambda path: json.loads((path / "backup.json").read_text())["number"])
    qhawaq(root / "third", "restore", str(newest))
    assert not Home(root / "third").to_erase.exists()


def test_an_older_backup_erases_nobody_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QHAWAQ_BACKUPS", str(root / "backups"))
    own, persons = Home(root / "home"), "select count(*) from vault.persons"
    before = contents.in_vault(own, persons)[0]
    qhawaq(own.root, *erase(root))
    after = contents.in_vault(own, persons)[0]
    older = sorted((root / "backups").glob("[0-9]*"))[0]
    again = Home(root / "again")
    elsewhere = shutil.copytree(older, root / "elsewhere" / older.name)
    assert "has no erased.json" in qhawaq(root / "unknowing", "restore", str(elsewhere)).stdout
    assert "has no erased.json" not in qhawaq(again.root, "restore", str(older)).stdout
    shutil.copytree(own.secrets, again.secrets)
    assert contents.in_vault(again, persons)[0] == before
    qhawaq(again.root, "land")
    assert contents.in_vault(again, persons)[0] == after != before

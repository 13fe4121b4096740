"""Another secret for a home: everything opens with it alone, children keep their keys, and a call that was cut off is ended."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import deliver, qhawaq
from tests.faults import cases, contents, template
from tests.landing import samples
from tests.logs import n_lines
from warehouse import database, files, keys
from warehouse.errors import DamagedFile, HomeError
from warehouse.landing import archive
from warehouse.operate import rotation
from warehouse.settings import Home


class CutOff(BaseException):
    """The process ends here."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rotation")
    home = template.write(folder)
    qhawaq(home.root, "key", "new", "m", "--scope", "predict", "--area", "*")  # a line of the access log
    page = home.spill / "collect" / "juntos" / "000000.age"
    page.parent.mkdir(parents=True)
    archive.seal(page, b"[]", keys.load(home.secrets))
    return folder


@pytest.fixture
def root(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(made, tmp_path / "own", symlinks=True)
    monkeypatch.setenv("QHAWAQ_BACKUPS", str(tmp_path / "own" / "backups"))
    for name in (keys.ENVIRONMENT, keys.ENVIRONMENT_FILE):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "own"


def sealed(home: Home) -> list[Path]:
    return sorted(path for path in home.root.rglob("*.age"))


def opens_vault(home: Home, secret: keys.Keys) -> bool:
    try:
        with database.scratch(home) as db:
            database.attach_vault(db, home, secret, read_only=True)
    except HomeError:
        return False
    return True


def check(home: Home, before: dict[str, Any], root: Path, old: keys.Keys) -> keys.Keys:
    """Check that a home holds what it held, sealed with another secret alone; return its keys."""
    new = keys.load(home.secrets)
    assert new.fingerprint != old.fingerprint
    assert contents.of_home(root) == before
    assert [path for path in sealed(home) if archive.held(path, new) is None] == []
    assert [path for path in sealed(home) if archive.held(path, old) is not None] == []
    assert (opens_vault(home, new), opens_vault(home, old)) == (True, False)
    assert new.pads == old.pads
    assert n_lines(home) == 1
    assert not home.rotating.exists()
    return new


def test_everything_is_sealed_anew_and_nothing_else_changes(root: Path) -> None:
    home = Home(root / "home")
    before, old = contents.of_home(root), keys.load(home.secrets)
    said = qhawaq(home.root, "rotate-secret").stdout
    new = check(home, before, root, old)
    assert f"is sealed with the secret {new.fingerprint} now" in said
    assert f"open with a former secret only: 2 backups in {root / 'backups'}" in said
    former = home.secrets / f"age-{old.fingerprint}.key"
    assert f"the former secret, {old.fingerprint}, lies in {former}" in said
    assert keys.of_file(former).secret == old.secret
    assert {path.stat().st_mode & 0o777 for path in home.secrets.iterdir()} == {0o600}
    assert old.secret.encode() not in b"".join(path.read_bytes() for path in home.root.glob("*.json"))
    qhawaq(home.root, "key", "new", "n", "--scope", "predict", "--area", "*")
    assert n_lines(home) == 2


def test_the_same_pupil_in_a_later_delivery_has_the_same_key(root: Path) -> None:
    home = Home(root / "home")
    before = cases.child(root)
    qhawaq(home.root, "rotate-secret")
    qhawaq(home.root, "rotate-secret")
    later = samples.enrollment()
    for number, other in template.LATER.items():
        later = later.replace(number, other)
    deliver(home, samples.ENROLLMENT.replace("2024", "2026").replace("_0329", "_0401"), later.replace("2024", "2026"))
    qhawaq(home.root, "land")
    assert contents.in_vault(home, "select distinct child_key from vault.aliases where value = '72234560'")[0] == [
        (int(before),)
    ]
    assert len(list(home.secrets.glob("age-*.key"))) == 2


STEPS = [(rotation, "_note"), (rotation, "_sealed"), (archive, "held"), (rotation, "_reseal_vault"),
         (rotation, "_copy"), (keys, "remember"), (rotation, "_switch"), (rotation, "write_whole"), (files, "sync")]  # fmt: skip
OFTEN = [("held", True), ("_copy", False), ("remember", False), ("_switch", False)]  # the rest are fault tests


@pytest.mark.parametrize(
    ("module", "step", "late"),
    [
        pytest.param(module, step, late, marks=() if (step, late) in OFTEN else pytest.mark.faults)
        for module, step in STEPS
        for late in (False, True)
    ],
)
def test_cut_off_at_any_step_the_same_command_ends_it(root: Path, module: ModuleType, step: str, late: bool) -> None:
    home = Home(root / "home")
    before, old = contents.of_home(root), keys.load(home.secrets)
    calls, whole = [], getattr(module, step)

    def end(*arguments: Any, **named: Any) -> Any:
        """End the process where the step begins, or the second time that it does."""
        calls.append(1)
        if len(calls) > late:
            raise CutOff
        return whole(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, step, end)
        try:
            qhawaq(home.root, "rotate-secret")
        except CutOff:
            pass
        else:
            assert late
    if home.rotating.exists():
        assert "is being replaced" in qhawaq(home.root, "subject", "access", "1", *cases.WHY, expect=1).stderr
        assert "'qhawaq rotate-secret' ends it" in qhawaq(home.root, "status", expect=1).stdout
        assert "is being replaced" in qhawaq(home.root, "backup", expect=1).stderr
    if home.rotating.exists() or keys.load(home.secrets).fingerprint == old.fingerprint:
        qhawaq(home.root, "rotate-secret")
    check(home, before, root, old)
    assert sorted(path.name for path in home.secrets.iterdir()) == sorted(
        ["age.key", f"age-{old.fingerprint}.key", "api_keys.json"]
    )


def test_a_secret_of_the_environment_is_replaced_by_one_that_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, first, second = Home(root / "home"), root / "first", root / "second"
    before, old = contents.of_home(root), keys.load(home.secrets)
    (home.secrets / "age.key").rename(first)
    monkeypatch.setenv(keys.ENVIRONMENT_FILE, str(first))
    assert "name by --to" in qhawaq(home.root, "rotate-secret", expect=2).stderr
    assert "is in use" in qhawaq(home.root, "rotate-secret", "--to", str(first), expect=2).stderr
    said = qhawaq(home.root, "rotate-secret", "--to", str(second)).stdout
    assert "name that file by QHAWAQ_SECRET_FILE" in said
    assert f"lies in {first}" in said
    assert second.stat().st_mode & 0o777 == 0o600
    assert (
        f"is sealed with the secret {keys.of_file(second).fingerprint}, and {first} holds the secret {old.fingerprint}"
        in (qhawaq(home.root, "subject", "access", "1", *cases.WHY, expect=1).stderr)
    )
    monkeypatch.setenv(keys.ENVIRONMENT_FILE, str(second))
    check(home, before, root, old)


def test_cut_off_it_is_ended_under_either_secret(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, first, second = Home(root / "home"), root / "first", root / "second"
    before, old = contents.of_home(root), keys.load(home.secrets)
    (home.secrets / "age.key").rename(first)
    monkeypatch.setenv(keys.ENVIRONMENT_FILE, str(first))
    for at, named in (("_reseal_vault", second), ("_switch", first)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rotation, at, lambda *_: (_ for _ in ()).throw(CutOff))
            with pytest.raises(CutOff):
                qhawaq(home.root, "rotate-secret", "--to", str(second))
        monkeypatch.setenv(keys.ENVIRONMENT_FILE, str(named))
    qhawaq(home.root, "rotate-secret")
    monkeypatch.setenv(keys.ENVIRONMENT_FILE, str(second))
    check(home, before, root, old)


def test_a_new_secret_that_is_gone_is_asked_for(root: Path) -> None:
    home = Home(root / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rotation, "_sealed", lambda *_: (_ for _ in ()).throw(CutOff))
        with pytest.raises(CutOff):
            qhawaq(home.root, "rotate-secret")
    (home.secrets / rotation.NEXT).rename(root / "away")
    assert "is not in" in qhawaq(home.root, "rotate-secret", expect=1).stderr
    (root / "away").rename(home.secrets / rotation.NEXT)
    qhawaq(home.root, "rotate-secret")


def test_backups_open_with_the_secret_that_they_were_made_with(root: Path) -> None:
    home = Home(root / "home")
    old = keys.load(home.secrets)
    older = max((root / "backups").glob("[0-9]*"))
    qhawaq(home.root, "rotate-secret")
    qhawaq(home.root, "backup", "--rehearse")
    newer = max((root / "backups").glob("[0-9]*"))
    bare = Home(root / "bare")
    qhawaq(bare.root, "restore", str(older))
    for command in (
        ("land",),
        ("subject", "access", "1", *cases.WHY),
        ("key", "new", "n", "--scope", "predict", "--area", "*"),
    ):
        deliver(bare, samples.ATTENDANCE, samples.attendance())
        assert "another one is not made" in qhawaq(bare.root, *command, expect=1).stderr
        assert not (bare.secrets / keys.OWN).exists()
        assert not bare.api_keys.exists()
    for backup, other in ((older, keys.load(home.secrets)), (newer, old)):
        again = Home(root / f"again-{backup.name}")
        said = qhawaq(again.root, "restore", str(backup)).stdout
        right = old if other != old else keys.load(home.secrets)
        assert f"its secret {right.fingerprint} belongs in" in said
        again.secrets.mkdir(mode=0o700)
        files.write_whole(again.secrets / "age.key", other.secret, 0o600)
        refused = qhawaq(again.root, "verify", expect=1)
        assert f"is sealed with the secret {right.fingerprint}" in refused.stdout
        files.write_whole(again.secrets / "age.key", right.secret, 0o600)
        assert contents.in_vault(again, "select count(*) from vault.aliases")[0] != [(0,)]


@pytest.mark.parametrize("by", ["environment", "file", "own"])
def test_another_secret_is_refused_before_it_makes_anything(
    root: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """A pseudonym of another secret would be another child for ever."""
    home = Home(root / "home")
    wrong = root / "wrong"
    keys.generate(wrong)
    if by == "environment":
        monkeypatch.setenv(keys.ENVIRONMENT, wrong.read_text())
    elif by == "file":
        monkeypatch.setenv(keys.ENVIRONMENT_FILE, str(wrong))
    else:
        shutil.copy(wrong, home.secrets / "age.key")
    deliver(home, samples.ENROLLMENT.replace("2024", "2025"), samples.enrollment().replace("2024", "2025"))
    said = qhawaq(home.root, "land", expect=1).stderr
    assert re.search(
        r"is sealed with the secret [0-9a-f]{16}, and .* holds the secret [0-9a-f]{16}: put the right", said
    )
    assert keys.of_file(wrong).secret not in said
    assert len(list(home.inbox.iterdir())) == 1
    assert "is sealed with the secret" in qhawaq(home.root, "status", expect=1).stdout


def test_a_home_of_a_former_version_takes_only_the_secret_that_opens_it(root: Path) -> None:
    home = Home(root / "home")
    (home.root / keys.MARK).unlink()
    right = (home.secrets / "age.key").read_text()
    (home.secrets / "age.key").unlink()
    keys.generate(home.secrets / "age.key")
    keys.load(home.secrets)
    assert not (home.root / keys.MARK).exists()
    files.write_whole(home.secrets / "age.key", right, 0o600)
    assert keys.load(home.secrets).fingerprint == keys.sealed_with(home.root)
    assert "secret" not in (home.root / keys.MARK).read_text()


def test_a_rotated_home_that_lost_its_mark_mints_no_other_keys(root: Path) -> None:
    home = Home(root / "home")
    qhawaq(home.root, "rotate-secret")
    mark = (home.root / keys.MARK).read_text()
    (home.root / keys.MARK).unlink()
    deliver(home, samples.ENROLLMENT.replace("2024", "2025"), samples.enrollment().replace("2024", "2025"))
    qhawaq(home.root, "land", expect=1)
    assert not (home.root / keys.MARK).exists()
    (home.root / keys.MARK).write_text(mark)
    qhawaq(home.root, "land")
    for damaged in ("", "{}", '{"fingerprint": 1}', json.dumps(json.loads(mark) | {"kept": "AAAA"})):
        (home.root / keys.MARK).write_text(damaged)
        with pytest.raises(DamagedFile, match="restore it from a backup"):
            keys.load(home.secrets)


def test_a_damaged_file_of_the_archive_stops_nothing_and_is_named(root: Path) -> None:
    home = Home(root / "home")
    damaged = next(home.archive.rglob("*MATRICULA_2026*"))
    damaged.write_bytes(damaged.read_bytes()[:-40])
    assert f"{damaged.relative_to(home.root)} opens with neither secret" in qhawaq(home.root, "rotate-secret").stdout
    assert keys.load(home.secrets).kept

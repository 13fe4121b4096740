"""A command on a home whose disk fails, or killed, at its n-th call; then it is called again. Does the law hold?

The law: it ends with exit 0 and all of it is true, or with a sentence; the next command that writes ends what was begun,
and the home is that of an undisturbed call; no delivery and no good backup is gone. Run under `LD_PRELOAD` of disk.c by
test_commands.py: what takes long is imported once, and each call is a fork.
"""

from __future__ import annotations

import csv
import ctypes
import hashlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage

from service.home import verify_journal
from tests.faults.disk import ENDED, ONCE, command, in_fork
from tests.landing import samples
from tests.notify import receivers
from tests.notify.conftest import SCHOOL
from warehouse import contracts, database, keys
from warehouse.country import api
from warehouse.notify.recipients import COLUMNS
from warehouse.operate import backup, rotation
from warehouse.pipeline import retain
from warehouse.settings import DBT_PROJECT, Home

Content = dict[str, Any]
TABLES = {
    "ledger": "select file, status, accepted_rows, deleted_on, withdrawn_on from raw.deliveries",
    "attendance": "select mes, count(*) from raw.siagie_attendance group by all",
    "pupils": "select id_anio, count(*) from raw.siagie_enrollments group by all",
    "merges": "select child_key, merged_into, known_until is null from raw.child_merges",
    "erasures": "select file, n_lines from raw.erasures",
    "objections": "select distinct child_key, is_withdrawn from raw.objections",
    "codes": "select distinct source, column_name, code, decision, mapped_to from raw.codes",
    "live": "select model_version, is_live from ml.model_versions",
}
VAULT = {
    "persons": "select child_key from vault.persons",
    "parts": "select child_key, merged_into from vault.parts",
    "aliases": "select count(*) from vault.aliases",
    "names": "select count(*) from vault.siagie_enrollments",
}
WHY = ("--reason", "a test of what is left", "--who", "test")
WHY_CODE = ("--why", "a test of what is left", "--who", "test")


def of_home(root: Path) -> Content:
    """Return what the home holds."""
    home = Home(root / "home")
    secret = keys.load(home.secrets)
    identity = [pyrage.x25519.Identity.from_str(secret.secret)]
    with database.warehouse(home, read_only=True) as db:
        held = {name: db.execute(f"{sql} order by all").fetchall() for name, sql in TABLES.items()}
    held |= {name: in_vault(home, f"{sql} order by all") for name, sql in VAULT.items()}
    archived = {path.name: _sha256(pyrage.decrypt(path.read_bytes(), identity)) for path in home.archive.rglob("*.age")}
    inbox = {path.name: _sha256(path.read_bytes()) for path in home.inbox.iterdir()}
    features = sorted(path.name for path in home.features.iterdir() if not path.name.startswith("."))
    small = [
        path.read_text() for path in (home.retention, home.features / "manifest.json", home.collected) if path.exists()
    ]
    unfinished = sorted(path.name for path in home.root.glob("*") if path.name in ("retaining", "erasing"))
    return held | {"archive": archived, "inbox": inbox, "features": features, "small": small, "unfinished": unfinished}


def of_resealed(root: Path) -> Content:
    """Return what the home holds, and whether anything is left of its secret's replacement, which landing waits for."""
    home = Home(root / "home")
    left = [path.name for path in (home.rotating, home.secrets / rotation.NEXT) if path.exists()]
    return of_home(root) | {"left": left, "log": verify_journal(home)}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def of_backups(root: Path) -> Content:
    """Return how many backups there are, whether each is whole, and what else lies there."""
    found = sorted(path for path in (root / "backups").iterdir() if path.is_dir())
    whole = [_is_whole(path) for path in found if not path.name.startswith(".")]
    return {"backups": whole, "left": [path.name for path in found if path.name.startswith(".")]}


def _is_whole(folder: Path) -> bool:
    stated = json.loads((folder / backup.MANIFEST).read_text())["files"]
    return not backup._changed(folder, stated)


def _keeps_backups(root: Path) -> bool:
    """Return whether at least the two of the template are there, or as many newer ones."""
    return of_backups(root)["backups"].count(True) > 1


def of_collected(root: Path) -> Content:
    """Return what was collected, and what the home notes of it."""
    home = Home(root / "synthetic")
    inbox = {path.name: _sha256(path.read_bytes()) for path in home.inbox.iterdir() if not path.name.startswith(".")}
    noted = set(json.loads(home.synthetic.read_text())["sha256"])
    known = json.loads(home.collected.read_text())
    pages = [path.name for path in (home.spill / "collect").rglob("*.age")]
    return {"inbox": inbox, "known": known, "pages": pages, "may land": noted >= set(inbox.values())}


def of_restored(root: Path) -> Content:
    """Return what was restored and what lies beside it."""
    again = root / "again"
    held = {str(path.relative_to(again)): _sha256(path.read_bytes()) for path in again.rglob("*") if path.is_file()}
    return {"held": held, "beside": sorted(path.name for path in root.iterdir())}


@dataclass
class Case:
    """A command that writes.

    Args:
        arguments: of the command, without `--home`.
        content: what it has made.
        home: the folder that it is called on.
        said_done: how the same command refuses where nothing is left to do; None: it does not.
        prepare: what is put into the template first.
        keeps: whether nothing good is gone before the next call.
    """

    arguments: tuple[str, ...]
    content: Callable[[Path], Content] = of_home
    home: str = "home"
    said_done: str | None = None
    prepare: Callable[[Path, ExitStack], None] = lambda *_: None
    keeps: Callable[[Path], bool] = lambda _: True

    def ends(self, said: dict[str, Any] | None) -> bool:
        """Return whether the next call of the same command ended as it has to."""
        return bool(said) and (not said["code"] or bool(self.said_done and self.said_done in said["error"]))


def child(root: Path, number: str = "72234560") -> str:
    """Return the key of a pupil, by default of one of the later year."""
    return str(in_vault(Home(root / "home"), f"select child_key from vault.aliases where value = '{number}'")[0][0])


def in_vault(home: Home, sql: str) -> list[tuple[Any, ...]]:
    """Ask the vault."""
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return db.execute(sql).fetchall()


def _stub_builds(_: Path, __: ExitStack) -> None:
    """Leave dbt aside: kills of builds and of publishing are tests of their own."""
    retain.build.build = retain.score.score = retain.publish.publish = lambda *_: None


def _serve(root: Path, stack: ExitStack) -> None:
    """Serve a small roll, a few rows a page, to collect from."""
    api.PAGE = 5
    os.environ |= {name: value for name, value in stack.enter_context(api.serving(api.Country(root / "api"))).items()
                   if "JUNTOS" in name}  # fmt: skip


ARRIVED: list[dict[str, Any]] = []


def _listen(root: Path, stack: ExitStack) -> None:
    """Receive messages; two schools are to hear."""
    arrived = stack.enter_context(receivers.webhook())
    arrived.messages = ARRIVED
    with (root / "home" / "recipients.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for name in ("a", "b"):
            writer.writerow({"recipient": name, "role": "school", "scope": SCHOOL, "channel": "webhook",
                             "address": arrived.address})  # fmt: skip


def of_outbox(root: Path) -> Content:
    """Return who was told of how much, a message once however often it was sent, and what waits."""
    told = {one["id"]: (one["recipient"], one["counts"]) for one in ARRIVED}
    with sqlite3.connect(Home(root / "home").outbox) as db:
        waiting = db.execute("select count(*) from messages where acknowledged_at is null").fetchall()
    return {"told": sorted(told.values(), key=str), "waiting": waiting}


def cases(template: Path) -> dict[str, Case]:
    """Return the commands by name."""
    newest = max(path.name for path in (template / "backups").glob("[0-9]*"))
    return {
        "retain": Case(("retain", "--today", "2037-01-02", "--delete"), prepare=_stub_builds),
        "erase": Case(("subject", "erase", child(template), *WHY, "--yes"), said_done="no person with key"),
        "oppose": Case(("subject", "oppose", child(template), *WHY)),
        "part": Case(("subject", "part", child(template, "7000"), *WHY), said_done="stands for one person only"),
        "withdraw": Case(("withdraw", samples.ATTENDANCE, *WHY), said_done="no rows that count"),
        "codes map": Case(
            ("codes", "map", "siagie.siagie_enrollments", "estado_matricula", "DEFINITIVO", "DEFINITIVA", *WHY_CODE)
        ),
        "deploy": Case(("deploy",)),
        "rotate-secret": Case(("rotate-secret",), of_resealed),
        "collect": Case(("collect", "juntos", "--today", "2023-12-05"), of_collected, "synthetic", prepare=_serve),
        "notify": Case(("notify", "--now", "2025-12-05 17:00:00"), of_outbox, prepare=_listen),
        "backup": Case(("backup", "--to", "{root}/backups", "--keep", "2"), of_backups, keeps=_keeps_backups),
        "restore": Case(("restore", f"{{root}}/backups/{newest}"), of_restored, "again", "is not empty"),
    }


@dataclass
class Trial:
    """A command of a case on a fresh copy of the template, at the same place each time."""

    case: Case
    template: Path
    root: Path
    library: ctypes.CDLL

    def fresh(self) -> None:
        """Copy the template again."""
        ARRIVED.clear()
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(self.template, self.root, symlinks=True)

    def call(self, *arguments: str, arm: Callable[[], None] = lambda: None) -> tuple[int, Any]:
        """Call a command in a fork."""
        given = [word.replace("{root}", str(self.root)) for word in arguments]
        return in_fork(lambda: command(self.root / self.case.home, *given, arm=arm))

    def counted(self) -> tuple[int, Content]:
        """Return how many calls the undisturbed command makes, and what it makes."""
        self.fresh()
        _, done = in_fork(self._counted)
        assert done["code"] == 0, done
        return done["calls"], self.content()

    def _counted(self) -> dict[str, object]:
        given = [word.replace("{root}", str(self.root)) for word in self.case.arguments]
        done = command(self.root / self.case.home, *given, arm=lambda: self.library.fault_arm(1 << 40, 5, ONCE))
        return done | {"calls": self.library.fault_count()}

    def content(self) -> Any:
        """Return what there is now."""
        _, found = in_fork(lambda: json.loads(json.dumps(self.case.content(self.root), default=str)))
        return found

    def at(self, n: int, number: int, mode: int, expected: Content) -> tuple[Any, list[str]]:
        """Let the n-th call fail; return what was said and where the law does not hold."""
        self.fresh()
        code, said = self.call(*self.case.arguments, arm=lambda: self.library.fault_arm(n, number, mode))
        wrong = [] if code in ENDED else [f"the process ended with {code}"]
        if said and said["code"] and not _is_sentence(said["error"]):
            wrong.append(f"no sentence: {said['error'][-400:]}")
        if said and said["code"] == 0 and (found := self.content()) != expected:
            wrong.append(f"exit 0, and not true: {difference(found, expected)}")
        if not self.case.keeps(self.root):
            wrong.append(f"gone: {self.content()}")
        return said, wrong + self.again(n, expected)

    def again(self, n: int, expected: Content) -> list[str]:
        """Call again what was disturbed, at every other place after another command that writes."""
        if n % 2 and self.case.home == "home" and self.case.content is of_home:
            _, landed = self.call("land")
            if not landed or landed["code"]:
                return [f"the next landing fails: {landed}"]
        _, said = self.call(*self.case.arguments)
        if not self.case.ends(said):
            return [f"the next call fails: {said}"]
        found = self.content()
        return [] if found == expected else [f"after the next call: {difference(found, expected)}"]


def _is_sentence(error: str) -> bool:
    return error.startswith("qhawaq: ") and "Traceback" not in error and error.count("\n") == 1


def difference(found: Any, expected: Content) -> str:
    """Say in what two contents differ."""
    if not isinstance(found, dict):
        return f"nothing can be read: {found}"
    return str({name: (found.get(name), value) for name, value in expected.items() if found.get(name) != value})[:1500]


def main(template: Path, root: Path, name: str, number: int, mode: int, chosen: slice) -> None:
    """Let each chosen call fail, one command each; write a line for each."""
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.fault_arm.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_int)
    contracts.read(DBT_PROJECT)
    with ExitStack() as stack:
        case = cases(template)[name]
        case.prepare(template, stack)
        trial = Trial(case, template, root, library)
        calls, expected = trial.counted()
        print(json.dumps({"calls": calls, "expected": expected}), flush=True)
        for n in range(1, calls + 1)[chosen]:
            said, broken = trial.at(n, number, mode, expected)
            print(json.dumps({"n": n, "code": said and said["code"], "error": said and said["error"][:300],
                              "broken": broken}), flush=True)  # fmt: skip


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]), Path(arguments[1]), arguments[2], int(arguments[3]), int(arguments[4]),
         slice(*map(int, arguments[5:8])))  # fmt: skip

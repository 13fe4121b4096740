"""The commands that write, each with what it has to do in the template, and what it makes there."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import contents
from tests.faults.contents import Content
from tests.landing import samples
from tests.notify import receivers
from tests.notify.conftest import SCHOOL
from warehouse.country import api
from warehouse.notify.recipients import COLUMNS
from warehouse.pipeline import publish, retain
from warehouse.publish import switching
from warehouse.settings import Home

LIGHT = ("land", "collect", "publish", "rollback", "backup", "restore", "retain", "erase", "notify", "key", "rotate-secret",
         "oppose", "part", "withdraw", "codes map", "parameters", "deploy")  # fmt: skip
HEAVY = ("build", "train", "score")  # heavy.py has them: they need a country, and what takes long to import
WHY = ("--reason", "a test of what is left", "--who", "test")
WHY_CODE = ("--why", "a test of what is left", "--who", "test")
NEW_KEY = ("key", "new", "visitor", "--scope", "predict", "--area", "ugel:150101")


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
        needs: the folders of the template that it needs.
        begin_anew: files whose loss means to begin anew, as docs say: the command cannot know that there was one.
    """

    arguments: tuple[str, ...]
    content: Callable[[Path], Content] = contents.of_home
    home: str = "home"
    said_done: str | None = None
    prepare: Callable[[Path, ExitStack], None] = lambda *_: None
    keeps: Callable[[Path], bool] = lambda _: True
    needs: tuple[str, ...] = ("home",)
    begin_anew: tuple[str, ...] = ()

    def ends(self, said: dict[str, Any] | None) -> bool:
        """Return whether the next call of the same command ended as it has to."""
        return bool(said) and (not said["code"] or bool(self.said_done and self.said_done in said["error"]))


def child(root: Path, number: str = "72234560") -> str:
    """Return the key of a pupil, by default of one of the later year."""
    sql = f"select child_key from vault.aliases where value = '{number}'"
    return str(contents.in_vault(Home(root / "home"), sql)[0][0][0])


def _stub_builds(_: Path, __: ExitStack) -> None:
    """Leave dbt aside: kills of builds and of publishing are tests of their own."""
    retain.build.build = retain.score.score = retain.publish.publish = lambda *_: None


def _stub_publish(_: Path, __: ExitStack) -> None:
    """Leave publishing aside, with which an erasure ends: the tiny home has nothing to publish."""
    publish.publish = lambda *_: publish.PublishResult("none", 0)


def _serve(root: Path, stack: ExitStack) -> None:
    """Serve a small roll, a few rows a page, to collect from."""
    api.PAGE = 5
    os.environ |= {name: value for name, value in stack.enter_context(api.serving(api.Country(root / "api"))).items()
                   if "JUNTOS" in name}  # fmt: skip


def _listen(root: Path, stack: ExitStack) -> None:
    """Receive messages; two schools are to hear."""
    arrived = stack.enter_context(receivers.webhook())
    arrived.messages = contents.ARRIVED
    with (root / "home" / "recipients.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        for name in ("a", "b"):
            writer.writerow({"recipient": name, "role": "school", "scope": SCHOOL, "channel": "webhook",
                             "address": arrived.address})  # fmt: skip


def cases(template: Path) -> dict[str, Case]:
    """Return the commands by name."""
    newest = max(path.name for path in (template / "backups").glob("[0-9]*"))
    waiting = {path.name: contents.sha256(path.read_bytes()) for path in Home(template / "arriving").inbox.iterdir()}
    earlier = switching.kept(Home(template / "published"))[0]
    return {
        "land": Case(("land",), contents.of_arriving, "arriving", needs=("arriving",),
                     keeps=lambda root: contents.holds_deliveries(root, waiting)),
        "publish": Case(("publish",), contents.of_published, "published", needs=("published",)),
        "rollback": Case(("rollback", "--to", earlier), contents.of_rolled_back, "published", needs=("published",)),
        "retain": Case(("retain", "--today", "2037-01-02", "--delete"), prepare=_stub_builds),
        "erase": Case(
            ("subject", "erase", child(template), *WHY, "--yes"), said_done="no person with key", prepare=_stub_publish
        ),
        "oppose": Case(("subject", "oppose", child(template), *WHY)),
        "part": Case(("subject", "part", child(template, "7000"), *WHY), said_done="stands for one person only"),
        "withdraw": Case(("withdraw", samples.ATTENDANCE, *WHY), said_done="no rows that count"),
        "codes map": Case(
            ("codes", "map", "siagie.siagie_enrollments", "estado_matricula", "DEFINITIVO", "DEFINITIVA", *WHY_CODE)
        ),
        "parameters": Case(
            ("parameters", "capacity", "150101", "--children", "40", "--from", "2024-01-01", *WHY_CODE),
            said_done="states just this",
        ),
        "deploy": Case(("deploy",)),
        "rotate-secret": Case(("rotate-secret",), contents.of_resealed),
        "collect": Case(("collect", "juntos", "--today", "2023-12-05"), contents.of_collected, "synthetic",
                        prepare=_serve, needs=("synthetic",)),
        "notify": Case(("notify", "--now", "2025-12-05 17:00:00"), contents.of_outbox, prepare=_listen),
        "backup": Case(("backup", "--to", "{root}/backups", "--keep", "2"), contents.of_backups,
                       keeps=contents.keeps_backups, needs=("home", "backups")),
        "restore": Case(("restore", f"{{root}}/backups/{newest}"), contents.of_restored, "again", "is not empty",
                        needs=("home", "backups")),
        "key": Case(NEW_KEY, contents.of_keys, said_done="there is a key of", begin_anew=("home/secrets/api_keys.json",)),
    }  # fmt: skip

"""A command on a home whose disk fails, or killed, at its n-th call; then it is called again. Does the law hold?

The law: it ends with exit 0 and all of it is true, or with a sentence; the next command that writes ends what was begun,
and the home is that of an undisturbed call; no delivery and no good backup is gone. Run under `LD_PRELOAD` of disk.c by
test_commands.py and coverage.py: what takes long is imported once, and each call is a fork.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import contents
from tests.faults.cases import HEAVY, Case, cases
from tests.faults.contents import Content
from tests.faults.disk import ENDED, ONCE, command, in_fork
from warehouse import contracts
from warehouse.settings import DBT_PROJECT


@dataclass
class Trial:
    """A command of a case on a fresh copy of the template, at the same place each time."""

    case: Case
    template: Path
    root: Path
    library: ctypes.CDLL
    made: Content = field(default_factory=dict)
    left: set[str] = field(default_factory=set)  # the files there after an undisturbed call

    def fresh(self) -> None:
        """Copy the template again, as much of it as the command needs."""
        contents.ARRIVED.clear()
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        for name in self.case.needs:
            shutil.copytree(self.template / name, self.root / name, symlinks=True)

    def call(self, *arguments: str, arm: Callable[[], None] = lambda: None) -> tuple[int, Any]:
        """Call a command in a fork."""
        given = [word.replace("{root}", str(self.root)) for word in arguments]
        return in_fork(lambda: command(self.root / self.case.home, *given, arm=arm))

    def counted(self) -> int:
        """Return how many calls the undisturbed command makes; keep what it makes."""
        self.fresh()
        _, done = in_fork(self._counted)
        assert done["code"] == 0, done
        _import(done["modules"])
        self.made = self.content()
        self.left = {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}
        return int(done["calls"])

    def _counted(self) -> dict[str, object]:
        given = [word.replace("{root}", str(self.root)) for word in self.case.arguments]
        before = set(sys.modules)
        done = command(self.root / self.case.home, *given, arm=lambda: self.library.fault_arm(1 << 40, 5, ONCE))
        return done | {"calls": self.library.fault_count(), "modules": sorted(set(sys.modules) - before)}

    def content(self) -> Any:
        """Return what there is now."""
        _, found = in_fork(lambda: json.loads(json.dumps(self.case.content(self.root), default=str)))
        return found

    def at(self, n: int, number: int, mode: int) -> tuple[Any, list[str]]:
        """Let the n-th call fail; return what was said and where the law does not hold."""
        self.fresh()
        code, said = self.call(*self.case.arguments, arm=lambda: self.library.fault_arm(n, number, mode))
        wrong = [] if code in ENDED else [f"the process ended with {code}"]
        wrong += self.judged(said)
        return said, wrong + self.again(has_landed=bool(n % 2))

    def judged(self, said: Any) -> list[str]:
        """Say where what was said is no sentence or not true, and what is gone."""
        wrong = []
        if said and said["code"] and not is_sentence(said["error"]):
            wrong.append(f"no sentence: {said['error'][-400:]}")
        if said and said["code"] == 0 and (found := self.content()) != self.made:
            wrong.append(f"exit 0, and not true: {difference(found, self.made)}")
        if not self.case.keeps(self.root):
            wrong.append(f"gone: {self.content()}")
        return wrong

    def again(self, has_landed: bool = False) -> list[str]:
        """Call again what was disturbed, at some places after another command that writes."""
        if has_landed and self.case.home == "home" and self.case.content is contents.of_home:
            _, landed = self.call("land")
            if not landed or landed["code"]:
                return [f"the next landing fails: {landed}"]
        _, said = self.call(*self.case.arguments)
        if not self.case.ends(said):
            return [f"the next call fails: {said}"]
        found = self.content()
        return [] if found == self.made else [f"after the next call: {difference(found, self.made)}"]


def _import(modules: list[str]) -> None:
    """Import once what a command imports, so that no fork has to."""
    for name in modules:
        with suppress(Exception):
            importlib.import_module(name)


NODES = re.compile(r"qhawaq: \d+ of \d+ nodes failed; what was published before stays")


def is_sentence(error: str) -> bool:
    """Return whether what a command says is one line of ours; a build names each node that failed in a line below."""
    is_ours = error.startswith("qhawaq: ") and "Traceback" not in error
    return is_ours and (error.count("\n") == 1 or bool(NODES.match(error)))


def difference(found: Any, expected: Content) -> str:
    """Say in what two contents differ."""
    if not isinstance(found, dict):
        return f"nothing can be read: {found}"
    return str({name: (found.get(name), value) for name, value in expected.items() if found.get(name) != value})[:1500]


def library() -> ctypes.CDLL:
    """Return the preloaded library."""
    found = ctypes.CDLL(os.environ["LD_PRELOAD"])
    found.fault_arm.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_int)
    found.fault_clock.argtypes = (ctypes.c_long,)
    return found


def prepared(template: Path, root: Path, name: str, stack: ExitStack) -> Trial:
    """Return a trial of a command, with what takes long imported."""
    contracts.read(DBT_PROJECT)
    case = (importlib.import_module("tests.faults.heavy").cases if name in HEAVY else cases)(template)[name]
    case.prepare(template, stack)
    return Trial(case, template, root, library())


def say(what: dict[str, Any]) -> None:
    """Write a line for the test."""
    sys.stdout.write(f"{json.dumps(what)}\n")
    sys.stdout.flush()


def main(template: Path, root: Path, name: str, number: int, mode: int, chosen: slice) -> None:
    """Let each chosen call fail, one command each; write a line for each."""
    with ExitStack() as stack:
        trial = prepared(template, root, name, stack)
        calls = trial.counted()
        say({"calls": calls, "expected": trial.made})
        for n in range(1, calls + 1)[chosen]:
            said, broken = trial.at(n, number, mode)
            say({"n": n, "code": said and said["code"], "error": said and said["error"][:300], "broken": broken})


if __name__ == "__main__":
    arguments = sys.argv[1:]
    main(Path(arguments[0]), Path(arguments[1]), arguments[2], int(arguments[3]), int(arguments[4]),
         slice(*map(int, arguments[5:8])))  # fmt: skip

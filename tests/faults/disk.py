"""A small home lands on a disk that fails at its n-th call, or is killed there; then it is landed again. Does the law hold?

The law: a command ends with exit 0 and all of it is true, or with a sentence; the next plain command finishes; at no
moment is a delivery gone. Run under `LD_PRELOAD` of disk.c by test_disk.py: what takes long is imported once, and each
landing is a fork.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import io
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyrage

from warehouse import cli, contracts, database, keys
from warehouse.landing import land
from warehouse.pipeline import land as step
from warehouse.settings import DBT_PROJECT, Home

ONCE, FOREVER, SHORT, KILL = range(4)
KINDS = {  # what befalls a call → the error's number, and how often
    "killed": (0, KILL), "EIO once": (errno.EIO, ONCE), "EIO from then on": (errno.EIO, FOREVER),
    "ENOSPC once": (errno.ENOSPC, ONCE), "ENOSPC from then on": (errno.ENOSPC, FOREVER), "a short write": (0, SHORT),
}  # fmt: skip
STEP = int(
    os.environ.get("QHAWAQ_DISK_STEP", "10" if "QHAWAQ_PART" in os.environ else "5")
)  # every how many calls one fails
ENDED = (0, -signal.SIGKILL)  # how a process may end: by itself, or killed at the call
CONTENT = (
    "select 'ledger', file || ' ' || status, accepted_rows from raw.deliveries "
    "union all select 'months', mes::varchar, count(*) from raw.siagie_attendance group by all "
    "union all select 'pupils', '', count(*) from raw.siagie_enrollments order by all"
)
VAULT = "select 'persons', count(*) from vault.persons union all select 'names', count(*) from vault.siagie_enrollments order by all"


def in_fork(task: Callable[[], object]) -> tuple[int, object]:
    """Run a task in a fork; return how it ended and what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as file:
                json.dump(task(), file)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said or "null")


def command(home: Path, *arguments: str, arm: Callable[[], None] = lambda: None) -> dict[str, object]:
    """Call the command in this process; return its exit code and what it said."""
    out, error, code = io.StringIO(), io.StringIO(), 0
    arm()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        try:
            cli.main(["--home", str(home), "--quiet", *arguments])
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException as wrong:  # what a user would see as a traceback
            code, _ = 98, print(f"Traceback: {type(wrong).__name__}: {wrong}", file=error)
    return {"code": code, "error": error.getvalue()}


def deliveries(folder: Path) -> dict[str, str]:
    """Return name and hash of what is delivered."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def lost(home: Home, delivered: dict[str, str]) -> list[str]:
    """Return the deliveries that neither the inbox nor the archive holds."""
    secret = home.secrets / "age.key"
    identity = [pyrage.x25519.Identity.from_str(secret.read_text().strip())] if secret.exists() else []
    found = {hashlib.sha256(path.read_bytes()).hexdigest() for path in home.inbox.iterdir() if path.is_file()}
    for path in home.archive.rglob("*.age"):
        with contextlib.suppress(pyrage.DecryptError):
            found.add(hashlib.sha256(pyrage.decrypt(path.read_bytes(), identity)).hexdigest())
    return [name for name, sha256 in delivered.items() if sha256 not in found]


def content(home: Home) -> list[object]:
    """Return what the home holds."""
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        held = db.execute(CONTENT).fetchall()
    with database.scratch(home) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        held += db.execute(VAULT).fetchall()
    inbox = [path.name for path in home.inbox.iterdir()]
    empty = [path.name for path in home.archive.rglob("*.age") if path.stat().st_size < 200]
    return json.loads(json.dumps([held, sorted(inbox), empty]))


def broken(home: Home, delivered: dict[str, str], expected: object, first: tuple[int, object]) -> list[str]:
    """Say where the law does not hold after a landing on the failing disk; the home is landed again."""
    code, said = first
    wrong = [] if code in ENDED else [f"the process ended with {code}"]
    if said and said["code"] and not (said["error"].startswith("qhawaq: ") and "Traceback" not in said["error"]):
        wrong.append(f"no sentence: {said['error'][-300:]}")
    if gone := lost(home, delivered):
        wrong.append(f"gone: {gone}")
    if said and said["code"] == 0 and (held := in_fork(lambda: content(home)))[1] != expected:
        wrong.append(f"exit 0, and not true: {held}")
    _, again = in_fork(lambda: command(home.root, "land"))
    if not again or again["code"]:
        wrong.append(f"the next landing fails: {again}")
    elif (held := in_fork(lambda: content(home)))[1] != expected:
        wrong.append(f"after the next landing: {held}")
    return wrong


def is_known(kind: str, broken: list[str]) -> bool:
    """Return whether this is what DuckDB does where its log can be neither written nor cut: it ends the process."""
    return kind == "EIO from then on" and broken == ["the process ended with -6"]


def main(template: Path, root: Path, number: int, mode: int, chosen: slice) -> None:
    """Let each chosen call fail, one landing each; write a line for each."""
    library = ctypes.CDLL(os.environ["LD_PRELOAD"])
    library.fault_arm.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_int)
    contracts.read(DBT_PROJECT)
    assert {land, step}  # imported once, before the forks
    home = Home(root / "home")
    delivered = deliveries(template / "inbox")

    def counted() -> dict[str, object]:
        done = command(home.root, "land", arm=lambda: library.fault_arm(1 << 40, number, ONCE))
        return done | {"calls": library.fault_count()}

    shutil.copytree(template, home.root)
    _, whole = in_fork(counted)
    _, expected = in_fork(lambda: content(home))
    print(json.dumps({"calls": whole, "expected": expected}), flush=True)
    for n in range(1, int(whole["calls"]) + 1)[chosen]:
        shutil.rmtree(home.root)
        shutil.copytree(template, home.root)
        first = in_fork(lambda n=n: command(home.root, "land", arm=lambda: library.fault_arm(n, number, mode)))
        said = first[1] or {}
        print(json.dumps({"n": n, "code": said.get("code"), "error": str(said.get("error"))[:200],
                          "broken": broken(home, delivered, expected, first)}), flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), slice(*map(int, sys.argv[5:8])))

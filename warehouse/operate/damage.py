"""What is damaged in a home, as far as that can be seen without opening a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from warehouse import keys, machine, synthetic
from warehouse.errors import DamagedFile, QhawaqError
from warehouse.files import read_json
from warehouse.operate import status
from warehouse.publish import switching
from warehouse.registry import papers
from warehouse.settings import SMALLEST_DATABASE, Home

# Small files of a home that need not be there → what each holds, and what to do where it is damaged.
SMALL: dict[str, tuple[type[Any], str]] = {
    "state.json": (dict, status.AGAIN),
    "collected.json": (dict, "restore it from a backup, or remove it: then everything is collected again"),
    "retention.json": (list, "restore it from a backup"),
    "backup_folders.json": (list, "remove it, and copy erased.json beside every backup"),
    "sealed_with.json": (dict, keys.MARK_ADVICE),
    "erased.json": (dict, "restore it from a backup"),
    "decisions.json": (list, "restore it from a backup"),
    "to_ask.json": (list, "remove it; it lists what a restored backup could not carry out"),
    "to_decide.json": (list, "restore the backup again"),
    "to_erase.json": (dict, "restore the backup again"),
    "model_config.json": (dict, "call 'qhawaq deploy'"),
    "secrets/api_keys.json": (list, "restore it, or remove it and make each machine a new key"),
}


def found(home: Home) -> list[str]:
    """Say what is wrong with a home, a sentence for each thing; nothing where it is whole."""
    checks: list[Callable[[], object]] = [
        lambda: home.kind,
        lambda: list(home.inbox.iterdir()) if home.inbox.exists() else None,
        partial(_secret, home),
        partial(_status, home),
        partial(_synthetic, home),
        partial(_published, home),
        partial(_closed, home),
        partial(_live_model, home),
        *(partial(_papers, path.parent) for path in sorted(home.models.glob(f"*/{papers.NAME}"))),
        *(partial(_small, home.root / name, *SMALL[name]) for name in SMALL),
        *(partial(_database, home, path) for path in (home.warehouse, home.vault)),
        *(partial(_archived, path) for path in sorted(home.archive.rglob("*.age"))),
    ]
    return list(dict.fromkeys(_told(checks, home)))


def _told(checks: list[Callable[[], object]], home: Home) -> Iterator[str]:
    for check in checks:
        try:
            check()
        except QhawaqError as error:
            yield str(error)
        except OSError as error:
            yield str(machine.sentence(error, home.root))


def _secret(home: Home) -> None:
    if home.root.exists():
        keys.check_not_lost(home.secrets)
        if keys.at_hand(home.secrets):
            keys.load(home.secrets)


def _status(home: Home) -> None:
    if home.status.exists() and not status.is_whole(home):
        status.read(home)
        raise DamagedFile(f"{home.status} is damaged: {status.AGAIN}")


def _synthetic(home: Home) -> None:
    if home.kind == "synthetic":
        synthetic.noted(home)


def _published(home: Home) -> None:
    release = switching.current(home)
    if not release and switching.kept(home):
        raise DamagedFile(f"{home.serving / 'current.json'} is missing: {switching.AGAIN}")
    if release and (lost := switching.lost(home, release)):
        advice = switching.ANOTHER if switching.gone_back_from(home) else switching.AGAIN
        raise DamagedFile(f"release {release} lacks its file of {', '.join(lost)}: {advice}")
    if wrong := switching.wrong_links(home):
        raise DamagedFile(
            f"{switching.CURRENT} of {', '.join(wrong)} does not lead to release {release}: call 'qhawaq run'"
        )


def _closed(home: Home) -> None:
    manifest = home.features / "manifest.json"
    if not manifest.exists():
        if any(home.features.glob("as_of=*")):
            raise DamagedFile(f"{manifest} is missing: {machine.CLOSED_AGAIN}")
        return
    stated = read_json(manifest, dict, machine.MANIFEST_AGAIN)  # not by what reads closed dates: it imports an engine
    kept = {day: str(entry.get("file")) for day, entry in stated.items() if "retired_on" not in entry}
    if lost := [day for day, file in kept.items() if not (home.features / file).exists()]:
        raise DamagedFile(f"the Parquet of closed dates {', '.join(lost[:5])} is missing: {machine.CLOSED_AGAIN}")


def _live_model(home: Home) -> None:
    if wrong := papers.of_live_model(home):
        raise DamagedFile(wrong)


def _papers(folder: Path) -> None:
    if wrong := papers.faults(folder):
        raise DamagedFile("; ".join(wrong))


def _small(path: Path, shape: type[Any], advice: str) -> None:
    if path.exists():
        read_json(path, shape, advice)


def _database(home: Home, path: Path) -> None:
    """Judge a database by its size: whether its blocks are whole shows where they are read."""
    if path.exists() and path.stat().st_size >= SMALLEST_DATABASE:
        return
    if home.has_landed:
        how = "damaged" if path.exists() else "missing"
        raise DamagedFile(f"{path} is {how}, but deliveries have landed: {machine.RESTORE}")
    if path.exists():
        raise DamagedFile(f"{path} was never written whole: the next 'qhawaq land' makes it anew")


def _archived(path: Path) -> None:
    if not path.stat().st_size:
        raise DamagedFile(f"{path} is empty: send the same delivery again, or restore the file from a backup")

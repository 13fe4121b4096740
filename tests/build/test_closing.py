"""Files of closed dates: damage is found before a row of them is used, and mended from the warehouse where two of three agree."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import homes
from tests.conftest import examples
from warehouse.build import closing
from warehouse.errors import DamagedFile
from warehouse.pipeline import learning
from warehouse.progress import Progress
from warehouse.settings import Home

SILENT = Progress(quiet=True)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("closing") / "home"
    return homes.copy(homes.get("short") / "home", Home(folder), "archive", "serving", "compiled")


@pytest.fixture
def home(copied: Home) -> Home:
    """A home whose closed dates are whole, whatever the test before did to them."""
    kept = copied.root / "kept"
    if kept.exists():
        shutil.rmtree(copied.features, ignore_errors=True)
        shutil.copytree(kept, copied.features)
    else:
        shutil.copytree(copied.features, kept)
    return copied


def content(home: Home) -> dict[str, bytes]:
    return {
        str(path.relative_to(home.features)): path.read_bytes() for path in home.features.rglob("*.*") if path.is_file()
    }


def days(home: Home) -> list[str]:
    return sorted(closing.kept(home))


def parquet(home: Home, at: int = -1) -> Path:
    return home.features / f"as_of={days(home)[at]}" / "features.parquet"


def flip(path: Path, at: float = 0.5) -> None:
    held = bytearray(path.read_bytes())
    held[int(len(held) * at)] ^= 1 << random.Random(at).randrange(8)
    path.write_bytes(held)


def restate(home: Home, at: int = -1) -> None:
    """Change what the manifest states of a date, as a flipped bit in it does."""
    path = home.features / "manifest.json"
    manifest = json.loads(path.read_text())
    stated = manifest[days(home)[at]]["sha256"]
    manifest[days(home)[at]]["sha256"] = ("0" if stated[0] != "0" else "1") + stated[1:]
    path.write_text(json.dumps(manifest))


OF_FILES: dict[str, Callable[[Home], object]] = {
    "flipped": lambda home: flip(parquet(home)),
    "cut": lambda home: parquet(home, 0).write_bytes(parquet(home, 0).read_bytes()[:-100]),
    "empty": lambda home: parquet(home).write_bytes(b""),
    "of another date": lambda home: parquet(home, 0).write_bytes(parquet(home, 1).read_bytes()),
    "lost": lambda home: parquet(home).unlink(),
    "all lost": lambda home: [shutil.rmtree(home.features / f"as_of={day}") for day in days(home)],
}
OF_MANIFEST: dict[str, Callable[[Home], object]] = {
    "a hash changed": restate,
    "lost": lambda home: (home.features / "manifest.json").unlink(),
    "lost with the files": lambda home: shutil.rmtree(home.features),
}


@pytest.mark.parametrize("damage", OF_FILES)
def test_no_row_of_a_damaged_file_is_learned_from_and_a_build_mends_it(home: Home, damage: str) -> None:
    before, all_days = content(home), days(home)
    learning.parquet(home, all_days)
    OF_FILES[damage](home)
    with pytest.raises(DamagedFile, match="qhawaq build"):
        learning.parquet(home, all_days)
    assert closing.close(home, SILENT) == []
    assert content(home) == before
    learning.parquet(home, all_days)


@pytest.mark.parametrize("damage", OF_MANIFEST)
def test_a_damaged_manifest_loses_no_date(home: Home, damage: str) -> None:
    before = content(home)
    OF_MANIFEST[damage](home)
    assert closing.close(home, SILENT) == []
    assert content(home) == before


def test_where_file_and_manifest_are_damaged_nothing_is_guessed(home: Home) -> None:
    flip(parquet(home))
    restate(home)
    before = content(home)
    with pytest.raises(DamagedFile, match="else restore it from a backup"):
        closing.close(home, SILENT)
    assert content(home) == before


def test_any_flipped_bit_is_found(home: Home) -> None:
    path = parquet(home)
    whole = path.read_bytes()
    for seed in range(examples(100)):
        flip(path, random.Random(seed).random())
        with pytest.raises(DamagedFile):
            closing.check(home, [days(home)[-1]])
        path.write_bytes(whole)
    closing.check(home, days(home))

"""`qhawaq verify`: whatever is damaged or lost in a home is named, and nothing of a whole one is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import homes
from tests.conftest import Country, examples, qhawaq
from warehouse.operate import verify
from warehouse.progress import Progress
from warehouse.settings import Home

SILENT = Progress(quiet=True)


@pytest.fixture(scope="module")
def published(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A copy of a home whose main job has ended."""
    return country.copy(tmp_path_factory.mktemp("verify") / "home", "compiled")


def kinds(home: Home) -> dict[str, list[Path]]:
    """Return the files whose every byte is stated somewhere, by kind."""
    return {
        "archive": sorted(home.archive.rglob("*.age")),
        "closed dates": sorted(home.features.rglob("*.parquet")),
        "serving": sorted(home.serving.rglob("qhawaq.duckdb")),
        "models": sorted(home.models.rglob("model.*")),
    }


@pytest.fixture
def kept(published: Home) -> Iterator[dict[Path, bytes]]:
    """What a test damages is put back after it."""
    held: dict[Path, bytes] = {}
    yield held
    for path, content in held.items():
        path.write_bytes(content)


def test_a_whole_home_is_called_whole(published: Home) -> None:
    said = qhawaq(published.root, "verify").stdout
    found = verify.verify(published, SILENT)
    assert found.wrong == []
    assert f"{published.root} is whole: {found.read['tables']} tables" in said
    assert found.read["tables"] > 100
    assert found.read["releases"] == 1
    assert found.read["closed dates"] == len(kinds(published)["closed dates"])
    assert found.read["deliveries"] == len(kinds(published)["archive"])


@pytest.mark.parametrize("kind", ["archive", "closed dates", "serving", "models"])
def test_any_damage_of_any_kind_of_file_is_named(published: Home, kept: dict[Path, bytes], kind: str) -> None:
    found = kinds(published)[kind]
    assert found
    part = next(
        part
        for name, part in verify.PARTS.items()
        if name in (kind, {"archive": "deliveries", "serving": "releases"}.get(kind))
    )
    chance = random.Random(kind)
    for path in chance.sample(found, min(examples(4), len(found))):
        kept[path] = whole = path.read_bytes()
        at = chance.randrange(len(whole))
        flipped = whole[:at] + bytes([whole[at] ^ 1 << chance.randrange(8)]) + whole[at + 1 :]
        for content in (flipped, whole[:-1], b""):
            path.write_bytes(content)
            wrong = [one for one in part(published) if one]
            assert len(wrong) == 1, (path, at)
            assert str(path) in wrong[0]
        path.unlink()
        (wrong_then,) = [one for one in part(published) if one]
        assert path.name in wrong_then or path.parent.name in wrong_then or str(published.archive) in wrong_then
        path.write_bytes(whole)


def of_tables(home: Home) -> list[str]:
    """Return what is wrong with the tables of a home."""
    return list(filter(None, verify._told(verify.PARTS["tables"], home)))


@pytest.mark.parametrize("name", ["warehouse.duckdb", "vault.duckdb"])
def test_a_flipped_bit_in_a_block_that_holds_rows_is_named(tmp_path: Path, name: str) -> None:
    """Where no table uses a block nothing is lost; a block that one uses is compared with its checksum."""
    home = homes.copy(homes.get("short") / "home", Home(tmp_path / "home"), "archive", "as_of=*", "compiled")
    assert of_tables(home) == []
    chance, found, path = random.Random(name), 0, home.root / name
    whole = path.read_bytes()
    for _ in range(examples(6)):
        content = bytearray(whole)
        content[chance.randrange(12_288, len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(content)
        found += any(name in one for one in of_tables(home))
    assert found > examples(6) / 2


def test_the_command_ends_with_one_sentence_and_exit_1(published: Home, kept: dict[Path, bytes]) -> None:
    path = kinds(published)["closed dates"][0]
    kept[path] = path.read_bytes()
    path.write_bytes(b"")
    said = qhawaq(published.root, "verify", expect=1)
    assert str(path) in said.stdout
    assert "qhawaq build" in said.stdout
    assert "1 wrong" in said.stderr

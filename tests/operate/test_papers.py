"""Cards and figures beside a model: damage to any of them is found before use, by `verify` and by `status`."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import qhawaq
from tests.publish.home import with_marts
from warehouse import database, files
from warehouse.errors import DamagedFile
from warehouse.operate import damage, verify
from warehouse.registry import papers, versions
from warehouse.settings import Home

PAPERS = {"model.skops": b"points", "card.json": b"{}", "ficha.md": b"# Ficha", "metrics.csv": b"metric,value\n"}


@pytest.fixture
def trained(tmp_path: Path) -> Home:
    """A home with a model that is live for the service."""
    home = Home(tmp_path / "home")
    with_marts(home)
    home.synthetic.write_text(json.dumps({"sha256": []}))
    folder = home.models / "m"
    folder.mkdir(parents=True)
    for name, content in PAPERS.items():
        (folder / name).write_bytes(content)
    model = files.sha256(folder / "model.skops")
    row = versions.Version("m", "interruption", "additive", date(2025, 12, 5), "passed: made for a test", file="m/model.skops",
                           sha256=model, files_sha256=papers.state(folder))  # fmt: skip
    with database.warehouse(home) as db:
        versions.add(db, row, [], {})
    home.model_config.write_text(json.dumps({"model_file": "m/model.skops", "model_sha256": model}))
    return home


def seen(home: Home) -> tuple[list[str], list[str]]:
    """Return what `status` and `verify` find."""
    return damage.found(home), [one for one in verify.PARTS["models"](home) if one]


def test_nothing_is_wrong_with_what_was_registered(trained: Home) -> None:
    assert seen(trained) == ([], [])
    assert papers.read(trained.models / "m" / "ficha.md") == PAPERS["ficha.md"]


@pytest.mark.parametrize("name", [*PAPERS, papers.NAME])
def test_any_damage_to_any_of_them_is_found(trained: Home, name: str) -> None:
    path = trained.models / "m" / name
    whole = path.read_bytes()
    for content in (whole[:-1] + b"X", whole[:-1], b"", None):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        by_status, by_verify = seen(trained)
        assert [str(path) in one for one in by_verify] == [True], content
        # A list that is gone is missed by whoever knows from the warehouse that there was one.
        assert by_status or (name == papers.NAME and content is None)
        path.write_bytes(whole)


def test_a_damaged_card_is_not_used(trained: Home) -> None:
    path = trained.models / "m" / "ficha.md"
    path.write_text("# Otra")
    with pytest.raises(DamagedFile, match=r"ficha\.md is damaged: restore it from a backup"):
        papers.read(path)


def test_status_says_that_the_live_models_file_is_lost_and_what_to_do(trained: Home) -> None:
    (trained.models / "m" / "model.skops").unlink()
    (trained.models / "m" / papers.NAME).unlink()  # as of a model of former code
    told = qhawaq(trained.root, "status", expect=1).stdout
    assert "model.skops is missing: it is live; restore it from a backup, or name another model" in told


def test_what_a_killed_training_left_in_the_folder_is_not_listed(trained: Home) -> None:
    folder = trained.models / "m"
    for name in (
        "card.tmp",
        f".{papers.NAME}.7.part",
        "waiver.yml",
    ):  # the waiver comes later; its hash stands elsewhere
        (folder / name).write_text("half")
    papers.state(folder)  # the list of the first try is there already
    assert sorted(json.loads((folder / papers.NAME).read_text())) == sorted(PAPERS)
    assert papers.faults(folder) == []


def test_a_home_of_former_code_which_has_no_lists_is_read_and_written(trained: Home) -> None:
    (trained.models / "m" / papers.NAME).unlink()
    with database.warehouse(trained) as db:
        db.execute("alter table ml.model_versions drop column files_sha256")
    assert seen(trained) == ([], [])
    with database.warehouse(trained) as db:
        found = versions.find(db, "interruption", "m")
        assert found
        assert (found.file, found.files_sha256) == ("m/model.skops", None)
        versions.make_live(db, "interruption", "rule:abc", date(2025, 12, 5))
        assert versions.live(db, "interruption") == "rule:abc"

"""Damage of what is published is found, and publishing again mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.publish.home import flip, links, read
from warehouse.errors import DamagedFile
from warehouse.operate import damage as damages
from warehouse.pipeline import run
from warehouse.pipeline.state import State
from warehouse.progress import Progress
from warehouse.publish import releases, switching
from warehouse.rights import unfinished
from warehouse.settings import Home

DAMAGES: dict[str, Callable[[Home, str], object]] = {
    "pointer lost": lambda home, _: (home.serving / "current.json").unlink(),
    "pointer empty": lambda home, _: (home.serving / "current.json").write_text(""),
    "pointer null": lambda home, _: (home.serving / "current.json").write_text("null"),
    "pointer elsewhere": lambda home, _: (home.serving / "current.json").write_text('{"release": "../../x"}'),
    "manifest lost": lambda home, release: (home.serving / "releases" / f"{release}.json").unlink(),
    "manifest cut": lambda home, release: (home.serving / "releases" / f"{release}.json").write_text('{"officials'),
    "manifest empty": lambda home, release: (home.serving / "releases" / f"{release}.json").write_text("{}"),
    "file flipped": lambda home, release: flip(switching.file(home, "education/150101", release)),
    "file lost": lambda home, release: switching.file(home, "operations", release).unlink(),
    "folder lost": lambda home, _: shutil.rmtree(home.serving / "education" / "150201"),
    "all lost": lambda home, _: shutil.rmtree(home.serving),
}
ASTRAY: dict[str, Callable[[Path], object]] = {
    "lost": lambda link: link.unlink(),
    "dangling": lambda link: (link.unlink(), link.symlink_to("20200101T000000000000-x/qhawaq.duckdb")),
    "a file": lambda link: (link.unlink(), link.write_bytes(b"a copy")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_of_what_is_published_is_found_and_publishing_again_mends_it(
    small: Home, silent: Progress, damage: str
) -> None:
    state = State("key", {"publish": {"release": releases.publish(small, silent, "k" * 8)[0]}})
    assert run.current_if_whole(small, state, silent)
    before = damages.found(small)
    DAMAGES[damage](small, switching.current(small) or "")
    unseen = damage in ("file flipped", "all lost")  # without reading all, or where nothing is left to see
    assert len(damages.found(small)) - len(before) == (0 if unseen else 1)
    unfinished.finish(small, silent)  # what every command begins with is not stopped by it
    assert run.current_if_whole(small, state, silent) is None
    assert "publish" not in state.done
    release, files = releases.publish(small, silent, "k" * 8)
    assert files == 7
    assert {row[1] for link in links(small) for row in read(link)} == {release}


@pytest.mark.parametrize("how", ASTRAY)
@pytest.mark.parametrize("folder", ["officials", "protection/150101"])
def test_a_link_that_went_astray_follows_again(small: Home, silent: Progress, how: str, folder: str) -> None:
    release = releases.publish(small, silent, "k" * 8)[0]
    ASTRAY[how](small.serving / folder / "current.duckdb")
    assert switching.wrong_links(small) == [folder]
    assert run.current_if_whole(small, State("key", {"publish": {"release": release}}), silent) == release
    assert len(links(small)) == 7
    assert {row[1] for link in links(small) for row in read(link)} == {release}


def test_a_release_gone_back_to_stays_and_where_it_is_damaged_a_person_says_which(
    small: Home, silent: Progress
) -> None:
    first, last = (releases.publish(small, silent, "k" * 8)[0] for _ in range(2))
    state = State("key", {"publish": {"release": last}})
    releases.rollback(small)
    assert run.current_if_whole(small, state, silent) == first
    flip(switching.file(small, "officials", first))
    with pytest.raises(DamagedFile, match="choose another release"):
        run.current_if_whole(small, state, silent)
    assert switching.current(small) == first
    releases.rollback(small, last)
    assert run.current_if_whole(small, state, silent) == last

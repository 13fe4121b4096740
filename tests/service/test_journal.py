"""A line of the access log that a crash cut off: never answered, so it is kept, named by the next line, and read over."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.journal import Broken, Journal

CUT = '{"at": "2025-12-05T10:00:00+00:00", "who": "docente", "wh'


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    found = Journal(tmp_path / "log.jsonl", b"key")
    note(found, "0")
    return found


def note(journal: Journal, child: str) -> None:
    journal.note("docente", "child", child, "GET")


def cut(journal: Journal, content: bytes) -> None:
    with journal.path.open("ab") as file:
        file.write(content)


def children(journal: Journal) -> list[str | None]:
    return [line["child"] for line in journal.lines()]


@pytest.mark.parametrize("left", [CUT.encode(), b"\0" * 40, b"\xff", b"{", CUT.encode() + b"\n" + b'{"at'])
def test_what_was_cut_off_stays_and_the_next_line_names_it(journal: Journal, left: bytes) -> None:
    cut(journal, left)
    assert children(journal) == ["0"]  # before anybody mends it
    note(journal, "1")
    note(journal, "2")
    assert children(journal) == ["0", None, "1", "2"]
    assert journal.n_cut() == 1
    assert left in journal.path.read_bytes()


def test_a_log_that_begins_with_a_cut_line_goes_on(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl", b"key")
    cut(journal, CUT.encode())
    note(journal, "1")
    assert children(journal) == [None, "1"]


def test_a_line_that_lacks_only_its_end_counts(journal: Journal) -> None:
    whole = journal.path.read_bytes()
    note(journal, "1")
    journal.path.write_bytes(journal.path.read_bytes()[:-1])
    note(journal, "2")
    assert children(journal) == ["0", "1", "2"]
    assert journal.path.read_bytes().startswith(whole)


def test_a_mending_that_is_cut_off_is_mended(journal: Journal) -> None:
    before = journal.path.read_bytes()
    cut(journal, CUT.encode())
    note(journal, "1")
    whole = journal.path.read_bytes()
    for size in range(len(before) + len(CUT), len(whole)):
        journal.path.write_bytes(whole[:size])
        note(journal, "2")
        assert [child for child in children(journal) if child] in (["0", "2"], ["0", "1", "2"]), size


@pytest.mark.parametrize("change", [CUT.replace("docente", "nobody"), "", CUT + "\nx"])
def test_a_cut_line_that_is_changed_later_is_told(journal: Journal, change: str) -> None:
    cut(journal, CUT.encode())
    note(journal, "1")
    journal.path.write_text(journal.path.read_text().replace(CUT, change))
    with pytest.raises(Broken, match="line"):
        children(journal)


def test_what_somebody_puts_behind_the_last_line_is_told(journal: Journal) -> None:
    cut(journal, b"a line of nobody\n")
    with pytest.raises(Broken, match="line 2"):
        children(journal)

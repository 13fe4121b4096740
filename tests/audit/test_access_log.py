"""The access log: every change shows, in words that say what was done; who looked at a child is one answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.audit import anchors
from warehouse.audit.access_log import AccessLog, Head
from warehouse.audit.anchors import Anchor
from warehouse.errors import UsageError


def written(path: Path, lines: int = 4, key: bytes = b"key") -> AccessLog:
    log = AccessLog(path, key)
    for number in range(lines):
        log.note("docente", "child", str(number), "visita acordada")
    return log


def faults(log: AccessLog) -> dict[int, str]:
    return {line.number: line.fault for line in log.lines() if line.fault}


def anchored(log: AccessLog, at: str) -> Anchor:
    return Anchor(at, anchors.check(log, []).head)


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl")
    log.note("luis", "cases", ["7", "8"], "0 a 2")
    assert [line.children for line in log.lines()] == [["0"], ["1"], ["2"], ["3"], ["7", "8"]]
    assert not faults(log)
    assert log.path.stat().st_mode & 0o077 == 0


CHANGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], dict[int, str]]] = {
    "changed": (lambda lines: [lines[0], lines[1].replace(b'"1"', b'"7"'), *lines[2:]], {2: "not what was written"}),
    "removed": (lambda lines: lines[1:], {1: "lines before it"}),
    "repeated": (lambda lines: [*lines, lines[-1]], {5: "not what was written"}),
    "malformed": (lambda lines: [lines[0], b"{]\n", *lines[1:]], {2: "no line of the log"}),
    "of bytes": (lambda lines: [lines[0], b"\xff\xfe\n", *lines[1:]], {2: "no line of the log"}),
    "a list": (lambda lines: [lines[0], b"[1]\n", *lines[1:]], {2: "no line of the log"}),
    "a number": (lambda lines: [lines[0], b"7\n", *lines[1:]], {2: "no line of the log"}),
    "without a seal": (lambda lines: [lines[0], b'{"who": "x"}\n', *lines[1:]], {2: "no line of the log"}),
    "deep": (lambda lines: [lines[0], b"[" * 100_000 + b"\n", *lines[1:]], {2: "no line of the log"}),
    "said twice": (
        lambda lines: [lines[0].replace(b'{"at"', b'{"who": "maria", "at"', 1), *lines[1:]],
        {1: "not what was written"},
    ),
    "a mark before": (lambda lines: [b"\xef\xbb\xbf" + lines[0], *lines[1:]], {1: ""}),
    "other line ends": (lambda lines: [lines[0][:-1] + b"\r\n", *lines[1:]], {1: "not what was written"}),
    "other blanks": (lambda lines: [lines[0].replace(b'": "', b'":  "', 1), *lines[1:]], {1: "not what was written"}),
    "blank": (lambda lines: [lines[0], b"\n", *lines[1:]], {2: "no line of the log"}),
    "cut in the middle": (
        lambda lines: [lines[0], lines[1][:20] + b"\n", *lines[2:]],
        {2: "it was cut", 3: "before it"},
    ),
    "half, at the end": (lambda lines: [*lines[:3], lines[3][:20] + b"\n"], {4: "it was cut"}),
}


@pytest.mark.parametrize(("change", "told"), CHANGES.values(), ids=CHANGES)
def test_a_log_tells_which_line_is_not_what_it_was(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], told: dict[int, str]
) -> None:
    log = written(tmp_path / "log.jsonl")
    log.path.write_bytes(b"".join(change(log.path.read_bytes().splitlines(keepends=True))))
    found = faults(log)
    assert found.keys() == told.keys()
    assert all(text in found[number] for number, text in told.items())


def test_who_does_not_hold_the_key_cannot_continue_a_log(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl")
    AccessLog(log.path, b"another").note("intruso", "child", "9", "GET")
    assert faults(log).keys() == {5}


def test_a_log_goes_on_after_a_line_that_a_crash_cut(tmp_path: Path) -> None:
    """Nobody was answered then; the next line names what is left of it, so that nobody can put in half a line unseen."""
    log = written(tmp_path / "log.jsonl")
    log.path.write_bytes(log.path.read_bytes()[:-30])
    assert not faults(log)  # the last line, which nobody was answered
    log.note("luis", "child", "9", "visita acordada")
    log.note("luis", "child", "8", "visita acordada")
    assert not faults(log)
    assert [line.children for line in log.lines()] == [["0"], ["1"], ["2"], [], ["9"], ["8"]]
    log.path.write_bytes(log.path.read_bytes().replace(b'"3", "why"', b'"7", "why"'))
    assert faults(log).keys() == {4}


@pytest.mark.parametrize("left", [b"{", b"half a line", b"\n", b"\xff\n", b"x" * 200_000, b"{]\n{]\n{"])
def test_whatever_a_crash_left_is_named_once(tmp_path: Path, left: bytes) -> None:
    log = written(tmp_path / "log.jsonl", 2)
    log.path.write_bytes(log.path.read_bytes() + left)
    log.note("luis", "child", "9", "visita acordada")
    assert not faults(log)
    assert anchors.check(log, [anchored(log, "noon")]).wrong == []


def test_a_mending_that_is_cut_off_is_mended(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl", 1)
    size = log.path.stat().st_size
    log.path.write_bytes(log.path.read_bytes() + b'{"at": "2025')
    log.note("luis", "child", "8", "visita acordada")
    whole = log.path.read_bytes()
    for end in range(size + 12, len(whole) + 1, 7):
        log.path.write_bytes(whole[:end])
        log.note("luis", "child", "9", "visita acordada")
        assert not faults(log), end
        assert [line.children for line in log.lines() if line.children] in ([["0"], ["9"]], [["0"], ["8"], ["9"]]), end


def test_a_line_that_lacks_only_its_end_counts(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl", 2)
    log.path.write_bytes(log.path.read_bytes()[:-1])
    head = anchored(log, "noon")
    log.note("luis", "child", "9", "visita acordada")
    assert [line.children for line in log.lines()] == [["0"], ["1"], ["9"]]
    assert anchors.check(log, [head]).wrong == anchors.check(log, [head], head.head).wrong == []


@pytest.mark.parametrize("size", [1, 65_000, 65_536, 200_000])
def test_a_long_line_is_followed_like_any_other(tmp_path: Path, size: int) -> None:
    log = written(tmp_path / "log.jsonl", 1)
    log.note("luis", "child", "9", "x" * size)
    log.note("luis", "child", "9", "\ud800 visita acordada")
    assert not faults(log)


@settings(max_examples=50)
@given(data=st.data())
def test_no_change_of_a_byte_passes(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    log = written(tmp_path_factory.mktemp("flipped") / "log.jsonl", 3)
    anchor = anchored(log, "noon")
    content = bytearray(log.path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= 1 << data.draw(st.integers(0, 7))
    log.path.write_bytes(content)
    assert anchors.check(log, [anchor]).wrong


def rolled_back(log: AccessLog, older: bytes) -> None:
    log.path.write_bytes(older)


def forked(log: AccessLog, older: bytes) -> None:
    log.path.write_bytes(older)
    for number in range(5):
        log.note("docente", "child", str(number), "otra cosa distinta")


def replaced(log: AccessLog, _: bytes) -> None:
    log.path.unlink()
    written(log.path, 9)


ATTACKS: dict[str, tuple[Callable[[AccessLog, bytes], None], str]] = {
    "cut": (lambda log, _: log.path.write_bytes(b"".join(log.path.read_bytes().splitlines(keepends=True)[:5])),
            "was cut: its last 1 lines are gone; it had 6 lines at second UTC"),
    "rolled back": (rolled_back, "was rolled back to first UTC: an older copy was put back, which lacks 2 lines"),
    "forked": (forked, "was forked: an older copy was put back and written on; it agrees up to line 4 (first UTC)"),
    "replaced": (replaced, "is another log: none of its lines is what was anchored at first UTC"),
    "emptied": (lambda log, _: log.path.write_bytes(b""), "was emptied: it had 6 lines at second UTC"),
    "removed": (lambda log, _: log.path.unlink(), "is missing: it had 6 lines at second UTC"),
}  # fmt: skip


@pytest.mark.parametrize(("attack", "told"), ATTACKS.values(), ids=ATTACKS)
def test_what_was_done_to_a_whole_log_is_told_by_its_anchors(
    tmp_path: Path, attack: Callable[[AccessLog, bytes], None], told: str
) -> None:
    """Each of these logs is whole in itself, and written by who holds the key."""
    log = written(tmp_path / "log.jsonl")
    first, older = anchored(log, "first"), log.path.read_bytes()
    log.note("luis", "child", "7", "visita acordada")
    log.note("luis", "child", "8", "visita acordada")
    second = anchored(log, "second")
    assert anchors.check(log, [second, first]).wrong == []
    attack(log, older)
    (wrong,) = anchors.check(log, [second, first]).wrong
    assert told in wrong


def test_a_printed_head_is_an_anchor(tmp_path: Path) -> None:
    log = written(tmp_path / "log.jsonl")
    head = anchors.check(log, []).head
    assert anchors.parse(f" {anchors.printed(head)}\n").head == head == Head(*head)
    with pytest.raises(UsageError, match="LINES:BYTES:SEAL"):
        anchors.parse("4:seal")

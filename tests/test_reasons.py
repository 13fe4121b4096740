"""A stated reason says something that somebody else can read later; the same rule everywhere."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse import reasons
from warehouse.errors import UsageError
from warehouse.settings import REPOSITORY

ZERO_WIDTH = "​"


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Visita acordada con la dirección", "Visita acordada con la dirección"),
     ("  Pedido   de la\tfamilia ", "Pedido de la familia"),
     ("abc defghij", "abc defghij"),  # ten visible characters
     ("ab " + "cdefg" * 99 + "12", "ab " + "cdefg" * 99 + "12")],  # 500 in all
)  # fmt: skip
def test_a_sentence_is_kept_in_one_line(said: str, kept: str) -> None:
    assert reasons.stated(said) == kept


@pytest.mark.parametrize(
    "said",
    ["", " " * 20, "." * 20, ". . . . . . . . . .", "abc defghi", "Visitaacordada", "x" * 10, "aaaa aaaa aaaa aaaa",
     "abab abab abab abab", "1234 5678 9012", "ab " + "cdefg" * 99 + "123", "a" * 70_000, f"{ZERO_WIDTH * 12} {ZERO_WIDTH}",
     f"Visita acor{ZERO_WIDTH}dada hoy", "Visita\x00 acordada hoy", "Visita \u202eacordada hoy", "Visita acordada \ud800",
     "⠀⠀⠀⠀⠀⠀ ⠀⠀⠀⠀⠀⠀"],
)  # fmt: skip
def test_what_says_nothing_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match=r"^--why: say in a sentence why \(10 to 500 characters, two words or more\)$"):
        reasons.stated(said, "--why")


@given(st.text(max_size=600))
def test_what_is_kept_can_be_written_and_read(said: str) -> None:
    try:
        kept = reasons.stated(said)
    except UsageError:
        return
    assert kept.encode().decode().splitlines() == [kept]
    assert len(kept) <= reasons.LONGEST
    assert reasons.stated(kept) == kept


@given(
    st.text(alphabet=string.ascii_letters + "áéíóúñ", min_size=2, max_size=20).filter(lambda w: len(set(w.lower())) > 4)
)
def test_two_words_are_enough(word: str) -> None:
    assert reasons.stated(f"Por {word} y familia")


def test_no_other_place_has_a_rule_of_its_own() -> None:
    """A shortest length anywhere else would be another rule; that of waivers is stricter and an auditor's."""
    own = re.compile(r"SHORTEST_REASON|LEAST_REASON|len\((?:reason|why)\.strip\(\)\)")
    places = {
        str(path.relative_to(REPOSITORY))
        for folder in ("warehouse", "service")
        for path in Path(REPOSITORY / folder).rglob("*.py")
        if own.search(path.read_text(encoding="utf-8"))
    }
    assert places == {"warehouse/registry/waivers.py"}

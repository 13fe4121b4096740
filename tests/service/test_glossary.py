"""What people read of a child uses one word for one thing: the words of docs/glossary.md."""

from __future__ import annotations

import re

import pytest

from service import words
from warehouse import seeds
from warehouse.settings import REPOSITORY

SEEDS = {
    "action_rules": ("action_name", "record_text", "rule_action_text"),
    "reason_texts": ("reason_text", "action_text"),
    "services": ("tutor_text", "need_text"),
    "value_words": ("words",),
    "learning_areas": ("area_name",),
}


def _glossary() -> list[tuple[str, list[str]]]:
    """Return each term with the words that are not written in its place."""
    rows = re.findall(
        r"^\| (.+?) \| .+? \| (.+?) \|$", (REPOSITORY / "docs" / "glossary.md").read_text(encoding="utf-8"), re.M
    )
    return [(term, words.split(", ")) for term, words in rows if term != "Term"]


def _texts() -> str:
    """Return all texts: of seeds, and of all pages."""
    parts = []
    for seed, columns in SEEDS.items():
        parts += [row[column] for row in seeds.rows(seed) for column in columns]
    for catalog in sorted(words.TEXTS.glob("*.yml")):
        parts += words.texts(catalog.stem, "es").values()
    return "\n".join(parts).lower()


TEXTS = _texts()


@pytest.mark.parametrize(("term", "others"), _glossary(), ids=lambda value: value if isinstance(value, str) else "")
def test_one_word_for_one_thing(term: str, others: list[str]) -> None:
    found = [word for word in others if re.search(rf"\b{re.escape(word)}\b", TEXTS)]
    assert found == [], f"write «{term}»"


def test_the_glossary_is_read() -> None:
    assert len(_glossary()) >= 15
    assert "extraedad" in TEXTS
    assert "traslado" in TEXTS

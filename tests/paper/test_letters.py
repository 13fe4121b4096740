"""Letters to families: easy to read, whole, on one page, for any letterhead, and never with a child's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Country, qhawaq
from tests.paper import readability
from tests.paper.pages import texts
from warehouse.commands.letter import KINDS
from warehouse.paper import letters
from warehouse.paper.letters import Letterhead

HEAD = Letterhead(("UGEL de prueba", "Jr. Uno 123"), None, 12, False)


@pytest.mark.parametrize(
    ("word", "n"),
    [("sol", 1), ("casa", 2), ("agua", 2), ("lea", 2), ("leía", 3), ("país", 2), ("ciudad", 2), ("guerra", 2), ("pingüino", 3),
     ("queso", 2), ("aéreo", 4), ("buey", 1), ("y", 1), ("muy", 1), ("yo", 1), ("construí", 3), ("oír", 2), ("héroe", 3),
     ("escuela", 3), ("asistencia", 4), ("ahora", 3), ("DNI", 3), ("UGEL", 2)],
)  # fmt: skip
def test_syllables_are_those_that_are_spoken(word: str, n: int) -> None:
    assert readability.syllables(word) == n


def test_the_formula_is_the_published_one() -> None:
    """Ten words of two syllables in one sentence: 206.84 - 60 x 2 - 1.02 x 10; in two sentences 1.02 x 5."""
    assert readability.ease(["casa " * 10]) == pytest.approx(206.84 - 120 - 10.2)
    assert readability.ease(["casa " * 5 + ". " + "casa " * 5 + "."]) == pytest.approx(206.84 - 120 - 5.1)
    hard = "La institución administradora garantizará procedimentalmente la confidencialidad de las informaciones personales."
    assert readability.ease([hard]) < 40


@pytest.mark.parametrize("name", letters.names())
def test_a_letter_reads_fairly_easily_or_better(name: str) -> None:
    assert readability.ease(letters.sentences(name, HEAD)) >= 70


@pytest.mark.parametrize("name", letters.names())
def test_every_part_of_a_letter_does(name: str) -> None:
    """A hard paragraph is not made up for by an easy list."""
    for part in letters.letter(name, HEAD)["parts"]:
        told = [*part["text"], *(item["text"] for item in part["items"])]
        assert readability.ease(told) >= 60, part["heading"]


def test_the_command_offers_every_letter() -> None:
    assert list(KINDS) == letters.names()


@pytest.mark.parametrize("name", letters.names())
def test_a_letter_is_one_page_with_all_that_it_says(name: str) -> None:
    (page,) = texts(letters.as_pdf(name, HEAD))
    html = letters.as_html(name, HEAD)
    for told in (*letters.sentences(name, HEAD), *HEAD.lines):
        assert "".join(told.split()) in "".join(page.split())
        assert letters.escape(told) in html
    assert "<script" not in html
    assert "SINTÉTICOS" not in page + html


def test_what_the_letterhead_holds_is_text() -> None:
    hostile = "#eval(1) *x* <b>&"
    head = Letterhead((hostile, hostile), hostile, 12, True)
    (page,) = texts(letters.as_pdf("datos", head))
    assert "".join(page.split()).count("".join(hostile.split())) == 3
    assert "SINTÉTICOS" in page
    assert "<b>" not in letters.as_html("datos", head)


def test_the_command_writes_it_for_a_ugel(country: Country, tmp_path: Path) -> None:
    ugel = country.ask("select ugel_code from education.priority_list limit 1")[0][0]
    call = (
        "letter",
        "datos",
        "--ugel",
        ugel,
        "--address",
        "Jr. Uno 123",
        "--contact",
        "mesa de partes",
        "--to",
        str(tmp_path),
    )
    qhawaq(country.home.root, *call)
    (page,) = texts(tmp_path / f"carta-datos-{ugel}.pdf")
    for told in (f"UGEL {ugel}", "Jr. Uno 123", "mesa de partes", "hasta 12 años", "MODELO CON DATOS SINTÉTICOS"):
        assert told in page
    assert (tmp_path / f"carta-datos-{ugel}.html").exists()
    assert (
        "is one of" in (said := qhawaq(country.home.root, "letter", "otra", "--ugel", ugel, expect=2).stderr)
        or "otra" in said
    )

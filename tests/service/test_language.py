"""Every page speaks Spanish or English, as its address, an earlier choice or the browser asks; texts stand in catalogs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
import yaml
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from service import forms, language, words
from tests.service import offices
from tests.service.conftest import Asking
from tests.service.offices import CHILD, HERE, UNSURE

CATALOGS = sorted(path.stem for path in words.TEXTS.glob("*.yml"))
TEMPLATES = sorted((forms.HERE / "templates").glob("*.html"))
# What of a template is no text that somebody reads: statements and values, and markup.
UNREAD = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>|&\w+;", re.S)
MACRO = re.compile(r"\{% macro marks.*?endmacro %\}")  # of attributes
READ_ATTRIBUTE = re.compile(r'(?:aria-label|placeholder|title|alt)="([^"{]+)"')
NAMES = {"UGEL", "Qhawaq", "qhawaq", "access", "log"}  # of things, in every language
EVERYTHING = {
    "scope": "predict education tutoring planning welfare identity feedback audit protection",
    "qhawaq_areas": ["*", "school:0000001-0"],
}
PAGES = {
    "/": ("Mi lista de hoy", "My list of today"),
    f"/ficha/{CHILD}": ("Ficha del estudiante", "Page of a pupil"),
    f"/ficha/{CHILD}/seguimiento": ("Registrar una visita", "Record a visit"),
    f"/ficha/{CHILD}/hoja": ("Hoja de visita", "Visit sheet"),
    "/ugel": ("Dirección de UGEL", "Head of a UGEL"),
    "/escuela": ("Tutoría", "Tutoring"),
    "/audit": ("De dónde sale cada número", "Where each number comes from"),
    "/proteccion": ("Elija la provincia", "Choose the province"),
    f"/proteccion/{HERE}": ("Denuncias obligatorias", "Mandatory reports"),
    f"/proteccion/{HERE}/ficha/{CHILD}": ("Casos abiertos", "Open cases"),
    f"/proteccion/{HERE}/revision/{UNSURE}": ("¿De quién es este caso?", "Whose is this case?"),
    "/entrar": ("Entrar", "Sign in"),
    "/ficha/999999": ("No se pudo", "It did not work"),
}


@pytest.fixture
def office(asking: Asking, tmp_path: Path) -> Asking:
    return offices.published(asking, tmp_path / "protection")


@pytest.fixture
def client(office: Asking) -> Iterator[TestClient]:
    with office.client() as opened:
        yield opened


@pytest.mark.parametrize("name", CATALOGS)
def test_every_text_stands_in_both_languages_with_the_same_gaps(name: str) -> None:
    said = yaml.safe_load((words.TEXTS / f"{name}.yml").read_text(encoding="utf-8"))
    for key, by_language in said.items():
        assert isinstance(key, str), key
        assert set(by_language) == set(language.LANGUAGES), key
        assert all(isinstance(text, str) and text.strip() for text in by_language.values()), key
        gaps = [Counter(field for _, field, _, _ in Formatter().parse(text) if field) for text in by_language.values()]
        assert gaps[0] == gaps[1], key
        assert not hasattr(dict, key), f"{key} is a method of what holds the texts"


def test_every_code_is_said_in_both_languages() -> None:
    for kind in ("state", "dismissal", "next_step", "answer", "office_state", "linkage"):
        assert all(words.of_cases(kind, "en").values())
        assert words.of_cases(kind, "en").keys() == words.of_cases(kind, "es").keys()
    assert all(outcome.text for outcome in words.outcomes("en").values())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_no_text_of_its_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    told = re.sub(r"<(style|svg)\b.*?</\1>", " ", UNREAD.sub(" ", MACRO.sub(" ", source)), flags=re.S)
    found = [word for word in re.findall(r"[^\W\d_]{2,}", told) if word not in NAMES]
    assert found == []
    assert [text for text in READ_ATTRIBUTE.findall(source) if text not in NAMES] == []


def test_a_text_in_a_template_would_be_found(tmp_path: Path) -> None:
    written = tmp_path / "x.html"
    for wrong in ("<p>Sin notas</p>", '<p aria-label="Aviso">{{ a }}</p>', "{{ a }} días"):
        written.write_text(wrong, encoding="utf-8")
        with pytest.raises(AssertionError):
            test_a_template_holds_no_text_of_its_own(written)


@pytest.mark.parametrize("path", PAGES)
def test_each_page_speaks_as_it_is_asked(office: Asking, client: TestClient, path: str) -> None:
    spanish, english = PAGES[path]
    who = office.token(**EVERYTHING) | {"Accept": "text/html"}
    asked = {
        "es": client.get(path, headers=who).text,
        "browser": client.get(path, headers=who | {"Accept-Language": "en-GB,en;q=0.9,es;q=0.5"}).text,
        "address": client.get(path, params={"lang": "en"}, headers=who).text,
        "kept": client.get(path, headers=who).text,
    }
    assert [spanish in page for page in asked.values()] == [True, False, False, False]
    assert [english in page for page in asked.values()] == [False, True, True, True]
    assert '<html lang="es-PE">' in asked["es"]
    assert '<html lang="en">' in asked["address"]
    assert 'lang="en">English</a>' in asked["es"]
    assert 'lang="es">Español</a>' in asked["kept"]
    again = client.get(path, params={"lang": "es"}, headers=who | {"Accept-Language": "en"})
    assert spanish in again.text
    assert "HttpOnly" in again.headers["set-cookie"]


@pytest.mark.parametrize(
    ("header", "said"),
    [("", "es"), ("en", "en"), ("en-US,en;q=0.9", "en"), ("es-PE,en;q=0.9", "es"), ("qu,en;q=0.4,es;q=0.3", "en"),
     ("fr", "es"), ("en;q=0", "es"), ("en;q=x,es;q=0.1", "es"), ("en;q=2", "es"), ("EN", "en"), (",;,", "es"),
     ("en;q=nan", "es"), ("es;q=0.5,en;q=0.5", "es")],
)  # fmt: skip
def test_the_language_that_a_browser_likes_best(header: str, said: str) -> None:
    assert language.accepted(header) == said


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_sent_a_language_of_ours_is_spoken(query: str, header: str) -> None:
    assert language.of_request(query, {"accept-language": header, "cookie": header}) in language.LANGUAGES


@pytest.mark.parametrize("query", ["lang=de", "lang=", "lang=en%00", "lang=../en", "language=en"])
def test_an_unknown_language_is_none_and_is_not_kept(office: Asking, client: TestClient, query: str) -> None:
    answer = client.get(f"/entrar?{query}")
    assert "Entrar" in answer.text
    assert "set-cookie" not in answer.headers

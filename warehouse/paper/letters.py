"""Letters to families: what is kept and for what, a note after a visit in vain, a form to object; no child is named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import NamedTuple

from warehouse.paper import pdf
from warehouse.paper.pdf import PageData
from warehouse.paper.words import Texts
from warehouse.settings import read_yaml

OBJECTION = "objecion"  # written by the family to the UGEL; all others the other way round
STYLE = Path(__file__).with_name("letters.css").read_text(encoding="utf-8")
SIGNS = {"[ ] ": "tick", "[_] ": "line"}  # how an item begins → what stands before or behind it on paper


@dataclass(frozen=True)
class Letterhead:
    """Who writes.

    Attributes:
        lines: what stands at the top: the office first, then its address.
        contact: where and with whom to speak; None: written by hand.
        years: for how many years records of school are kept at most.
        is_synthetic: whether the letter is a model of a synthetic home.
    """

    lines: Sequence[str]
    contact: str | None
    years: int
    is_synthetic: bool


class Item(NamedTuple):
    """A line of a list: with a box to tick, with room to write, or neither."""

    kind: str
    text: str


@cache
def texts() -> Texts:
    """Return the texts of letters."""
    return read_yaml(Path(__file__).with_name("letters.yml"))


def names() -> list[str]:
    """Return the names of all letters."""
    return list(texts()["letters"])


def letter(name: str, head: Letterhead) -> PageData:
    """Return a letter as both templates take it, its texts filled in."""
    told = texts()["letters"][name]
    return {
        "title": told["title"],
        "greeting": _filled(told["greeting"], head),
        "parts": [_part(part, head) for part in told["parts"]],
        "head": list(head.lines),
        "contact": head.contact,
        "to": name != OBJECTION,
        "synthetic": texts()["synthetic"] if head.is_synthetic else None,
        "words": texts(),
    }


def _part(part: PageData, head: Letterhead) -> PageData:
    return {
        "heading": part.get("heading", ""),
        "text": [_filled(text, head) for text in part.get("text", ())],
        "items": [_item(_filled(text, head))._asdict() for text in part.get("list", ())],
    }


def _filled(text: str, head: Letterhead) -> str:
    return text.format(years=head.years)


def _item(text: str) -> Item:
    return next(
        (Item(kind, text.removeprefix(sign)) for sign, kind in SIGNS.items() if text.startswith(sign)), Item("", text)
    )


def sentences(name: str, head: Letterhead) -> Iterator[str]:
    """Yield all that a family reads of a letter, a text at a time."""
    told = letter(name, head)
    yield told["title"]
    for part in told["parts"]:
        yield from filter(None, (part["heading"], *part["text"], *(item["text"] for item in part["items"])))


def as_pdf(name: str, head: Letterhead) -> bytes:
    """Return a letter as PDF."""
    return pdf.pdf("carta", letter(name, head))


def as_html(name: str, head: Letterhead) -> str:
    """Return a letter as a page to print, which loads nothing."""
    told = letter(name, head)
    words = told["words"]
    synthetic = f'<p class="synthetic">{escape(told["synthetic"])}</p>' if told["synthetic"] else ""
    return "\n".join(
        [
            '<!doctype html><html lang="es-PE"><head><meta charset="utf-8">',
            f"<title>{escape(told['title'])}</title><style>{STYLE}</style></head><body>{synthetic}",
            f"<header>{'<br>'.join(map(escape, told['head']))}</header>",
            _html_blank(words["place_and_date"]),
            _html_blank(words["to"]) if told["to"] else "",
            f"<h1>{escape(told['title'])}</h1><p>{escape(told['greeting'])}</p>",
            *map(_html_part, told["parts"]),
            _html_blank(words["contact"], told["contact"]) if told["to"] else "",
            f"<footer><p>{words['signature']}</p><p>{words['received']}</p></footer></body></html>",
            "",
        ]
    )


def _html_blank(name: str, value: str | None = None) -> str:
    """Return a line with its value, or with room to write one."""
    room = escape(value) if value else '<span class="room"></span>'
    return f"<p class=blank><strong>{escape(name)}</strong> {room}</p>"


def _html_part(part: PageData) -> str:
    heading = f"<h2>{escape(part['heading'])}</h2>" if part["heading"] else ""
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in part["text"])
    items = "".join(f'<li class="{item["kind"]}">{escape(item["text"])}</li>' for item in part["items"])
    return f"<section>{heading}{paragraphs}{f'<ul>{items}</ul>' if items else ''}</section>"

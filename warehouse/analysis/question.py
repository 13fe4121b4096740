"""A question in words: «dropout by grade, sex where department = Cusco from 2019»."""

from __future__ import annotations

import re
from dataclasses import dataclass

from warehouse.errors import UsageError

# Each part begins with its word, in English or Spanish; measures come first and need none.
WORDS = {"by": "by", "por": "by", "where": "where", "donde": "where", "from": "from", "desde": "from"}
WORDS |= {"to": "to", "hasta": "to"}
_PART = re.compile(rf"\b({'|'.join(WORDS)})\b(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|y)\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", re.IGNORECASE)
_FILTER = re.compile(r"^\s*(?P<name>[^=!]+?)\s*(?P<sign>!?=)\s*(?P<value>.+?)\s*$")
FORM = "MEASURE[, MEASURE] [by NAME, NAME] [where NAME = VALUE and NAME = VALUE] [from YEAR] [to YEAR]"


@dataclass(frozen=True)
class Filter:
    """A dimension that must have a value, or must not."""

    dimension: str
    value: str
    is_negated: bool = False


@dataclass(frozen=True)
class Question:
    """What is asked: measures, split by dimensions, of some rows and years."""

    measures: tuple[str, ...]
    by: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    first_year: int | None = None
    last_year: int | None = None


def parse(text: str) -> Question:
    """Read a question.

    Args:
        text: of the form FORM; a value that has one of its words in it stands in double quotes.

    Raises:
        UsageError: it is none; the message says what was expected.
    """
    first, *rest = _PART.split(text.strip())
    parts: dict[str, str] = {}
    for word, said in zip(rest[::2], rest[1::2], strict=True):
        kind = WORDS[word.lower()]
        if kind in parts or not said.strip():
            raise UsageError(f"«{word}» stands there {'twice' if kind in parts else 'with nothing after it'}: {FORM}")
        parts[kind] = said.strip()
    if not (measures := _listed(first)):
        raise UsageError(f"which measure? {FORM}; qhawaq query --list shows all")
    return Question(
        measures=measures,
        by=_listed(parts.get("by", "")),
        filters=tuple(map(_filter, _AND.split(parts["where"]))) if "where" in parts else (),
        first_year=_year(parts.get("from")),
        last_year=_year(parts.get("to")),
    )


def _listed(said: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.strip().lower() for one in said.split(",") if one.strip()))


def _filter(said: str) -> Filter:
    found = _FILTER.match(said)
    if not found:
        raise UsageError(f"«{said.strip()}» is no condition: NAME = VALUE, or NAME != VALUE")
    return Filter(found["name"].lower(), found["value"].strip('"'), found["sign"] == "!=")


def _year(said: str | None) -> int | None:
    if said is None:
        return None
    if not re.fullmatch(r"\d{4}", said):
        raise UsageError(f"«{said}» is no year of four digits")
    return int(said)

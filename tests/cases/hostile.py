"""Deliveries about children, spoilt at random by a seed: in no open place may a name or a document of them be found."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.landing.samples import CONTRACTS
from warehouse.contracts import Column, Contract

ABOUT_CHILDREN = [c for c in CONTRACTS.values() if c.vaulted and any(column.alias for column in c.columns)]
# Enough for a row to be accepted; an identity is made by the generator.
USUAL = {
    "id_anio": "2024", "anio": "2024", "mes": "4", "periodo": "A", "cod_ugel": "150101", "cod_mod": "0100001", "anexo": "0",
    "tipo_doc": "DNI", "validado_reniec": "SI", "dsc_lengua": "CASTELLANO", "fecha_nacimiento": "2014-05-06", "sexo": "M",
    "id_nivel": "B0", "id_grado": "7", "id_seccion": "A", "estado_matricula": "DEFINITIVA", "dias_abiertos": "20",
    "situacion_matricula": "PROMOVIDO", "clase": "POBRE", "area": "RURAL", "ubigeo": "150101", "estado": "ACTIVO",
}  # fmt: skip
LETTERS = "ABCDEFGHIJKLMNÑOPQRSTUVWXYZÁÉÍÓÚ"


@dataclass(frozen=True)
class Hostile:
    """A spoilt file, the values of identities in it, and how it was spoilt."""

    name: str
    content: bytes
    canaries: frozenset[str]
    spoilt_by: tuple[str, ...]


def _word(rng: random.Random) -> str:
    return "ZZ" + "".join(rng.choices(LETTERS, k=8))


def _value(column: Column, rng: random.Random) -> str:
    """Return a column's value; those of identities are found again by a search."""
    if column.name in USUAL:
        return USUAL[column.name]
    if column.identity or column.alias:
        is_name = column.link or "nombre" in column.name or "apellido" in column.name
        return _word(rng) if is_name else str(rng.randrange(60_000_000, 99_000_000))
    if column.data_type == "date":
        return "2024-03-20"
    return "1" if column.data_type != "varchar" else ""


def _shifted(line: str, rng: random.Random, contract: Contract) -> str:
    """Move the fields between two places by one, so that the line still has as many."""
    fields = line.split("|")
    names = [place for place, c in enumerate(contract.columns) if _holds_a_name(c)]
    first, last = sorted(rng.sample(range(len(fields)), 2))
    part = fields[first : last + 1]
    if any(first <= place <= last for place in names):
        return line  # a name by itself in a column of words: no rule can tell it from a word, a list of codes does
    moved = [*part[1:], ""] if rng.random() < 0.5 else ["", *part[:-1]]
    return "|".join([*fields[:first], *moved, *fields[last + 1 :]])


def _holds_a_name(column: Column) -> bool:
    return (column.identity or column.alias is not None) and ("nombre" in column.name or "apellido" in column.name)


def _at_random(line: str, rng: random.Random, text: str) -> str:
    place = rng.randrange(len(line) + 1)
    return line[:place] + text + line[place:]


def _one_line(change: Callable[[str, random.Random, Contract], str]) -> Callable[..., list[str]]:
    """Return a way to spoil one or more lines of a file, never its header."""

    def spoilt(lines: list[str], rng: random.Random, contract: Contract) -> list[str]:
        chosen = rng.sample(range(1, len(lines)), rng.randrange(1, min(4, len(lines))))
        return [change(line, rng, contract) if place in chosen else line for place, line in enumerate(lines)]

    return spoilt


LINES: dict[str, Callable[[list[str], random.Random, Contract], list[str]]] = {
    "stray quotes": _one_line(lambda line, rng, _: _at_random(line, rng, rng.choice(['"', '""', '"x"', "'"]))),
    "a quoted field": _one_line(lambda line, rng, _: "|".join(f'"{f}"' if rng.random() < 0.3 else f for f in line.split("|"))),
    "a separator too many": _one_line(lambda line, rng, _: _at_random(line, rng, "|")),
    "a separator too few": _one_line(lambda line, rng, _: "".join(line.rsplit("|", rng.randrange(1, 3)))),
    "another separator": _one_line(lambda line, rng, _: line.replace("|", rng.choice(",;\t"))),
    "shifted fields": _one_line(_shifted),
    "a NUL": _one_line(lambda line, rng, _: _at_random(line, rng, "\0")),
    "an unreadable character": _one_line(lambda line, rng, _: _at_random(line, rng, "\ufffd")),
    "encoded twice": _one_line(lambda line, _rng, _: line.encode().decode("cp1252", errors="replace")),
    "a broken line": _one_line(lambda line, rng, _: _at_random(line, rng, "\n")),
    "invisible characters": _one_line(lambda line, rng, _: _at_random(line, rng, rng.choice("\u200b\u00a0\u00ad\ufeff"))),
    "a title": lambda lines, rng, _: [_word(rng), *lines],
    "the header again": lambda lines, rng, _: [*lines[:2], rng.choice([lines[0], lines[0].lower()]), *lines[2:]],
    "a total": lambda lines, _rng, _: [*lines, "TOTAL" + "|" * lines[0].count("|")],
    "no header": lambda lines, _rng, _: lines[1:],
    "a child's name in the header": lambda lines, rng, _: [_at_random(lines[0], rng, "|" + lines[1].split("|")[-1]), *lines[1:]],
    "blank lines": lambda lines, rng, _: [*lines[:2], *[""] * rng.randrange(1, 4), *lines[2:]],
    "columns in another order": lambda lines, _rng, _: ["|".join(reversed(line.split("|"))) for line in lines],
}  # fmt: skip
ENCODINGS = ("latin-1", "utf-8", "cp1252", "cp850", "mac_roman", "utf-16", "utf-8-sig", "mixed")
ENDS = ("\n", "\r\n", "mixed", "cut")


def made(seed: int) -> Hostile:
    """Return one spoilt delivery."""
    rng = random.Random(seed)
    contract = rng.choice(ABOUT_CHILDREN)
    rows = [[_value(column, rng) for column in contract.columns] for _ in range(rng.randrange(3, 9))]
    places = [place for place, c in enumerate(contract.columns) if (c.identity or c.alias) and c.name not in USUAL]
    canaries = frozenset(row[place] for row in rows for place in places)
    lines = ["|".join(column.name.upper() for column in contract.columns), *map("|".join, rows)]
    spoilt_by = tuple(rng.sample(sorted(LINES), rng.randrange(0, 3)))
    for how in spoilt_by:
        lines = LINES[how](lines, rng, contract)
    encoding, end = rng.choice(ENCODINGS), rng.choice(ENDS)
    content = b"".join(_encoded(line, encoding, rng) + _end(end, rng) for line in lines)
    period = {"siagie_attendance": "202404", "siagie_grades": "2024A"}.get(contract.table, "2024")
    name = f"{contract.stem}_{period}_2024{rng.randrange(5, 12):02d}{rng.randrange(1, 29):02d}_S{seed}.txt"
    return Hostile(
        name, content[: -len(lines[-1]) // 2] if end == "cut" else content, canaries, (*spoilt_by, encoding, end)
    )


def _encoded(line: str, encoding: str, rng: random.Random) -> bytes:
    chosen = rng.choice(("latin-1", "utf-8", "cp1252")) if encoding == "mixed" else encoding
    return line.encode(chosen, errors="replace")


def _end(kind: str, rng: random.Random) -> bytes:
    return {"\r\n": b"\r\n", "mixed": rng.choice([b"\n", b"\r\n"])}.get(kind, b"\n")

"""What each key of a contract may say: a slip of the pen is told with its file, its line and what to write there."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from warehouse.contracts.rules import PeriodPart
from warehouse.errors import QhawaqError

GROUPS = ("period", "delivered")  # what a delivery's name states
Node = Any  # of YAML as it was parsed
Judge = Callable[[Any], bool]


class Shape(NamedTuple):
    """What a key may say.

    Args:
        fits: whether a value does.
        write: what to write, in words.
    """

    fits: Judge
    write: str


class Slip(QhawaqError):
    """A key of a contract that cannot be read.

    Args:
        told: what is wrong, and what to write.
        path: the keys that lead to it in its table, as far as they are known.
    """

    def __init__(self, told: str, *path: str) -> None:
        super().__init__(told)
        self.path = path


def _is_text(value: Node) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_flag(value: Node) -> bool:
    return isinstance(value, bool)


def _is_count(value: Node) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _are_texts(value: Node) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value))


def _are_values(value: Node) -> bool:
    """Return whether it is a list of texts and numbers, the empty text too."""
    return isinstance(value, list) and all(isinstance(one, str | int) and not isinstance(one, bool) for one in value)


def _is_regex(value: Node) -> bool:
    with suppress(re.error):
        return _is_text(value) and bool(re.compile(value))
    return False


def _is_pattern(value: Node) -> bool:
    """Return whether it is a regular expression that says where a name states what it must."""
    return _is_regex(value) and all(group in re.compile(value).groupindex for group in GROUPS)


def _is_download(value: Node) -> bool:
    return _has(value, "file_pattern", _is_regex) and "delivered" in re.compile(value["file_pattern"]).groupindex


def _is_encoding(value: Node) -> bool:
    with suppress(LookupError):
        return _is_text(value) and bool(codecs.lookup(value))
    return False


def _is_pair(value: Node) -> bool:
    return isinstance(value, list) and len(value) == 2


def _is_share(value: Node) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _has(value: Node, key: str, fits: Judge) -> bool:
    return isinstance(value, Mapping) and fits(value.get(key))


def _is_scope(value: Node) -> bool:
    if not isinstance(value, Mapping):
        return False
    fits = {"region": _is_text, "periods": _is_text, "files": _is_regex, "maximum_loss": _is_share, "beyond": _is_text}
    return all(fits[key](stated) for key, stated in value.items() if key in fits)


TEXT = Shape(_is_text, "a text")
FLAG = Shape(_is_flag, "true or false")
COLUMNS = Shape(_are_texts, "a list of columns of the table, such as [ID_ANIO, COD_MOD]")
TABLE = {
    "file_pattern": Shape(
        _is_pattern,
        r"a regular expression with both groups, such as 'NAME_(?P<period>\d{4})_(?P<delivered>\d{8})\.txt'",
    ),
    "separator": Shape(lambda value: isinstance(value, str) and len(value) == 1, "one character, such as '|'"),
    "encoding": Shape(_is_encoding, "an encoding that Python knows, such as latin-1"),
    "quoting": TEXT,
    "key": COLUMNS,
    "known_at": Shape(_is_text, "a column of the table, or SQL over its columns that gives a date"),
    "replaces": TEXT,
    "scope": Shape(_is_scope, "keys: region and files as text, maximum_loss from 0 to 1 (docs/add-a-source.md)"),
    "coverage": Shape(
        lambda value: _has(value, "region", _is_text) and _has(value, "minimum_share", _is_share),
        "{region: SQL of a row's region, minimum_share: a share from 0 to 1}",
    ),
    "line_end_required": FLAG,
    "missing": Shape(_are_values, "a list of texts that mean no value"),
    "retention_years": Shape(_is_count, "how many years, a whole number from 1 on"),
    "other_columns": TEXT,
    "packed": Shape(
        lambda value: _is_download(value) and _has(value, "encoding", _is_encoding),
        "{file_pattern: a regular expression with the group delivered, encoding: an encoding that Python knows}",
    ),
    "rules": Shape(
        lambda value: isinstance(value, list) and all(_has(one, "holds", _is_text) for one in value),
        "a list of {column, holds, fault}",
    ),
    "kept_by_law": Shape(
        lambda value: _has(value, "columns", _are_texts) and _has(value, "why", _is_text),
        "{columns: [...], why: the duty in a sentence}",
    ),
}
COLUMN = {
    "identity": FLAG,
    "optional": FLAG,
    "required": FLAG,
    "document": FLAG,
    "department": FLAG,
    "past": FLAG,
    "alias": Shape(
        lambda value: _has(value, "kind", _is_text) and isinstance(value.get("when", {}), Mapping),
        "{kind: dni, when: {another column: its value}}",
    ),
    "pseudonym": TEXT,
    "link": TEXT,
    "headers": Shape(_are_texts, "a list of headers that stand for the column"),
    "codes": Shape(lambda value: _are_values(value) and bool(value), "a list of the values that it may have"),
    "digits": Shape(_is_count, "how many digits, a whole number from 1 on"),
    "range": Shape(
        lambda value: isinstance(value, list) and len(value) == 2, "[least, most], one of which may be null"
    ),
    "period": Shape(lambda value: value in [*PeriodPart], f"one of {', '.join(PeriodPart)}"),
}
NAMED = Shape(lambda value: _has(value, "name", _is_text), "a name: {name: …}")


def tables(described: Node) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield each table that a file describes, with its source.

    Raises:
        Slip: a source or a table has no name, or is no mapping.
    """
    sources = described.get("sources") if isinstance(described, Mapping) else None
    for source in _listed(sources or [], "sources"):
        for table in _listed(source.get("tables"), f"the tables of source {source['name']}", source["name"]):
            yield source, table


def _listed(found: Node, what: str, *path: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(NAMED.fits(one) for one in found):
        raise Slip(f"{what}: write a list, each with {NAMED.write}", *path)
    return found


def judge(name: str, table: Mapping[str, Any]) -> None:
    """Refuse a table of a contract whose keys cannot be what they must be.

    Raises:
        Slip: the message says which key, and what to write.
    """
    columns = _listed(table.get("columns"), f"contract {name}: columns", "columns")
    stated = meta(name, table)
    _judge_keys(name, stated, TABLE)
    names = {column["name"].lower() for column in columns}
    if lost := [key for key in stated.get("key", ()) if key.lower() not in names]:
        raise Slip(f"contract {name}: key names {', '.join(lost)}, which is no column: write {COLUMNS.write}", "key")
    for column in columns:
        _judge_column(f"{name}.{column['name']}", column)


def _judge_column(name: str, column: Mapping[str, Any]) -> None:
    path = str(column["name"])
    if not isinstance(column.get("data_type", ""), str):
        raise Slip(f"contract {name}: data_type: write a type, such as varchar", path, "data_type")
    stated = meta(name, column)
    _judge_keys(name, stated, COLUMN, path)
    if stated.get("department") and "digits" not in stated:
        raise Slip(f"contract {name}: department needs digits: write how many digits the code has", path, "department")


def _judge_keys(name: str, meta: Mapping[str, Any], shapes: Mapping[str, Shape], *path: str) -> None:
    for key, stated in meta.items():
        if key in shapes and not shapes[key].fits(stated):
            raise Slip(f"contract {name}: {key} says {stated!r}: write {shapes[key].write}", *path, str(key))


def meta(name: str, described: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the keys beyond dbt's own of a source, table or column.

    Raises:
        Slip: what should hold them is no mapping.
    """
    config = described.get("config") or {}
    stated = (config.get("meta") or {}) if isinstance(config, Mapping) else None
    if not isinstance(stated, Mapping):
        raise Slip(f"contract {name}: config: write {{meta: {{key: value, …}}}}", "config")
    return stated


def line_of(text: str, table: str, path: tuple[str, ...]) -> int:
    """Return the line of a file on which a table, or a key of it, stands: the first, where it is not found."""
    import yaml

    with suppress(yaml.YAMLError):
        found = _find(yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), table)
        for step in path if found is not None else ():
            found = _find(found, step) or found
        if found is not None:
            return int(found.start_mark.line) + 1
    return 1


def _find(node: Node, name: str) -> Node:
    """Return the mapping with this name, or the key of this name, that is nearest to the top; None where none is."""
    waiting = [node]
    for one in waiting:  # grows as it is walked
        for key, value in one.value if one.id == "mapping" else ():
            if key.value == name:
                return key if value.id == "scalar" else value
            if (key.value, value.value) == ("name", name):
                return one
        waiting += _parts(one)
    return None


def _parts(node: Node) -> list[Node]:
    if node.id == "mapping":
        return [value for _, value in node.value]
    return list(node.value) if node.id == "sequence" else []

"""Reading of contracts from the dbt project's `_<source>__sources.yml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from warehouse.contracts import rules, scopes, shape
from warehouse.contracts.contract import (
    CHILD_KEY,
    LANDING_COLUMNS,
    REGION,
    Alias,
    Column,
    Contract,
    Coverage,
    KeptByLaw,
    Packed,
    pseudonym_name,
)
from warehouse.contracts.scopes import Replaces
from warehouse.contracts.shape import Slip
from warehouse.errors import QhawaqError
from warehouse.settings import parse_yaml

QUOTINGS = ("csv", "none")
DOMAINS = ("education", "welfare", "protection")
TYPES = {"varchar", "bigint", "integer", "smallint", "double", "date", "boolean"}
TABLE_KEYS = set(
    "file_pattern separator encoding quoting key known_at replaces scope coverage line_end_required missing "
    "retention_years other_columns packed rules kept_by_law".split()
)
COLUMN_KEYS = set("identity alias pseudonym optional since until headers required unit link document".split())
COLUMN_KEYS |= rules.COLUMN_RULES
LEFT_OUT = "left_out"  # what `other_columns` may say


def _known_meta(name: str, described: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Return the keys of a table or column, all of which must be known."""
    meta = shape.meta(name, described)
    if unknown := sorted(str(key) for key in meta if key not in known):
        raise QhawaqError(f"contract {name}: unknown meta {unknown}: write one of {', '.join(sorted(known))}")
    return dict(meta)


def _column(table: str, raw: dict[str, Any], filled: set[str]) -> Column:
    meta = _known_meta(f"{table}.{raw['name']}", raw, COLUMN_KEYS)
    data_type = raw.get("data_type", "").lower()
    if data_type not in TYPES:
        raise QhawaqError(f"contract {table}.{raw['name']}: data_type {data_type!r} is none of {sorted(TYPES)}")
    name = raw["name"].lower()
    tests = raw.get("data_tests") or []
    return Column(
        name=name,
        data_type=data_type,
        nullable=not ("not_null" in tests or name in filled or meta.get("required")),
        identity=bool(meta.get("identity")),
        alias=_alias(name, meta["alias"]) if "alias" in meta else None,
        pseudonym=meta.get("pseudonym"),
        optional=bool(meta.get("optional")),
        link=meta.get("link"),
        since=str(meta.get("since", "")),
        until=str(meta.get("until", "9999")),
        headers=tuple(map(str.lower, meta.get("headers", (name,)))),
        digits=meta.get("digits"),
        document=bool(meta.get("document")),
        codes=rules.codes_of(name, meta),
        rules=tuple(rules.of_column(name, data_type, meta)),
    )


def _alias(column: str, alias: dict[str, Any]) -> Alias:
    """Return the alias that a column's keys describe."""
    return Alias(alias["kind"], column, tuple(alias.get("when", {}).items()))


def _filled(table: dict[str, Any]) -> set[str]:
    """Return the columns that the table's `never_null` names."""
    named = [
        test["never_null"]["arguments"]["columns"] for test in table.get("data_tests") or [] if "never_null" in test
    ]
    return {column.lower() for columns in named for column in columns}


def _contract(source: dict[str, Any], table: dict[str, Any]) -> Contract:
    name = f"{source['name']}.{table['name']}"
    meta = _known_meta(name, table, TABLE_KEYS)
    whole = shape.meta(name, source)
    domain = whole.get("domain")
    if domain not in DOMAINS:
        raise QhawaqError(f"contract {name}: domain {domain!r} is none of {DOMAINS}")
    coverage = meta.get("coverage")
    columns = _columns(name, table)
    return Contract(
        source=source["name"],
        table=table.get("identifier", table["name"]),
        domain=domain,
        pattern=re.compile(meta["file_pattern"]),
        separator=meta.get("separator", ","),
        encoding=meta.get("encoding", "utf-8"),
        is_quoted=_is_quoted(name, meta),
        columns=columns,
        key=tuple(map(str.lower, meta.get("key", ()))),
        known_at=meta.get("known_at", "_delivered_at"),
        replaces=scopes.replaces(name, meta.get("replaces", Replaces.ROWS)),
        scope=scopes.scope(name, meta.get("scope") or {}, (coverage or {}).get("region")),
        coverage=Coverage(coverage["region"], float(coverage["minimum_share"])) if coverage else None,
        line_end_required=meta.get("line_end_required", True),
        missing=tuple(meta.get("missing", ())),
        retention_years=meta.get("retention_years"),
        packed=_packed(meta["packed"]) if "packed" in meta else None,
        leaves_out_others=_leaves_out_others(name, meta),
        sender=whole.get("sender", source["name"]),
        rules=tuple(rules.of_table(name, [column.name for column in columns], meta)),
        kept_by_law=_kept_by_law(name, columns, meta["kept_by_law"]) if "kept_by_law" in meta else None,
    )


def _kept_by_law(name: str, columns: tuple[Column, ...], duty: dict[str, Any]) -> KeptByLaw:
    """Return the duty to keep some columns, none of which may tell who a row is about."""
    kept = tuple(map(str.lower, duty["columns"]))
    plain = {column.name for column in columns if column.name == column.landed_name and not column.alias}
    if wrong := sorted(set(kept) - plain):
        raise QhawaqError(f"contract {name}: kept_by_law names {', '.join(wrong)}, of which no plain value lands")
    return KeptByLaw(str(duty["why"]), kept)


def _is_quoted(name: str, meta: dict[str, Any]) -> bool:
    quoting = meta.get("quoting", "csv")
    if quoting not in QUOTINGS:
        raise QhawaqError(f"contract {name}: quoting {quoting!r} is none of {QUOTINGS}")
    return bool(quoting == "csv")


def _packed(form: dict[str, str]) -> Packed:
    """Return the form of download that a table's keys describe."""
    return Packed(re.compile(form["file_pattern"]), form["encoding"])


def _leaves_out_others(name: str, meta: dict[str, Any]) -> bool:
    """Return whether columns that the contract does not name are left out: only of what names no person."""
    if "other_columns" not in meta:
        return False
    if meta["other_columns"] != LEFT_OUT or "retention_years" in meta:
        raise QhawaqError(f"contract {name}: other_columns may say {LEFT_OUT}, where no row is about a person")
    return True


def _columns(name: str, table: dict[str, Any]) -> tuple[Column, ...]:
    """Return the columns of the delivery, without those that landing adds."""
    pseudonyms = {meta["pseudonym"] for column in table["columns"] if "pseudonym" in (meta := shape.meta(name, column))}
    added = {column.name for column in (CHILD_KEY, REGION, *LANDING_COLUMNS)} | set(map(pseudonym_name, pseudonyms))
    filled = _filled(table)
    return tuple(_column(name, column, filled) for column in table["columns"] if column["name"] not in added)


def read(project: Path) -> dict[str, Contract]:
    """Return every contract of the dbt project, by raw table name.

    Raises:
        QhawaqError: a contract is not well-formed; the message names it.
    """
    paths = sorted((project / "models").rglob("_*__sources.yml"))
    return dict(_read(tuple((path.name, path.read_text(encoding="utf-8")) for path in paths)))


@lru_cache(maxsize=4)  # a process reads them again for each step; they cost more to read than most files to land
def _read(files: tuple[tuple[str, str], ...]) -> dict[str, Contract]:
    """Return the contracts that the YAML files of sources, by name and text, describe."""
    contracts = [contract for file, text in files for contract in _of_file(file, text)]
    return {contract.table: contract for contract in contracts}


def _of_file(file: str, text: str) -> Iterator[Contract]:
    """Yield the contracts of a file.

    Raises:
        QhawaqError: one is not well-formed; the message says in which file and line, and what to write.
    """
    table = ""
    try:
        for source, described in shape.tables(_parsed(text)):
            table = described["name"]
            if "file_pattern" in shape.meta(table, described):
                yield _judged(source, described)
    except QhawaqError as error:
        path = error.path if isinstance(error, Slip) else ()
        raise QhawaqError(f"{file}:{_line(error) or shape.line_of(text, table, path)}: {error}") from None


def _judged(source: dict[str, Any], table: dict[str, Any]) -> Contract:
    """Return the contract of a table whose keys are what they must be.

    Raises:
        QhawaqError: they are not.
    """
    name = f"{source['name']}.{table['name']}"
    shape.judge(name, table)
    try:
        return _contract(source, table)
    except (LookupError, TypeError, ValueError, AttributeError, re.error) as error:
        told = f"contract {name} cannot be read ({error}): write its keys as docs/add-a-source.md explains them"
        raise QhawaqError(told) from None


def _parsed(text: str) -> Any:  # noqa: ANN401  what the text holds
    import yaml

    try:
        return parse_yaml(text)
    except yaml.YAMLError as error:
        raise Slip(f"this is no YAML ({' '.join(str(error).split())}): look at quotes, colons and indents") from error


def _line(error: QhawaqError) -> int:
    """Return the line that the parser of YAML names; 0 where it names none."""
    mark = getattr(error.__cause__, "context_mark", None) or getattr(error.__cause__, "problem_mark", None)
    return mark.line + 1 if mark else 0

"""A slip of the pen in a contract is told with file, line and what to write; no such slip ends in a traceback."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse import contracts
from warehouse.contracts import Contract, reading
from warehouse.errors import QhawaqError
from warehouse.settings import DBT_PROJECT

WRONG = (None, "", "no such thing", "(?P<period", "(", 5, -1, 1.5, True, [], ["NO_SUCH"], [None], [[1]], {}, {"a": 1})
FILES = sorted((DBT_PROJECT / "models").rglob("_*__sources.yml"))
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
Described = dict[str, Any]


def described() -> Iterator[tuple[str, Described, Described]]:
    """Yield each contract alone: its name, its source, and its table within."""
    for path in FILES:
        for source in yaml.safe_load(path.read_text(encoding="utf-8")).get("sources") or []:
            for table in source["tables"]:
                if "file_pattern" in (table.get("config") or {}).get("meta", {}):
                    yield f"{source['name']}.{table['name']}", source, table


CONTRACTS = {name: (source, table) for name, source, table in described()}


def alone(source: Described, table: Described) -> Described:
    return {"version": 2, "sources": [source | {"tables": [table]}]}


def nodes(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each part of what YAML says; of columns like each other the first."""
    if path:
        yield path
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    seen = set()
    for key, part in parts:
        shape = (
            repr(sorted((part.get("config") or {}).get("meta", {})))
            if isinstance(part, dict) and "name" in part
            else key
        )
        if shape not in seen:
            seen.add(shape)
            yield from nodes(part, (*path, key))


def slips(whole: Described) -> Iterator[tuple[str, Described]]:
    """Yield each contract with one part of it left out, or saying something else."""
    for path in nodes(whole):
        for value in (..., *WRONG):
            changed = copy.deepcopy(whole)
            node = changed
            for step in path[:-1]:
                node = node[step]
            if value is ...:
                del node[path[-1]]
            else:
                node[path[-1]] = value
            yield f"{path} {value!r}", changed


def asked(contract: Contract) -> None:
    """Ask a contract that was read for what landing asks first."""
    assert contract.stated("no_file_of_ours.txt") is None
    assert contract.landed
    assert isinstance(contract.landed_key, tuple)


@pytest.mark.parametrize("name", CONTRACTS)
def test_no_slip_ends_in_a_traceback(name: str) -> None:
    """Each key of each contract left out, and saying fifteen wrong things: it is read, or told with file and line."""
    told, n_slips = [], 0
    for what, changed in slips(alone(*CONTRACTS[name])):
        n_slips += 1
        try:
            for contract in reading._of_file("_x__sources.yml", yaml.dump(changed, Dumper=DUMPER, sort_keys=False)):
                asked(contract)
        except QhawaqError as error:
            told.append(str(error))
        except Exception as error:
            raise AssertionError(f"{what}: {error!r}") from error
    assert n_slips > 400
    assert len(told) > n_slips / 4
    assert all(re.match(r"_x__sources\.yml:\d+: ", one) for one in told)


# What is written instead of what → the text of the line that is told, and what the message says.
TOLD = [
    ("key: [anio, cod_mod, tipo]", "key: [anio, cod_modular, tipo]", "key:", "key names cod_modular, which is no column"),
    (r"(?P<period>\d{4})", r"(\d{4})", "file_pattern:", "write a regular expression with both groups"),
    (r"(?P<delivered>\d{8})", "(?P<delivered>", "file_pattern:", "write a regular expression with both groups"),
    ("line_end_required: false", "line_end_required: perhaps", "line_end_required:", "write true or false"),
    ("line_end_required: false", "line_end_requierd: false", "name: siseve_reports", "unknown meta ['line_end_requierd']"),
    ("retention_years: 5", "retention_years: five", "retention_years:", "a whole number from 1 on"),
    ("data_type: smallint", "data_type: [smallint]", "data_type:", "write a type, such as varchar"),
    ("range: [0, 10000]", "range: 10000", "range:", "[least, most], one of which may be null"),
    ("digits: 7", "digits: siete", "digits:", "a whole number from 1 on"),
    ("period: year", "period: age", "period:", "write one of year, month, half"),
    ("          - name: anio", "          - nombre: anio", "columns:", "write a list, each with a name"),
    ("quoting: none", "quoting: 'none", "", "this is no YAML"),
]  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "line", "says"), TOLD)
def test_a_slip_is_told_with_its_line_and_what_to_write(right: str, wrong: str, line: str, says: str) -> None:
    file = DBT_PROJECT / "models" / "protection_staging" / "_siseve__sources.yml"
    text = file.read_text(encoding="utf-8").replace(
        "line_end_required: false", "line_end_required: false\n            quoting: none"
    )
    assert right in text
    changed = text.replace(right, wrong, 1)
    with pytest.raises(QhawaqError) as told:
        list(reading._of_file(file.name, changed))
    name, number, message = str(told.value).split(":", 2)
    assert name == file.name
    assert says in message
    assert line in "".join(changed.splitlines()[int(number) - 2 : int(number)])


def test_a_project_with_a_slip_is_refused_with_its_file(tmp_path: Path) -> None:
    project = tmp_path / "dbt_project"
    shutil.copytree(DBT_PROJECT, project, ignore=shutil.ignore_patterns("target"))
    path = project / "models" / "protection_staging" / "_siseve__sources.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("retention_years: 5", "retention_years: five"), encoding="utf-8"
    )
    with pytest.raises(QhawaqError, match=r"^_siseve__sources\.yml:\d+: contract protection_cases\.siseve_reports: "):
        contracts.read(project)

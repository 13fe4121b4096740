"""Senders hear of a real fault in any source, under the name that sheets have for it, with a right line beside."""

from __future__ import annotations

from datetime import date

import pytest

from tests.conftest import deliver
from tests.notify.conftest import Place
from warehouse import contracts
from warehouse.contracts import Contract
from warehouse.errors import UsageError
from warehouse.landing import fault_sheets, land
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT

CONTRACTS = contracts.read(DBT_PROJECT)
FAULT = "equis"  # is no number and no day


def file_name(contract: Contract) -> str:
    """A name that the contract takes."""
    for period in ("2024", "202410", "2024A"):
        for ending in ("txt", "csv"):
            name = f"{contract.stem}_{period}_20241205.{ending}"
            if contract.stated(name):
                return name
    raise AssertionError(contract.name)


def content(contract: Contract, *rows: dict[str, str]) -> str:
    """A file of some lines under the header of the source's right line."""
    header = fault_sheets.examples()[contract.table]
    return "\n".join(contract.separator.join(line) for line in (header, *(row.values() for row in rows))) + "\n"


def broken(contract: Contract) -> dict[str, str]:
    """The right line with a value that cannot be of its type, in the last column of numbers or days."""
    types = {name: column.data_type for column in contract.columns for name in (column.name, *column.headers)}
    line = dict(fault_sheets.examples()[contract.table])
    typed = [name for name in line if types.get(name.lower(), types.get(name, "varchar")) != "varchar"]
    return line | {(typed or list(line))[-1]: FAULT}


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_line_that_a_sender_is_shown_is_right(place: Place, silent: Progress, name: str) -> None:
    contract = CONTRACTS[name]
    line = fault_sheets.examples()[name]
    deliver(place.home, file_name(contract), content(contract, line), contract.encoding)
    land.land(place.home, silent)
    assert list(place.home.fault_sheets.glob("*")) == [], [
        path.read_text() for path in place.home.fault_sheets.glob("*")
    ]


@pytest.mark.parametrize("form", ["name", "table"])
@pytest.mark.parametrize("name", CONTRACTS)
def test_a_landed_fault_reaches_its_sender(place: Place, silent: Progress, name: str, form: str) -> None:
    contract = CONTRACTS[name]
    place.hears("remitente", "sender", getattr(contract, form), "smtp")
    other = next(one for one in CONTRACTS.values() if one.source != contract.source)
    place.hears("otro", "sender", other.name, "smtp")
    deliver(place.home, file_name(contract), content(contract, broken(contract)), contract.encoding)
    land.land(place.home, silent)
    place.publish()
    assert place.tell().sent == 1
    (mail,) = place.mail.messages
    assert mail["to"] == ["remitente@escuela.example"]
    assert contract.name in mail["text"]
    assert "Cómo se ve una línea correcta" in mail["text"]
    assert contract.separator.join(fault_sheets.examples()[name].values()) in mail["text"]
    assert FAULT not in mail["text"]
    assert place.tell().sent == 0


def test_a_sender_of_no_source_is_told_to_who_keeps_the_table(place: Place) -> None:
    place.hears("nadie", "sender", "protection_cases.demunas", "smtp")
    place.publish()
    with pytest.raises(UsageError, match=r"nadie is the sender of protection_cases\.demunas, which is no source"):
        place.tell()


def test_every_source_has_a_right_line_with_all_that_it_must_have() -> None:
    assert set(fault_sheets.examples()) == set(CONTRACTS)
    for contract in CONTRACTS.values():
        given = {name.lower() for name in fault_sheets.examples()[contract.table]}
        for column in contract.columns:
            if column.must_be_in(f"{date(2024, 1, 1):%Y}"):
                assert given & {column.name, *map(str.lower, column.headers)}, (contract.name, column.name)

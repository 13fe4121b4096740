"""What pages say of the offices' cases: words for codes, the day, and the numbers by which offices know them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from service import words
from service.access import Caller
from service.published import Row
from service.service import Service
from service.settings import Busy


class Casework(NamedTuple):
    """What all pages of cases say them with.

    Attributes:
        numbers: case → the office's own number.
        is_busy: whether the vault could not be asked for them now.
        reason: what says why a case was opened, in words.
        states: code of a state → words.
        linkages: how a child is known → words.
        today: the day.
    """

    numbers: Mapping[str, str]
    is_busy: bool
    reason: Callable[[str | None], str]
    states: Mapping[str, str]
    linkages: Mapping[str, str]
    today: date


def of_cases(service: Service, caller: Caller, cases: Iterable[Row]) -> Casework:
    """Return what a page says these cases with, for somebody."""
    numbers = _numbers(service, caller, [case["case_key"] for case in cases])
    return Casework(
        numbers=numbers or {},
        is_busy=numbers is None,
        reason=words.case_reason,
        states=words.of_cases("office_state"),
        linkages=words.of_cases("linkage"),
        today=service.settings.today(),
    )


def _numbers(service: Service, caller: Caller, cases: Sequence[str]) -> dict[str, str] | None:
    """Return the offices' own numbers of cases, which the vault holds; none for who may not see names; None if busy."""
    if service.settings.case_numbers is None or "identity" not in caller.scopes:
        return {}
    known = {record(case): case for case in cases}
    try:
        found = service.settings.case_numbers(list(known))
    except Busy:
        return None
    return {known[record]: number for record, number in found.items()}


def record(case: str) -> tuple[str, int]:
    """Return the record of a case, which its key names."""
    file, _, line = case.partition("-")[2].rpartition("-")
    return file, int(line)

"""What a value may be: the rules of a contract under which a row cannot be true, as SQL over its typed values.

A rule stands in `config.meta` of a column (`range`, `codes`, `digits`, `department`, `period`, `past`) or of a table
(`rules`). What is missing breaks no rule. `docs/add-a-source.md` explains each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from warehouse.deliveries import Fault
from warehouse.errors import QhawaqError

COLUMN_RULES = {"range", "codes", "digits", "department", "period", "past"}
DEPARTMENTS = 25


class PeriodPart(StrEnum):
    """The part of a period that a column repeats."""

    YEAR = "year"
    MONTH = "month"
    HALF = "half"


@dataclass(frozen=True)
class Rule:
    """A condition under which a row cannot be true."""

    column: str  # to be named in the quarantine
    broken: str  # SQL over `t`, the typed row; `{year}`, `{month}`, `{half}` and `{delivered}` stand for the file's
    fault: Fault

    def of_file(self, period: str, delivered: date) -> str | None:
        """Return the condition for a file; None where its name does not state what the rule compares with."""
        facts = stated_facts(period, delivered)
        asked = set(re.findall(r"\{([a-z]+)\}", self.broken))
        if not asked <= facts.keys():
            return None
        return re.sub(r"\{([a-z]+)\}", lambda fact: facts[fact[1]], self.broken)


@dataclass(frozen=True)
class Codes:
    """The values that a column may have, compared without spaces around them and in upper case."""

    column: str
    accepted: tuple[str, ...]
    mapped: tuple[tuple[str, str], ...] = ()  # codes that a home reads as another one

    @property
    def unknown(self) -> str:
        """SQL over `t`: the value is on no list; most rows are decided by the first comparison."""
        name = f't."{self.column}"'
        listed = ", ".join(map(_literal, self.accepted))
        return f"{name} not in ({listed}) and {normal(name)} not in ('', {listed})"

    def read(self, text: str) -> str:
        """Return SQL that reads a text with the home's mappings."""
        cases = " ".join(f"when {_literal(code)} then {_literal(to)}" for code, to in self.mapped)
        return f"case {normal(text)} {cases} else {text} end" if cases else text

    def with_home(self, accepted: Iterable[str], mapped: Mapping[str, str]) -> Codes:
        """Return these codes with those that a home has accepted or mapped."""
        return Codes(self.column, (*self.accepted, *accepted), tuple(mapped.items()))


def normal(text: str) -> str:
    """Return SQL for a code as lists have it."""
    return f"upper(trim({text}))"


def stated_facts(period: str, delivered: date) -> dict[str, str]:
    """Return the facts that a file's name states, as SQL."""
    facts = {"delivered": f"date '{delivered}'"}
    if re.match(r"\d{4}", period):
        facts["year"] = str(int(period[:4]))
    if re.fullmatch(r"\d{6}", period):
        facts["month"] = str(int(period[4:]))
    if re.fullmatch(r"\d{4}[AB]", period):
        facts["half"] = f"'{period[4:]}'"
    return facts


def of_column(name: str, data_type: str, meta: Mapping[str, Any]) -> list[Rule]:
    """Return the rules that a column's keys state, without its codes.

    Raises:
        QhawaqError: a key is not well-formed.
    """
    value = f't."{name}"'
    rules = []
    if "range" in meta:
        rules.append(Rule(name, _outside(name, value, data_type, meta["range"]), Fault.OUT_OF_RANGE))
    if "digits" in meta:
        rules.append(Rule(name, f"not regexp_full_match({value}, '[0-9]{{1,{meta['digits']}}}')", Fault.NOT_DIGITS))
    if meta.get("department"):
        padded = (
            f"case when length({value}) < {meta['digits']} then lpad({value}, {meta['digits']}, '0') else {value} end"
        )
        rules.append(Rule(name, f"{padded} not between '01' and '{DEPARTMENTS + 1}'", Fault.LIES_ELSEWHERE))
    if "period" in meta:
        compared = normal(value) if meta["period"] == PeriodPart.HALF else value
        rules.append(Rule(name, f"{compared} <> {{{PeriodPart(meta['period'])}}}", Fault.OTHER_PERIOD))
    if meta.get("past"):
        rules.append(Rule(name, f"{value} > {{delivered}}", Fault.AFTER_DELIVERY))
    return rules


def of_table(name: str, columns: Sequence[str], meta: Mapping[str, Any]) -> list[Rule]:
    """Return the rules over several columns that a table states, the last that a date follows on which it is known.

    Raises:
        QhawaqError: a rule names no column or no fault.
    """
    rules = [_of_row(name, columns, rule) for rule in meta.get("rules", ())]
    known_at = meta.get("known_at")
    if known_at is None:
        return rules
    named = next((column for column in columns if re.search(rf"\b{column}\b", known_at, re.IGNORECASE)), columns[0])
    never = f"try(cast({_over_row(columns, known_at)} as date)) is null"
    return [*rules, Rule(named, never, Fault.NEVER_KNOWN)]


def _of_row(name: str, columns: Sequence[str], rule: Mapping[str, str]) -> Rule:
    try:
        return Rule(rule["column"].lower(), f"not ({_over_row(columns, rule['holds'])})", Fault(rule["fault"]))
    except (KeyError, ValueError) as error:
        raise QhawaqError(f"contract {name}: a rule needs column, holds and a known fault: {error}") from None


def _over_row(columns: Sequence[str], sql: str) -> str:
    """Return SQL with the columns of the typed row `t`."""
    names = "|".join(sorted(columns, key=len, reverse=True))
    return re.sub(rf"\b({names})\b", lambda name: f't."{name[1].lower()}"', sql, flags=re.IGNORECASE)


def codes_of(name: str, meta: Mapping[str, Any]) -> Codes | None:
    """Return the codes that a column's keys state, None where it may have any value."""
    return Codes(name, tuple(str(code).upper() for code in meta["codes"])) if "codes" in meta else None


def _outside(name: str, value: str, data_type: str, limits: list[Any]) -> str:
    """Return SQL for a value outside [least, most]; null is no limit."""
    if len(limits) != 2 or limits == [None, None]:
        raise QhawaqError(f"contract column {name}: a range is [least, most], one of which may be null")
    signs = zip("<>", limits, strict=True)
    beyond = [f"{value} {sign} {_limit(data_type, limit)}" for sign, limit in signs if limit is not None]
    not_a_number = [f"isnan({value})"] if data_type == "double" else []
    return " or ".join(beyond + not_a_number)


def _limit(data_type: str, limit: Any) -> str:  # noqa: ANN401  a number or a date of YAML
    return f"date '{limit}'" if data_type == "date" else str(limit)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"

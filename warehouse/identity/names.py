"""Telling people apart: documents that are nobody's, and names that are different rather than misspelt, as SQL."""

from __future__ import annotations

from warehouse.contracts import Contract
from warehouse.database import quoted

DNI_DIGITS = 8
# Numbers that are typed where there is no document.
NOBODYS = (*(str(digit) * DNI_DIGITS for digit in range(10)), "12345678")
MISSPELT = 1 / 3  # share of letters in which two spellings of a name may differ: JHON, JOHN
SLIPS = 0.15  # the same where two people have documents of their own: MARIO and MARIA are two
MOST_NAMES = 3  # that one document can have by misspelling


def is_somebodys(value: str) -> str:
    """Return SQL for whether a normalized document can be a person's."""
    listed = ", ".join(f"'{number}'" for number in NOBODYS)
    return f"({value} ~ '[0-9]{{{DNI_DIGITS}}}' and {value} not in ({listed}))"


def folded(name: str) -> str:
    """Return SQL for a name without accents, case and signs."""
    return f"trim(regexp_replace(upper(strip_accents({name})), '[^A-Z0-9]+', ' ', 'g'))"


def signs(contract: Contract) -> dict[str, str]:
    """Return SQL of what a row says of the person: given, surname, born; null where the contract has no such column."""
    roles = {"given": "given_names", "surname": "first_surname"}
    found = {
        sign: quoted(contract.link[role]) if role in contract.link else "cast(null as varchar)"
        for sign, role in roles.items()
    }
    born = quoted(contract.link["birth_date"]) if "birth_date" in contract.link else "null"
    return found | {"born": f"cast({born} as varchar)"}


def are_different(a: str, b: str) -> str:
    """Return SQL for whether two rows are surely of two people: other names, and another date of birth."""
    return f"coalesce({a}.born <> {b}.born and {_differ(a, b, MISSPELT)}, false)"


def have_other_names(a: str, b: str) -> str:
    """Return SQL for whether two rows with documents of their own have other names."""
    return f"coalesce({_differ(a, b, SLIPS)}, false)"


def _differ(a: str, b: str, share: float) -> str:
    parts = []
    for part in ("given", "surname"):
        one = folded(f"{a}.{part}")
        other = folded(f"{b}.{part}")
        parts.append(f"damerau_levenshtein({one}, {other}) > {share:.3f} * greatest(len({one}), len({other}))")
    return f"({' or '.join(parts)})"

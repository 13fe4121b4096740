"""Commands that need a country: they build by dbt or train."""

from __future__ import annotations

from pathlib import Path

from tests.faults.cases import Case

NAMES: tuple[str, ...] = ()


def cases(template: Path) -> dict[str, Case]:
    """Return the commands by name."""
    return {}

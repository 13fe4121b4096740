"""No delivery within the format stops a landing or a build, and nothing of it is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.landing import samples, senseless
from warehouse.deliveries import Status

SEED = 27


@pytest.mark.long
def test_no_delivery_within_the_format_fails_a_build(tmp_path: Path) -> None:
    """A sample of what `python -m tests.landing.senseless 20 25` tries; QHAWAQ_EXAMPLES times as many builds at night."""
    builds = int(os.environ.get("QHAWAQ_EXAMPLES", "1"))
    figures = senseless.run(tmp_path, builds=builds, per_contract=5, seed=SEED)
    assert figures.failed == []
    assert figures.deliveries == builds * 5 * len(samples.CONTRACTS)
    assert figures.statuses[Status.LANDED] > figures.deliveries / 2
    assert len(figures.reasons) >= 8


def test_the_same_seed_writes_the_same_deliveries() -> None:
    contract = samples.CONTRACTS["siagie_enrollments"]
    first, again = (list(senseless.Sender(SEED).deliveries(contract, 3)) for _ in range(2))
    assert first == again
    assert all(contract.stated(name) for name, _ in first)
    assert list(senseless.Sender(SEED + 1).deliveries(contract, 3)) != first


@pytest.mark.parametrize("table", samples.CONTRACTS)
def test_every_contract_has_deliveries_with_its_header(table: str) -> None:
    contract = samples.CONTRACTS[table]
    for name, content in senseless.Sender(SEED).deliveries(contract, 3):
        assert contract.stated(name), name
        header = content.split("\n", 1)[0].split(contract.separator)
        assert {column.name for column in contract.columns if not column.optional} <= set(header)

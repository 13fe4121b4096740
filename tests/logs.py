"""What a test asks of a home's access log."""

from __future__ import annotations

from warehouse import keys
from warehouse.audit import access_log
from warehouse.settings import Home


def n_lines(home: Home) -> int:
    """Return how many lines it has, each as it was written."""
    lines = list(access_log.of(home, keys.load(home.secrets)).lines())
    assert not [line.fault for line in lines if line.fault]
    return len(lines)

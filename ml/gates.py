"""Numeric gates: what a model must reach before it may rank anybody; the bounds stand in `gates.yml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from ml.evaluate import Metric

FILE = Path(__file__).with_name("gates.yml")


@dataclass(frozen=True)
class Bounds:
    """What one figure has to keep: bounds on its value, the bounds included, and one that its interval lies above."""

    says: str
    at_least: float = float("-inf")
    at_most: float = float("inf")
    low_above: float | None = None

    def holds(self, metric: Metric) -> bool:
        """Say whether a figure keeps them; one without an interval keeps no bound on it."""
        if not self.at_least <= metric.value <= self.at_most:
            return False
        return self.low_above is None or (metric.low is not None and metric.low > self.low_above)

    def __str__(self) -> str:
        """Say the bounds."""
        if self.low_above is not None:
            return f"the interval must lie above {self.low_above:g}"
        return f"{self.at_least:g} to {self.at_most:g}"


@dataclass(frozen=True)
class Verdict:
    """Which gates held, by how much."""

    judged: tuple[tuple[Bounds, Metric], ...]

    @property
    def passed(self) -> bool:
        """All of them held."""
        return all(bounds.holds(metric) for bounds, metric in self.judged)

    def __str__(self) -> str:
        """Say each figure; of a refusal, the gates that refused it first, with their bounds."""
        kept = [_figure(metric) for bounds, metric in self.judged if bounds.holds(metric)]
        broken = [f"{_figure(metric)} ({bounds})" for bounds, metric in self.judged if not bounds.holds(metric)]
        if broken:
            return f"refused: {'; '.join(broken)}" + (f"; held: {'; '.join(kept)}" if kept else "")
        return f"passed: {'; '.join(kept)}"


def _figure(metric: Metric) -> str:
    interval = "" if metric.low is None else f" [{metric.low:.2f}, {metric.high:.2f}]"
    return f"{metric.name} {metric.value:.2f}{interval}"


def read(path: Path = FILE) -> dict[str, Bounds]:
    """Read the bounds.

    Raises:
        TypeError: a gate has a bound of another name.
    """
    return {name: Bounds(**bounds) for name, bounds in yaml.safe_load(path.read_text(encoding="utf-8")).items()}


def judge(figures: Mapping[str, Metric], gates: Mapping[str, Bounds]) -> Verdict:
    """Judge figures by the gates.

    Raises:
        KeyError: a gate asks for a figure that was not computed.
    """
    return Verdict(tuple((bounds, figures[name]) for name, bounds in gates.items()))

"""Numeric gates: what a model must reach before it may rank anybody; the bounds stand in `gates.yml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ml.judging.evaluate import Metric

FILE = Path(__file__).with_name("gates.yml")
EVERYBODY = "all"
Figures = Mapping[tuple[str, str], Metric]  # (segment, metric) → figure


@dataclass(frozen=True)
class Bounds:
    """What one figure has to keep: bounds on its value, themselves included, and on the ends of its interval."""

    says: str
    at_least: float = float("-inf")
    at_most: float = float("inf")
    low_above: float | None = None
    low_at_most: float | None = None
    in_segments: tuple[str, ...] | list[str] = ()

    def holds(self, metric: Metric) -> bool:
        """Say whether a figure keeps them; one without an interval keeps no bound on it."""
        if not self.at_least <= metric.value <= self.at_most:
            return False
        ends = (metric.low, metric.high)
        return all(None not in ends and INTERVAL[name][0](*ends, bound) for name, bound in self._of_interval().items())

    def _of_interval(self) -> dict[str, Any]:
        return {name: bound for name in INTERVAL if (bound := getattr(self, name)) is not None}

    def holds_in_segment(self, metric: Metric) -> bool:
        """Say whether a segment's interval reaches into the bounds on the value of all."""
        low, high = (metric.value if end is None else end for end in (metric.low, metric.high))
        return high >= self.at_least and low <= self.at_most

    def __str__(self) -> str:
        """Say the bounds."""
        for name, bound in self._of_interval().items():
            return INTERVAL[name][1].format(bound)
        return f"{self.at_least:g} to {self.at_most:g}"


# Bound on an interval → whether its ends (low, high) keep it, and how it is said.
INTERVAL: dict[str, tuple[Callable[..., bool], str]] = {
    "low_above": (lambda low, high, bound: low > bound, "the interval must lie above {0:g}"),
    "low_at_most": (lambda low, high, bound: low <= bound, "the interval must reach down to {0:g}"),
}


@dataclass(frozen=True)
class Judgment:
    """One gate and the figure that it looked at, of everybody or of a segment."""

    bounds: Bounds
    segment: str
    metric: Metric

    @property
    def holds(self) -> bool:
        """Whether the gate holds."""
        judge = self.bounds.holds if self.segment == EVERYBODY else self.bounds.holds_in_segment
        return judge(self.metric)

    def __str__(self) -> str:
        """Say the figure; of a broken gate the bounds too."""
        interval = "" if self.metric.low is None else f" [{self.metric.low:.2f}, {self.metric.high:.2f}]"
        where = "" if self.segment == EVERYBODY else f" of {self.segment}"
        bounds = "" if self.holds else f" ({self.bounds})"
        return f"{self.metric.name}{where} {self.metric.value:.2f}{interval}{bounds}"


@dataclass(frozen=True)
class Verdict:
    """Which gates held, by how much."""

    judged: tuple[Judgment, ...]

    @property
    def passed(self) -> bool:
        """All of them held."""
        return not self.broken

    @property
    def broken(self) -> list[Judgment]:
        """Those that did not."""
        return [one for one in self.judged if not one.holds]

    def __str__(self) -> str:
        """Say each figure of all; of a refusal, the gates that refused it first, with their bounds."""
        kept = "; ".join(str(one) for one in self.judged if one.holds and one.segment == EVERYBODY)
        if self.passed:
            return f"passed: {kept}"
        return f"refused: {'; '.join(map(str, self.broken))}" + (f"; held: {kept}" if kept else "")


def read(outcome: str, path: Path = FILE) -> dict[str, Bounds]:
    """Read the bounds for models of an outcome.

    Raises:
        KeyError: the outcome has no gates.
        TypeError: a gate has a bound of another name.
    """
    return {
        name: Bounds(**bounds) for name, bounds in yaml.safe_load(path.read_text(encoding="utf-8"))[outcome].items()
    }


def judge(figures: Figures, gates: Mapping[str, Bounds]) -> Verdict:
    """Judge figures by the gates.

    Raises:
        KeyError: a gate asks for a figure that was not computed.
    """
    found = []
    for name, bounds in gates.items():
        found.append(Judgment(bounds, EVERYBODY, figures[EVERYBODY, name]))
        found += [Judgment(bounds, segment, figures[segment, name]) for segment in _segments(figures, name, bounds)]
    return Verdict(tuple(found))


def _segments(figures: Figures, name: str, bounds: Bounds) -> Sequence[str]:
    """Return the segments of a figure that a gate looks at."""
    return [segment for segment, metric in figures if metric == name and segment.split("=")[0] in bounds.in_segments]

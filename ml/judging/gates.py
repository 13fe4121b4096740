"""Numeric gates on a model's figures before it may rank anybody; the bounds stand in `gates.yml`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import yaml

from ml.judging.metric import Metric

FILE = Path(__file__).with_name("gates.yml")
EVERYBODY = "all"
HELD = "; held: "  # parts broken gates from kept ones in the stored text
Figures = Mapping[tuple[str, str], Metric]  # (segment, metric) → figure


class GateStatus(StrEnum):
    """What the gates decide on a model or rule; the values begin the stored text."""

    PASSED = "passed"
    REFUSED = "refused"
    EXEMPT = "a rule needs none"


@dataclass(frozen=True)
class GateBounds:
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
        interval = metric.interval
        return all(
            interval is not None and INTERVAL_BOUNDS[name].holds(interval[0], bound)
            for name, bound in self._interval_bounds()
        )

    def _interval_bounds(self) -> Iterator[tuple[str, float]]:
        for name in INTERVAL_BOUNDS:
            bound: float | None = getattr(self, name)
            if bound is not None:
                yield name, bound

    def holds_in_segment(self, metric: Metric) -> bool:
        """Say whether a segment's interval reaches into the bounds on the value of all."""
        low, high = metric.range
        return high >= self.at_least and low <= self.at_most

    def __str__(self) -> str:
        """Say the bounds."""
        for name, bound in self._interval_bounds():
            return INTERVAL_BOUNDS[name].text.format(bound)
        return f"{self.at_least:g} to {self.at_most:g}"


@dataclass(frozen=True)
class IntervalBound:
    """A bound on the lower end of an interval, and its sentence."""

    holds: Callable[[float, float], bool]  # lower end, bound
    text: str


INTERVAL_BOUNDS = {
    "low_above": IntervalBound(lambda low, bound: low > bound, "the interval must lie above {0:g}"),
    "low_at_most": IntervalBound(lambda low, bound: low <= bound, "the interval must reach down to {0:g}"),
}


@dataclass(frozen=True)
class GateCheck:
    """One gate and the figure that it looked at, of everybody or of a segment."""

    bounds: GateBounds
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
class GateResult:
    """The gates' decision on a model: its status, the broken gates by name, and the figures.

    `str` gives the text that is stored (`ml.model_versions.gate`), `from_stored` reads it back.
    """

    status: GateStatus
    broken: tuple[str, ...] = ()
    figures: str = ""

    @classmethod
    def from_checks(cls, checks: Sequence[GateCheck]) -> GateResult:
        """Return the result of some checks: the figures of broken gates first, then those that held of everybody."""
        broken = [check for check in checks if not check.holds]
        kept = _joined(check for check in checks if check.holds and check.segment == EVERYBODY)
        if not broken:
            return cls(GateStatus.PASSED, (), kept)
        figures = HELD.join(filter(None, (_joined(broken), kept)))
        return cls(GateStatus.REFUSED, tuple(dict.fromkeys(check.metric.name for check in broken)), figures)

    @classmethod
    def from_stored(cls, text: str) -> GateResult:
        """Read a stored result.

        Raises:
            ValueError: the text begins with no status.
        """
        word, _, figures = text.partition(": ")
        status = GateStatus(word)
        broken = figures.partition(HELD)[0].split("; ") if status is GateStatus.REFUSED else []
        return cls(status, tuple(dict.fromkeys(figure.partition(" ")[0] for figure in broken)), figures)

    @property
    def may_go_live(self) -> bool:
        """Whether the model may rank children without a waiver."""
        return self.status is not GateStatus.REFUSED

    def __str__(self) -> str:
        """Return the stored text."""
        return f"{self.status}: {self.figures}" if self.figures else str(self.status)


def _joined(checks: Iterable[GateCheck]) -> str:
    return "; ".join(map(str, checks))


def read_bounds(outcome: str, path: Path = FILE) -> dict[str, GateBounds]:
    """Read the bounds for models of an outcome.

    Raises:
        KeyError: the outcome has no gates.
        TypeError: a gate has a bound of another name.
    """
    of_outcome = yaml.safe_load(path.read_text(encoding="utf-8"))[outcome]
    return {name: GateBounds(**bounds) for name, bounds in of_outcome.items()}


def checks(figures: Figures, gates: Mapping[str, GateBounds]) -> list[GateCheck]:
    """Check figures by the gates, of everybody and of the segments that a gate names.

    Raises:
        KeyError: a gate asks for a figure that was not computed.
    """
    return [
        GateCheck(bounds, segment, figures[segment, name])
        for name, bounds in gates.items()
        for segment in (EVERYBODY, *_segments(figures, name, bounds))
    ]


def judge(figures: Figures, gates: Mapping[str, GateBounds]) -> GateResult:
    """Judge figures by the gates.

    Raises:
        KeyError: a gate asks for a figure that was not computed.
    """
    return GateResult.from_checks(checks(figures, gates))


def _segments(figures: Figures, name: str, bounds: GateBounds) -> Sequence[str]:
    """Return the segments of a figure that a gate looks at."""
    return [segment for segment, metric in figures if metric == name and segment.split("=")[0] in bounds.in_segments]

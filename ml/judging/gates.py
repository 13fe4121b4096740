"""Numeric gates on a model's figures; the bounds stand in `gates.yml`.

Ranks and probabilities are judged apart: a model that ranks better than every rule ranks, and where its level is wrong
its probabilities are withheld.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile
from pathlib import Path

import yaml

from ml.judging.metric import Metric

FILE = Path(__file__).with_name("gates.yml")
EVERYBODY = "all"
HELD = "held: "  # in the stored text, before the figures of gates that held
WITHHELD = "no probabilities of "  # before the segments whose probabilities are withheld, and the figures that say why
SEPARATOR = "; "
Figures = Mapping[tuple[str, str], Metric]  # (segment, metric) → figure


class Judges(StrEnum):
    """What a gate decides on: whether the model may rank, or whether its probabilities may be shown."""

    RANKS = "ranks"
    PROBABILITIES = "probabilities"


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
    judges: str = Judges.RANKS

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
        below = self.low_above is None or high > self.low_above
        return high >= self.at_least and low <= self.at_most and below

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

    Attributes:
        status: whether it may rank.
        broken: the gates on ranks that are broken.
        withheld: the segments whose probabilities are withheld; «all» for everywhere.
        figures: the figures, as they are stored.
    """

    status: GateStatus
    broken: tuple[str, ...] = ()
    figures: str = ""
    withheld: tuple[str, ...] = ()

    @classmethod
    def from_checks(cls, checks: Sequence[GateCheck]) -> GateResult:
        """Return the result of some checks: the figures of broken gates first, then those that held of everybody."""
        off = withheld(checks)
        refused = refusing(checks)
        segments = tuple(dict.fromkeys(check.segment for check in off))
        broken = tuple(dict.fromkeys(check.metric.name for check in refused))
        figures = (
            ("", refused),
            (f"{WITHHELD}{', '.join(segments)}: ", off),
            (HELD if refused or off else "", _held_of_everybody(checks)),
        )
        status = GateStatus.REFUSED if refused else GateStatus.PASSED
        return cls(status, broken, _text(figures), segments)

    @classmethod
    def from_stored(cls, text: str) -> GateResult:
        """Read a stored result.

        Raises:
            ValueError: the text begins with no status.
        """
        word, _, figures = text.partition(": ")
        status = GateStatus(word)
        parts = figures.split(SEPARATOR)
        off = next((part for part in parts if part.startswith(WITHHELD)), "")
        segments = off.removeprefix(WITHHELD).partition(": ")[0]
        broken = _names_before_others(parts) if status is GateStatus.REFUSED else ()
        return cls(status, broken, figures, tuple(filter(None, segments.split(", "))))

    @property
    def may_go_live(self) -> bool:
        """Whether the model may rank children without a waiver."""
        return self.status is not GateStatus.REFUSED

    def __str__(self) -> str:
        """Return the stored text."""
        return f"{self.status}: {self.figures}" if self.figures else str(self.status)


def _text(figures: Iterable[tuple[str, Sequence[GateCheck]]]) -> str:
    """Return the stored text of figures, each kind after its heading."""
    return SEPARATOR.join(heading + SEPARATOR.join(map(str, checks)) for heading, checks in figures if checks)


def _names_before_others(parts: Iterable[str]) -> tuple[str, ...]:
    """Return the gates whose figures stand before those of withheld probabilities and of gates that held."""
    refused = takewhile(lambda part: not part.startswith((WITHHELD, HELD)), parts)
    return tuple(dict.fromkeys(part.partition(" ")[0] for part in refused))


def _held_of_everybody(checks: Iterable[GateCheck]) -> list[GateCheck]:
    return [check for check in checks if check.holds and check.segment == EVERYBODY]


def refusing(checks: Iterable[GateCheck]) -> list[GateCheck]:
    """Return the broken gates on ranks: the model may not go live."""
    return [check for check in checks if not check.holds and check.bounds.judges != Judges.PROBABILITIES]


def withheld(checks: Iterable[GateCheck]) -> list[GateCheck]:
    """Return the broken gates on probabilities: in their segments none is shown."""
    return [check for check in checks if not check.holds and check.bounds.judges == Judges.PROBABILITIES]


def belied(figures: Figures, gates: Mapping[str, GateBounds]) -> list[GateCheck]:
    """Return the gates that a year surely leaves, with its whole interval; it may lack some of their figures.

    A single year decides nothing, but what it says against a model is said.
    """
    known = {name: bounds for name, bounds in gates.items() if (EVERYBODY, name) in figures}
    return [check for check in checks(figures, known) if not check.bounds.holds_in_segment(check.metric)]


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


def _segments(figures: Figures, name: str, bounds: GateBounds) -> Sequence[str]:
    """Return the segments of a figure that a gate looks at."""
    return [segment for segment, metric in figures if metric == name and segment.split("=")[0] in bounds.in_segments]

"""A backtest as one page of Markdown: figures by period, gains, calibration, segments."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence

from ml.judging.backtest import DECIDING, EVERYBODY, Figure
from ml.judging.metric import Metric

OF_ALL = {
    "precision_at_capacity": "precision",
    "recall_at_capacity": "recall",
    "lift_at_capacity": "lift",
    "roc_auc": "ROC AUC",
    "observed_over_expected": "observed/expected",
    "calibration_slope": "slope",
}
OF_SEGMENTS = {
    "n_rows": "rows",
    "n_cases": "cases",
    "precision_at_capacity": "precision",
    "observed_over_expected": "observed/expected",
    "calibration_slope": "slope",
}
COUNTS = ("n_rows", "n_cases")


def markdown(figures: Sequence[Figure], conclusion: str, pictures: Mapping[str, bytes], model: str) -> str:
    """Return the page.

    Args:
        figures: those of the backtest.
        conclusion: its sentence.
        pictures: PNGs of the deciding periods by name.
        model: the ranker that the pictures and segments are of.
    """
    periods = dict.fromkeys(figure.dataset for figure in figures if figure.segment == EVERYBODY)
    judged = [name for name in periods if not name.startswith("train")]
    drawn = [f"## {name.capitalize()}\n\n![{name}]({_data(png)})" for name, png in pictures.items()]
    return "\n\n".join(
        [
            "# Backtest",
            conclusion,
            "95% intervals in brackets, from whole clusters drawn anew (observed/expected and slope have their own). "
            f"The periods that decide, taken together, are called {DECIDING}; of them and of {model} are the pictures "
            "and segments.",
            *(_period(figures, name) for name in judged),
            *drawn,
            *_segments(figures, model),
        ]
    )


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode()}"


def _period(figures: Sequence[Figure], dataset: str) -> str:
    """Return the figures of everybody in one period: a row for each who ranks."""
    rankers: dict[str, dict[str, Metric]] = {}
    for figure in figures:
        if (figure.dataset, figure.segment) == (dataset, EVERYBODY):
            rankers.setdefault(figure.ranker, {})[figure.metric.name] = figure.metric
    return f"## {dataset}\n\n{_table('ranked by', OF_ALL, rankers)}"


def _segments(figures: Sequence[Figure], model: str) -> list[str]:
    """Return the figures of each segment of the deciding periods, where any has enough cases."""
    segments: dict[str, dict[str, Metric]] = {}
    for figure in figures:
        if (figure.dataset, figure.ranker) == (DECIDING, model) and figure.segment != EVERYBODY:
            segments.setdefault(figure.segment, {})[figure.metric.name] = figure.metric
    return [f"## Segments\n\n{_table('segment', OF_SEGMENTS, segments)}"] if segments else []


def _table(first: str, heads: Mapping[str, str], lines: Mapping[str, Mapping[str, Metric]]) -> str:
    rows = [_row([first, *heads.values()]), _row(["---"] * (len(heads) + 1))]
    rows += [_row([_escaped(name), *(_cell(metrics.get(head)) for head in heads)]) for name, metrics in lines.items()]
    return "\n".join(rows)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Return a name from a table as text, whatever it holds."""
    return "".join(f"\\{character}" if character in "\\`*_{}[]()#+!|<>&~" else character for character in text)


def _cell(metric: Metric | None) -> str:
    if metric is None:
        return ""
    if metric.name in COUNTS:
        return f"{metric.value:.0f}"
    return f"{metric.value:.3f}" + ("" if metric.low is None else f" [{metric.low:.3f}, {metric.high:.3f}]")

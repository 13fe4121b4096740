"""Charts of models: calibration, gains, and the contributions of features. Altair, no network."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from ml.data.dataset import Rows
from ml.judging.backtest import Figure, Judged
from ml.judging.evaluate import Sample
from ml.judging.metric import Metric, wilson_interval
from ml.models.terms import Terms

BINS = 10
POINTS = 101  # of a curve
WIDTH = 420
HEIGHT = 280
DASHES = {"model": [1, 0], "rule": [6, 3], "baseline": [2, 2]}
Floats = NDArray[np.float64]


def by_group(fairness: Sequence[tuple[str, Metric]]) -> pd.DataFrame:
    """Return figures of groups (`ml/judging/fairness.py`) as a table: a row a group by one trait, a column a figure."""
    rows = [
        {"group": group, "figure": metric.name, "value": metric.value} for group, metric in fairness if "&" not in group
    ]
    return pd.DataFrame(rows).pivot_table(index="group", columns="figure", values="value")


def draw_here() -> None:
    """Let notebooks show charts as pictures: no script is fetched from anywhere."""
    alt.renderers.enable("svg")


def write(folder: Path, judged: Judged, share: float, model: str) -> list[Path]:
    """Write gains and calibration of a backtest as SVG; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    charts = _of_backtest(judged, share, model)
    for name, chart in charts.items():
        chart.save(str(folder / f"{name}.svg"))
    return [folder / f"{name}.svg" for name in charts]


def as_png(judged: Judged, share: float, model: str) -> dict[str, bytes]:
    """Return gains and calibration of a backtest as PNG, by name."""
    drawn = {}
    for name, chart in _of_backtest(judged, share, model).items():
        chart.save(content := BytesIO(), format="png", scale_factor=2)
        drawn[name] = content.getvalue()
    return drawn


def _of_backtest(judged: Judged, share: float, model: str) -> dict[str, alt.Chart]:
    return {"gains": gains(judged, list(judged.ranked), share), "calibration": calibration(judged, model)}


def rates(rows: Rows, features: Sequence[str], feature: str) -> alt.Chart:
    """Show how often the outcome came by tenths of a feature, with 95 % intervals; missing values apart."""
    known = rows.labeled
    column = known.values[:, list(features).index(feature)]
    edges = np.unique(np.nanquantile(column, np.linspace(0, 1, BINS + 1)[1:-1]))
    part = np.where(np.isnan(column), -1, np.searchsorted(edges, column, side="left"))
    table = pd.DataFrame([_rate(_named(column, part, i), known.label[part == i]) for i in np.unique(part)])
    return _with_intervals(table, "part", feature, "share with the outcome")


def by_segment(rows: Rows, segment: str) -> alt.Chart:
    """Show how often the outcome came in each part of a segment, or in each «year», with 95 % intervals."""
    known = rows.labeled
    part = known.year.astype(str) if segment == "year" else known.segments[segment].texts()
    table = pd.DataFrame([_rate(name, known.label[part == name]) for name in np.unique(part)])
    return _with_intervals(table, "part", segment, "share with the outcome")


def missing(rows: Rows, features: Sequence[str], most: int = 15) -> alt.Chart:
    """Show which features are missing most."""
    return largest(features, np.isnan(rows.values).mean(axis=0), "share missing", most)


def _named(column: Floats, part: NDArray[np.int64], i: int) -> str:
    """Return the name of a part: its values from and to."""
    return "missing" if i < 0 else f"{column[part == i].min():g} to {column[part == i].max():g}"


def _rate(name: str, label: Floats) -> dict[str, object]:
    """Return a share and its interval."""
    low, high = wilson_interval(label.mean(), len(label))
    return {"part": name, "value": label.mean(), "low": low, "high": high, "children": len(label)}


def _with_intervals(table: pd.DataFrame, part: str, title: str, measure: str) -> alt.Chart:
    base = alt.Chart(table).encode(x=alt.X(f"{part}:N", sort=None, title=title))
    bars = base.mark_rule().encode(y=alt.Y("low:Q", title=measure), y2="high:Q")
    return (bars + base.mark_point(filled=True).encode(y="value:Q")).properties(width=WIDTH, height=HEIGHT)


def calibration(judged: Judged, model: str) -> alt.Chart:
    """Show predicted against observed shares by tenths of the predicted; on the line both are equal."""
    sample = Sample(judged.rows)
    predicted = expit(judged.ranked[model])[sample.known]
    label = sample.cases[sample.known]
    parts = np.array_split(np.argsort(predicted, kind="stable"), BINS)
    table = pd.DataFrame([_rate("", label[part]) | {"announced": predicted[part].mean()} for part in parts])
    base = alt.Chart(table).encode(x=alt.X("announced:Q", title="announced"))
    bars = base.mark_rule().encode(y=alt.Y("low:Q", title="observed"), y2="high:Q")
    top = float(table[["announced", "high"]].max().max())
    line = alt.Chart(pd.DataFrame({"x": [0, top], "y": [0, top]})).mark_line(strokeDash=[4, 4], color="gray")
    points = base.mark_point(filled=True).encode(y="value:Q")
    return (line.encode(x="x:Q", y="y:Q") + bars + points).properties(width=WIDTH, height=HEIGHT)


def gains(judged: Judged, rankers: Sequence[str], share: float) -> alt.Chart:
    """Show recall by the share that is listed; the line stands at the capacity.

    Models are drawn through, rules dashed, baselines dotted.
    """
    sample = Sample(judged.rows)
    at = np.linspace(0, 0.3, POINTS)
    table = pd.DataFrame(
        [
            {
                "listed": x,
                "found": _recall(sample, judged.ranked[ranker], x),
                "ranked by": ranker,
                "kind": _kind(ranker),
            }
            for ranker in rankers
            for x in at
        ]
    )
    curves = (
        alt.Chart(table)
        .mark_line()
        .encode(
            x=alt.X("listed:Q", title="share listed", axis=alt.Axis(format="%")),
            y=alt.Y("found:Q", title="share found", axis=alt.Axis(format="%")),
            color=alt.Color("ranked by:N", scale=alt.Scale(scheme="tableau20"), legend=alt.Legend(labelLimit=0)),
            strokeDash=alt.StrokeDash("kind:N", scale=alt.Scale(domain=list(DASHES), range=list(DASHES.values()))),
        )
    )
    capacity = alt.Chart(pd.DataFrame({"x": [share]})).mark_rule(strokeDash=[4, 4], color="gray").encode(x="x:Q")
    return (curves + capacity).properties(width=WIDTH, height=HEIGHT)


def _recall(sample: Sample, ranking: Floats, share: float) -> float:
    """Return the share of all cases that a list of this size holds."""
    return float(sample.cases[sample.listed(ranking, share)].sum() / sample.cases.sum())


def _kind(ranker: str) -> str:
    return ranker.split(":")[0] if ":" in ranker else "model"


def compared(figures: Sequence[Figure], metric: str, dataset: str) -> alt.Chart:
    """Show a figure of every ranker, with its interval, the best first."""
    rows = [
        {"part": figure.ranker, "value": figure.metric.value, "low": figure.metric.low, "high": figure.metric.high}
        for figure in figures
        if (figure.dataset, figure.segment, figure.metric.name) == (dataset, "all", metric)
    ]
    table = pd.DataFrame(rows).drop_duplicates("part").sort_values("value", ascending=False)
    return _with_intervals(table, "part", "ranked by", metric)


def reasons(terms: Terms, rows: Rows, segments: NDArray[np.str_], most: int = 15) -> alt.Chart:
    """Show which features move scores most: mean of the absolute contribution, in log-odds."""
    _, parts = terms.contributions(rows.values, segments)
    mean = np.abs(parts - parts.mean(axis=0)).mean(axis=0)
    return largest(terms.features, mean, "mean absolute contribution, log-odds", most)


def of_child(terms: Terms, rows: Rows, segments: NDArray[np.str_], row: int, most: int = 10) -> alt.Chart:
    """Show the largest contributions to one row's score, against the mean child, in log-odds."""
    _, parts = terms.contributions(rows.values[row : row + 1], segments[row : row + 1])
    table = pd.DataFrame({"feature": terms.features, "points": parts[0]})
    table = table.reindex(table["points"].abs().nlargest(most).index)
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(x=alt.X("points:Q", title="contribution, log-odds"), y=alt.Y("feature:N", sort=None, title=None))
        .properties(width=WIDTH, height=HEIGHT)
    )


def largest(names: Sequence[str], amounts: Floats, measure: str, most: int = 15) -> alt.Chart:
    """Show the largest amounts by name."""
    table = pd.DataFrame({"feature": names, "amount": amounts}).nlargest(most, "amount")
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(x=alt.X("amount:Q", title=measure), y=alt.Y("feature:N", sort="-x", title=None))
        .properties(width=WIDTH, height=HEIGHT)
    )


def shape(terms: Terms, feature: str) -> alt.Chart:
    """Show the points that a model gives by a feature's value, before calibration; missing values apart."""
    at = terms.features.index(feature)
    edges = terms.edges[at]
    points = terms.points[at]
    names = ["missing", *(f"to {edge:g}" for edge in edges), "above"]
    table = pd.DataFrame({"part": names[: len(points)], "points": points})
    return (
        alt.Chart(table)
        .mark_bar()
        .encode(x=alt.X("part:N", sort=None, title=feature), y=alt.Y("points:Q", title="points, log-odds"))
        .properties(width=WIDTH, height=HEIGHT)
    )

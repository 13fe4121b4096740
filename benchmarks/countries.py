"""Is a recipe good in other countries too: `python -m benchmarks.countries [FIRST_SEED] [CHILDREN]`, one line each.

The countries are light (`benchmarks/light.py`): their lives are those of the synthetic country, their features are read
off without deliveries and dbt. The deciding years are 2022 and 2023, the test year is 2024; drift is looked at as it
could have been in the test year, with the model of that time. `level` is the true risk of the listed over what was
announced: o/e without the luck of who leaves; `perfect` is o/e of a model that announces the true risks on that list.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from benchmarks import worlds
from benchmarks.light import MONTHS, SPEC, Country
from ml import drift, parallel, train
from ml.data import availability, splits, stability
from ml.data.dataset import Rows
from ml.drift import DriftAction
from ml.judging import backtest, evaluate, gates
from ml.judging.backtest import EVERYBODY, Figure, Judged
from ml.judging.evaluate import Sample
from ml.models import candidates
from ml.models.variants import Variant
from ml.policy import Policy

POLICY = Policy(0.90, 2, 2, (2020, 2021))
SHARE = 0.05
FIRST_SEED = 7000
CHILDREN = 20_000
TODAY = "2025-12-05"
SILENT_OUTSIDE = (0.8, 1.25)  # o/e among the listed
Line = dict[str, Any]


def line(kind: str, seed: int, country: Country) -> Line:
    """Judge a country; return its line of the table."""
    rows, model = country.rows, candidates.champion()
    known = rows.of(rows.known_at <= np.datetime64(TODAY))
    policy = POLICY.with_odd_years(stability.odd_years(known, POLICY.pandemic_years))
    origins = splits.origins(known, policy.pandemic_years)
    if origins is None:
        raise ValueError("too few years")
    variant = Variant(model, model, SPEC.features)
    judged = list(backtest.judge(known, SPEC, origins, [variant], policy, regime=True))
    result = _by_gates([year for year in judged if not year.dataset.startswith("regime")], known, origins, model)
    test = next(year for year in judged if year.rows.year[0] == worlds.TEST)
    said = list(_drift(test))
    found = {"kind": kind, "seed": seed} | _decided(result.figures, model)
    found |= _of_test(test, country.risk[rows.year == worlds.TEST], model)
    found |= {
        "gates": str(result.gate.status),
        "broken": ", ".join(result.gate.broken),
        "withheld": ", ".join(result.gate.withheld),
        "drift": "; ".join(said),
        "odd": ", ".join(map(str, policy.added_to(POLICY))),
        "belied": ", ".join(dict.fromkeys(f"{check.metric.name} of {check.segment}" for check in result.belied)),
    }
    low, high = SILENT_OUTSIDE
    off = not low <= found["oe_test"] <= high or found["ratio_test"] < 1
    warned = not result.gate.may_go_live or any(found[name] for name in ("withheld", "drift", "odd", "belied"))
    return found | {"off": off, "silent": off and not warned}


def _by_gates(judged: Sequence[Judged], known: Rows, origins: splits.Origins, model: str) -> train.JudgedFigures:
    everything = known.of(np.isin(known.year, origins.refit))
    steady = availability.seen_by(everything, SPEC, availability.steady(everything.labeled, SPEC))
    return train.judged_by_gates(judged, SHARE, model, train.features_seen(steady), gates.read_bounds("interruption"))


def _decided(figures: Sequence[Figure], model: str) -> Line:
    of_model = {f.metric.name: f.metric for f in figures if f[:3] == (model, backtest.DECIDING, EVERYBODY)}
    names = {"ratio": "precision_ratio_to_best_rule", "oe": "observed_over_expected_at_capacity",
             "slope": "calibration_slope"}  # fmt: skip
    return {short: round(of_model[name].value, 3) for short, name in names.items()}


def _of_test(test: Judged, risk: np.ndarray, model: str) -> Line:
    """Return the figures of the test year, with what only the answer key knows."""
    sample, chance = Sample(test.rows), expit(test.ranked[model])
    on_list, best = (sample.listed(ranking, SHARE) & sample.known for ranking in (test.ranked[model], risk))
    rules = [sample.precision(sample.listed(by, SHARE)) for name, by in test.ranked.items() if name.startswith("rule")]
    month = np.array([day[5:7] for day in test.rows.date.names])[test.rows.date.codes]
    observed = {
        name: sample.cases[where].sum() / chance[where].sum()
        for name, where in (
            ("oe_test", on_list),
            ("oe_all", sample.known),
            ("oe_april", on_list & (month == "04")),
            ("oe_october", on_list & (month == "10")),
        )
    }
    figures = observed | {
        "perfect": sample.cases[on_list].sum() / risk[on_list].sum(),
        "level": risk[on_list].sum() / chance[on_list].sum(),
        "level_all": risk[sample.known].sum() / chance[sample.known].sum(),
        "ratio_test": sample.precision(on_list) / max(rules),
        "of_oracle": sample.precision(on_list) / sample.precision(best),
        "slope_test": evaluate.slope(sample, test.ranked[model]).value,
    }
    return {name: round(float(value), 3) for name, value in figures.items()}


def _drift(test: Judged) -> Iterator[str]:
    """Yield what drift would have asked for on each date of the test year, of the model of that time."""
    training = test.trained[0].rows
    steady = availability.steady(training.labeled, SPEC)
    before, now = (availability.seen_by(part, SPEC, steady) for part in (training, test.rows))
    for month in MONTHS:
        current = now.of(now.month == month)
        findings = list(drift.that_withhold(drift.reference_of(before, month), current))
        advice = drift.advice(findings, new_labels=False)
        if advice.action is DriftAction.TRAIN:
            where = dict.fromkeys(finding.segment for finding in findings if finding.is_exceeded)
            yield f"{worlds.TEST}-{month:02d} no probabilities of {', '.join(where)}"


def summary(lines: Sequence[Line], name: str) -> str:
    """Return the figures over the countries of a kind, or of several."""

    def column(of: str) -> np.ndarray:
        return np.array([float(one[of]) for one in lines])

    def inside(of: str) -> float:
        return float(((column(of) >= 0.9) & (column(of) <= 1.1)).mean())

    logs = {of: np.log(column(of)).mean() for of in ("oe_test", "level", "level_all")}
    return (
        f"{name} ({len(lines)}): o/e log {logs['oe_test']:+.3f}, |o/e-1| {np.abs(column('oe_test') - 1).mean():.3f}, "
        f"in .9-1.1 {inside('oe_test'):.2f} (perfect {inside('perfect'):.2f}); level log {logs['level']:+.3f}, "
        f"|level-1| {np.abs(column('level') - 1).mean():.3f}, of all {logs['level_all']:+.3f}; ratio decided "
        f"{column('ratio').mean():.2f}, test {column('ratio_test').mean():.2f}, "
        f"of oracle {column('of_oracle').mean():.2f}; April {column('oe_april').mean():.2f}, "
        f"October {column('oe_october').mean():.2f}; "
        f"ranks {sum(not one['broken'] for one in lines)}, with probabilities everywhere "
        f"{sum(not one['broken'] and not one['withheld'] for one in lines)}; off {sum(one['off'] for one in lines)}, "
        f"silent {sum(one['silent'] for one in lines)}"
    )


def main() -> None:
    """Print a line for each country as CSV, then the figures over kinds."""
    first, children = map(int, [*sys.argv[1:], *(FIRST_SEED, CHILDREN)[len(sys.argv) - 1 :]])
    lines: list[Line] = []
    for kind, of_kind, seed in worlds.seeds(first):
        lines.append(line(kind, seed, worlds.build(of_kind, seed, children)))
        writer = csv.DictWriter(sys.stdout, list(lines[0]), lineterminator="\n")
        if len(lines) == 1:
            writer.writeheader()
        writer.writerow(lines[-1])
        sys.stdout.flush()
    for kind in worlds.KINDS:
        print(summary([one for one in lines if one["kind"] == kind], kind))
    ordinary = [name for name, kind in worlds.KINDS.items() if kind.is_ordinary]
    print(summary([one for one in lines if one["kind"] in ordinary], "ordinary"))


if __name__ == "__main__":
    parallel.one_thread_each()
    main()

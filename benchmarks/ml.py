"""Machine learning at size: search and fits, a backtest against a plain script, streaming scores and reasons.

python -m benchmarks.ml [--rows 300000] [--features 90] [--scored 8000000]
"""

from __future__ import annotations

import argparse
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import numpy as np
import psutil
from sklearn.calibration import CalibratedClassifierCV

from ml import score, tune
from ml.data import splits
from ml.data.dataset import Coded, Rows, Spec
from ml.judging import backtest
from ml.models import candidates, terms
from ml.models.variants import Variant
from ml.policy import Policy
from ml.score import Ranker
from warehouse import clock

YEARS = (2016, 2017, 2018, 2019, 2022, 2023)  # four of them are judged: the last is the test year
MODELS = ("additive", "logistic", "boosting", "tree")
AIMS = {"search": 720, "search_gib": 6, "backtest": 1500, "plain": 1.2, "stream_gib": 2, "stream": 1.3, "reasons": 0.6}
IN_MEMORY = 1_000_000
POLICY = Policy(0.90, 2, 2)  # the synthetic years have no regime apart


class Peak:
    """Seconds and how far memory rose above where it began."""

    seconds = 0.0
    gib = 0.0


@contextmanager
def watched() -> Iterator[Peak]:
    """Measure what is done within."""
    found, stop, process, began = Peak(), threading.Event(), psutil.Process(), time.monotonic()
    before = process.memory_info().rss

    def watch() -> None:
        while not stop.wait(0.05):
            found.gib = max(found.gib, (process.memory_info().rss - before) / 2**30)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield found
    stop.set()
    watcher.join()
    found.seconds = time.monotonic() - began


def children(n: int, width: int) -> tuple[Rows, Spec]:
    """Return synthetic rows over the years, a fifth of the values of each second column missing."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n, width))
    values[:, ::3] = np.round(values[:, ::3])
    values[:, ::2][rng.random((n, (width + 1) // 2)) < 0.2] = np.nan
    said = -4 + np.nan_to_num(values[:, :8]).sum(axis=1) * 0.5
    year = rng.choice(YEARS, n)
    school = rng.integers(0, 2000, n)
    names = tuple(f"x{i}" for i in range(width))
    known = np.array([f"{y + 1}-01-15" for y in YEARS], dtype="datetime64[D]")[np.searchsorted(YEARS, year)]
    rows = Rows(
        np.arange(n), Coded.of_texts([f"{y}-04-30" for y in year]), _numbered(school % 30), _numbered(school),
        (rng.random(n) < 1 / (1 + np.exp(-said))).astype(float), known, values,
        {"level": Coded(school % 2, ("B0", "F0")), "area": Coded(school // 2 % 2, ("rural", "urban"))},
    )  # fmt: skip
    return rows, Spec(names, (0,) * width)


def _numbered(codes: np.ndarray) -> Coded:
    return Coded(codes, tuple(f"{i:04}" for i in range(codes.max() + 1)))


def plain(rows: Rows, spec: Spec, chosen: splits.Origins) -> None:
    """What one writes without us: split by year, fit, calibrate by scikit-learn's five folds, take the highest."""
    for year in (*chosen.validation, chosen.test):
        train, test = splits.before(rows, year, ()), rows.year == year
        for name in MODELS:
            model = CalibratedClassifierCV(candidates.pipeline(name, spec), method="sigmoid", ensemble=False)
            model.fit(rows.values[train], rows.label[train])
            chance = model.predict_proba(rows.values[test])[:, 1]
            model.predict_proba(rows.values[train])
            listed = np.argsort(-chance)[: int(0.05 * len(chance))]
            rows.label[test][listed].mean()


def search_and_fits(rows: Rows, spec: Spec, chosen: splits.Origins) -> None:
    """Search every candidate on a sample, then fit each on everything."""
    where = tune.search_space()
    judged_by = tune.folds(rows, chosen, where["sample"], POLICY)
    for name in candidates.CANDIDATES:
        best = next(tune.search(spec, judged_by, tune.trials(name, where[name], where["trials"])))
        candidates.fit(name, spec, rows, best.parameters)


def stream(live: Ranker, spec: Spec, n: int, listed: bool) -> Peak:
    """Score (or explain) rows that DuckDB makes up, batch by batch; only the batch at hand is held."""
    columns = ", ".join(f"random() * 4 - 2 as {name}" for name in spec.features)
    more = f", '{live.outcome}' as outcome, '{live.version}' as model_version" if listed else ""
    with watched() as found, duckdb.connect() as db:
        sql = (
            f"select i as child_key, date '2025-04-30' as as_of_date, '010101' as ugel_code, 'F0' as level, "
            f"i % 2 = 0 as is_rural, {columns}{more} from range({n}) as t(i)"
        )
        batches = db.execute(sql).to_arrow_reader(score.BATCH)
        for _ in score.reasons(batches, [live], 5) if listed else score.scores(batches, [live]):
            pass
    return found


def made_up(spec: Spec, n: int) -> float:
    """Return the seconds that DuckDB needs for making the rows up: no work of ours."""
    columns = ", ".join(f"random() * 4 - 2 as {name}" for name in spec.features)
    began = time.monotonic()
    with duckdb.connect() as db:
        for _ in db.execute(f"select i, {columns} from range({n}) as t(i)").to_arrow_reader(score.BATCH):
            pass
    return time.monotonic() - began


def scoring(rows: Rows, spec: Spec, n: int) -> None:
    """Print the rate of streaming scores over predict_proba in memory, and of reasons over scores."""
    fitted = candidates.fit("additive", spec, rows)
    live = Ranker("v", "interruption", terms.read_off(fitted.model, spec.features, rows.values, fitted.calibration))
    many = np.random.default_rng(1).uniform(-2, 2, (IN_MEMORY, len(spec.features)))
    began = time.monotonic()
    fitted.model.predict_proba(many)
    bare = (time.monotonic() - began) / IN_MEMORY
    del many
    scored, making = stream(live, spec, n, listed=False), made_up(spec, n // 4) * 4
    ours = (scored.seconds - making) / n
    print(
        f"{n:,} rows scored as a stream in {scored.seconds:.0f} s ({making:.0f} s of it making them up), memory "
        f"+{scored.gib:.2f} GiB (aim {AIMS['stream_gib']}): {ours / bare:.2f} times predict_proba in memory "
        f"(aim {AIMS['stream']})", flush=True,
    )  # fmt: skip
    told = stream(live, spec, n // 8, listed=True)
    rate = ours / ((told.seconds - making / 8) / (n // 8))
    print(
        f"reasons at {rate:.2f} of the rate of scores (aim {AIMS['reasons']}), memory +{told.gib:.2f} GiB", flush=True
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--features", type=int, default=90)
    parser.add_argument("--scored", type=int, default=8_000_000)
    given = parser.parse_args()
    rows, spec = children(given.rows, given.features)
    print(f"{given.rows:,} synthetic rows of {given.features} features, {psutil.cpu_count()} cores, "
          f"{clock.today()}", flush=True)  # fmt: skip
    training(rows, spec)
    scoring(rows, spec, given.scored)


def training(rows: Rows, spec: Spec) -> None:
    """Print search and fits, and a backtest over a plain script."""
    chosen = splits.origins(rows, ()) or splits.Origins((), 0, ())
    with watched() as searched:
        search_and_fits(rows, spec, chosen)
    print(f"search on a sample and fits of {len(candidates.CANDIDATES)} candidates: {searched.seconds:.0f} s "
          f"(aim {AIMS['search']}), +{searched.gib:.1f} GiB (aim {AIMS['search_gib']})", flush=True)  # fmt: skip
    with watched() as script:
        plain(rows, spec, chosen)
    variants = [Variant(name, name, spec.features) for name in MODELS]
    with watched() as ours:
        for judged in backtest.judge(rows, spec, chosen, variants, POLICY):
            backtest.figures(judged, 0.05, MODELS)
    print(
        f"backtest of {len(MODELS)} models over {len(chosen.validation) + 1} years: {ours.seconds:.0f} s (aim "
        f"{AIMS['backtest']}), +{ours.gib:.1f} GiB; a plain script {script.seconds:.0f} s: "
        f"{ours.seconds / script.seconds:.2f} times (aim {AIMS['plain']})", flush=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()

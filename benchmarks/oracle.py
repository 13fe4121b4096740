"""What share of an oracle's precision the champion reaches: `python -m benchmarks.oracle HOME TRUTH`, a synthetic home.

The oracle ranks by each child's true risk if untreated, from the answer key, at the same capacity and dates.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from ml.data import splits
from ml.data.dataset import Rows
from ml.judging import backtest, evaluate
from ml.judging.evaluate import Sample
from ml.models import candidates
from ml.models.variants import Variant
from warehouse import database, keys
from warehouse.pipeline import workbench
from warehouse.settings import Home


def risks(home: Home, truth: Path) -> pd.DataFrame:
    """Return the true risk if untreated by pseudonym and date; the vault knows whose number is whose."""
    with database.warehouse(home, read_only=True) as db:
        database.attach_vault(db, home, keys.load(home.secrets), read_only=True)
        return db.execute(
            "with known as (select child, unnest([persona, persona_2])::varchar as value "
            f"from '{truth}/children.parquet') "
            "select coalesce(m.merged_into, a.child_key) as key, d.as_of_date::varchar as date, "
            f"max(d.risk_untreated) as risk from '{truth}/child_dates.parquet' as d join known using (child) "
            "join vault.aliases as a on a.kind = 'siagie' and a.value = known.value "
            "left join vault.merges as m on m.child_key = a.child_key group by all"
        ).df()


def oracle(rows: Rows, risk: pd.DataFrame) -> np.ndarray:
    """Return what the oracle ranks by; who is not in the answer key is gone and comes last."""
    mine = pd.DataFrame({"key": rows.key, "date": rows.date.texts()})
    return mine.merge(risk, how="left", on=["key", "date"])["risk"].fillna(-1).to_numpy()


def main() -> None:
    """Print precision at capacity of the champion and of the oracle."""
    home, truth = Home.find(sys.argv[1]), Path(sys.argv[2])
    bench, champion = workbench.read(home=sys.argv[1]), candidates.champion()
    risk = risks(home, truth)
    variant = Variant(champion, champion, bench.spec.features)
    origins = splits.origins(bench.rows, bench.policy.pandemic_years)
    if origins is None:
        sys.exit("too few years have matured")
    judged = list(backtest.judge(bench.rows, bench.spec, origins, [variant], bench.policy))
    for one in (backtest.together(judged), judged[-1]):
        sample, ranking = Sample(one.rows), oracle(one.rows, risk)
        mine, best = (sample.listed(by, bench.share) for by in (one.ranked[champion], ranking))
        found, of_all = (evaluate.of_list(sample, each)[0].value for each in (mine, best))
        share = evaluate.ratio(sample, mine, best, "share")
        print(f"{one.dataset}: {champion} {found:.3f}, oracle {of_all:.3f}; known {(ranking >= 0).mean():.3f}")
        print(f"  share {share.value:.2f} [{share.low:.2f}, {share.high:.2f}]")


if __name__ == "__main__":
    main()

"""Fit the weights of the linkage model on a synthetic country and freeze them in `identity/linkage/model.json`.

Run once for a version: `python -m benchmarks.linkage_fit`. The country is another one than the tests' (another seed);
its answer key is not read: the weights come from expectation maximization over what the records say.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from unittest import mock

from splink import DuckDBAPI, Linker, block_on

from warehouse import contracts, database, keys
from warehouse.country.simulate import simulate
from warehouse.identity.linkage import link, model
from warehouse.landing import land
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

LEAST = 0.002  # assumption: real clerks do what synthetic ones never do, so no kind of difference is impossible


def _smoothed(model_json: dict) -> dict:
    """Give every level at least a small chance, and let the chances of a comparison add up to one again."""
    for comparison in model_json["comparisons"]:
        levels = [level for level in comparison["comparison_levels"] if not level.get("is_null_level")]
        for kind in ("m_probability", "u_probability"):
            values = [max(level.get(kind) or 0.0, LEAST if kind[0] == "m" else LEAST / 10) for level in levels]
            for level, value in zip(levels, values, strict=True):
                level[kind] = round(value / sum(values), 6)
    return model_json


def main() -> None:
    """Simulate, land, estimate, write."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        answers = Path(folder) / "truth"
        simulate(home, Progress(), answers=answers, children=20_000, years=range(2018, 2022), seed=7)
        with mock.patch.object(land, "_link"):  # there is no model yet
            land.land(home, Progress())
        chosen = link.linkable(list(contracts.read(DBT_PROJECT).values()))
        db, warehouse = database.scratch(home), database.warehouse(home)
        database.attach_vault(db, home, keys.load(home.secrets))
        db.execute(link.VAULT_DDL)
        link.prepare(db, warehouse, chosen)
        api = DuckDBAPI(connection=db)
        linker = Linker([api.register("compared_pupils"), api.register("compared_records")], model.settings())
        linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
        for columns in model.BLOCKING:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
        found = _smoothed(linker.misc.save_model_to_json())
        model.FROZEN.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

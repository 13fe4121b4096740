"""Data unlike those that trained leave the rank and take the probability, before anything is scored."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from ml import drift as limits
from tests import few
from tests.conftest import Country
from warehouse.pipeline import drift
from warehouse.progress import Progress
from warehouse.registry import model_config
from warehouse.settings import Home

SILENT = Progress(quiet=True)
NOTES = "select segment, metric from ml.model_notes where kind = 'drift' order by all"


@pytest.fixture(scope="module")
def home(country: Country, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A country whose additive model is live, whatever its gates said, with its probabilities."""
    found = country.to_build(tmp_path_factory.mktemp("withheld") / "home")
    with duckdb.connect(str(found.warehouse)) as db:
        db.execute("update ml.model_versions set is_live = (algorithm = 'additive')")
        db.execute("delete from ml.model_notes")
    return found


def strict(folder: Path, region: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a region have lost coverage wherever its share without a feature grew by more than a bound."""
    text = limits.FILE.read_text(encoding="utf-8").replace(
        "coverage_lost: {limit: 0.25", f"coverage_lost: {{limit: {region}"
    )
    (folder / "drift.yml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(limits.read_limits, "__defaults__", (folder / "drift.yml",))


def test_where_data_stopped_coming_children_are_ranked_without_probabilities(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with duckdb.connect(str(home.warehouse)) as db:
        regions = [code for (code,) in db.execute("select distinct department_code from features.child_features where "
                   "department_code is not null order by 1").fetchall()]  # fmt: skip
    strict(tmp_path, -2.0, monkeypatch)  # every region
    assert drift.withhold(home) == [f"region={code}" for code in regions]
    with duckdb.connect(str(home.warehouse)) as db:
        db.execute("delete from ml.model_notes where segment <> $1", [f"region={regions[0]}"])
        assert model_config.write(db, home, "interruption")
    assert f'"region={regions[0]}"' in home.model_config.read_text(encoding="utf-8")
    few.build(home, "score_outputs", "risk_scores")
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        of_region = db.execute(
            "select f.department_code = $1, count(*) filter (where s.probability is null), count(*), count(s.log_odds) "
            "from scores.risk_scores as s join features.child_features as f using (child_key, as_of_date) "
            "where s.model_version not like 'rule:%' group by 1 order by 1", [regions[0]],
        ).fetchall()  # fmt: skip
    (_, none, others, ranked), (_, without, there, also_ranked) = of_region
    assert (none, without) == (0, there)
    assert (ranked, also_ranked) == (others, there)
    assert there > 0


def test_when_data_are_as_before_nothing_is_withheld_any_more(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strict(tmp_path, -2.0, monkeypatch)
    drift.check(home, SILENT)
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert {metric for _, metric in db.execute(NOTES).fetchall()} == {"coverage_lost"}
    strict(tmp_path, 2.0, monkeypatch)
    _, advice = drift.check(home, SILENT)
    with duckdb.connect(str(home.warehouse), read_only=True) as db:
        assert db.execute(NOTES).fetchall() == []
    assert "coverage_lost" not in str(advice)

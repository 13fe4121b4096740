"""What a finding says is said in the table, the line of the command and, of refusals, in Spanish."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb

from ml.effects.finding import Comparison, EffectFinding, EffectMethod, EffectVerdict
from ml.judging.metric import Metric
from warehouse.commands.effects import in_a_line
from warehouse.registry import figures

VERDICTS = Path("dbt_project/seeds/effect_verdicts.csv")
COMPARED = Comparison(
    Metric("effect", -0.02, -0.03, -0.01), 0.1, 1.0, 500.0, 0.1, 0.0143, -0.025, 60.0, "logistic", "ridge"
)


def found(verdict: EffectVerdict) -> EffectFinding:
    return EffectFinding(EffectMethod.COMPARISON, 200, verdict, compared=COMPARED)


def test_the_smallest_effect_to_be_seen_stands_before_the_estimate_and_before_a_refusal() -> None:
    assert in_a_line(found(EffectVerdict.SHOWN)) == (
        "could see 0.0143; -0.0200 [-0.0300, -0.0100], without it 0.1200"
    )  # fmt: skip
    assert in_a_line(found(EffectVerdict.SECOND)) == "could see 0.0143; not shown: second"
    assert in_a_line(EffectFinding(EffectMethod.COMPARISON, 9, EffectVerdict.FEW)) == "not shown: few"


def test_a_table_of_an_older_home_gets_what_findings_say_now() -> None:
    db = duckdb.connect()
    db.execute(figures.DDL.split("alter table ml.effects")[0])
    db.execute(figures.DDL)
    db.execute(figures.DDL)
    estimates = [("TUTOR", "interruption", found(EffectVerdict.SECOND))]
    figures.note_effects(db, estimates, judged_on=date(2026, 1, 2), labels_until=None)
    told = (
        "select verdict, effect, visible, second, effective_schools, propensity_model, prognosis_model from ml.effects"
    )
    assert db.execute(told).fetchall() == [("second", -0.02, 0.0143, -0.025, 60.0, "logistic", "ridge")]


def test_every_verdict_has_its_sentence() -> None:
    """Without one the mart would leave the service out."""
    with VERDICTS.open(encoding="utf-8") as lines:
        told = {line["verdict"] for line in csv.DictReader(lines)}
    assert told >= set(EffectVerdict)

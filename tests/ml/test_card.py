"""What the documents of a model say, and what they must not."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from ml.judging.backtest import Figure, as_figures
from ml.judging.card import Card, may_be_shown
from ml.judging.gates import GateBounds, GateCheck, GateResult
from ml.judging.metric import Metric


def card(cases: float = 45.0, gate: str = "passed: x", synthetic: bool = True) -> Card:
    figures = [
        Metric("precision_at_capacity", 0.106, 0.094, 0.119), Metric("recall_at_capacity", 0.29, 0.2, 0.3),
        Metric("observed_over_expected", 0.8, 0.7, 0.9), Metric("observed_over_expected_at_capacity", 1.06, 0.93, 1.19),
        Metric("recall_gap", 0.17, -0.05, 0.31), Metric("selection_rate_at_capacity", 0.05),
    ]  # fmt: skip
    found = [*as_figures("additive", "validation", figures), *as_figures("additive", "test_2024", figures)]
    level = [*figures, Metric("n_cases", 100)]
    found += as_figures("rule:abc", "validation", figures[:1]) + as_figures("additive", "validation", level, "level=B0")
    found += as_figures("additive", "validation", [Metric("n_cases", cases)], "nationality=extranjera&area=urban")
    return Card(
        "v1",
        "interruption",
        "additive",
        "2025-12-05",
        0.05,
        ["a", "b"],
        [],
        [2018, 2019],
        [2020],
        GateResult.from_stored(gate),
        [],
        found,
        synthetic,
    )


def test_the_card_says_how_good_the_model_is_beside_the_rules() -> None:
    text = card().model_card()
    assert "| modelo aditivo | 10.6 [9.4, 11.9] | 10.6 [9.4, 11.9] |" in text
    assert "| regla ABC | 10.6 [9.4, 11.9] | - |" in text
    assert "| nivel: primaria | 11 [9, 12] | 29 [20, 30] | 1.1 [0.9, 1.2] |" in text
    assert "Resultado: cumple todas." in text
    assert "son anteriores a 2024" in text


def test_a_card_of_repetition_asks_for_no_visit() -> None:
    repetition = replace(card(), outcome="repetition")
    said = repetition.model_card() + repetition.impact()
    assert "Ordena a quién apoyar primero en sus estudios, para su tutor" in said
    assert "tiene el largo de\nla de visitas (5% de sus estudiantes)." in said
    assert not re.search("visitar|se les visita|sin visita", said)
    assert "Ordena a quién visitar primero" in card().model_card()
    assert "pueden quedar sin visita: es el error" in card().impact()


def test_the_card_says_where_the_model_ranks_without_probabilities() -> None:
    text = card(gate="passed: no probabilities of level=F0, region=15: x 0.5 (0.9 to 1.1); held: y 1").model_card()
    assert "Resultado: puede ordenar; **orden sin probabilidad** en: nivel: secundaria, región: 15." in text
    assert "todo el país" in card(gate="passed: no probabilities of all: x 0.5 (0.9 to 1.1)").model_card()


def test_the_card_says_what_the_test_year_says_against_it() -> None:
    assert "El año de prueba no contradice ninguna condición." in card().model_card()
    name = "observed_over_expected_at_capacity"
    checks = [
        GateCheck(GateBounds("", 0.9, 1.1), segment, Metric(name, 0.5, 0.4, 0.6)) for segment in ("all", "area=rural")
    ]
    text = replace(card(), belied=checks).model_card()
    assert (
        "observados entre esperados en la lista 0.50 [0.40, 0.60]; observados entre esperados en la lista en área: rural."
        in text
    )


def test_the_card_says_which_features_would_tell_the_year() -> None:
    assert "Ninguna variable falta en unos años" in card().model_card()
    assert (
        "y así dirían el año: `last_year_attendance_share`."
        in replace(card(), left_out=["last_year_attendance_share"]).model_card()
    )


def test_the_card_says_what_the_model_is_made_of() -> None:
    assert "Modelo aditivo de puntos sobre 2 variables" in card().model_card()
    figures = [
        figure._replace(ranker="boosting") if figure.ranker == "additive" else figure for figure in card().figures
    ]
    text = replace(card(), algorithm="boosting", figures=figures).model_card()
    assert "Árboles con interacciones sobre 2 variables" in text
    assert "`ml.model_trees`" in text
    assert "`ml.model_terms`" not in text
    assert "| árboles con interacciones | 10.6 [9.4, 11.9] | 10.6 [9.4, 11.9] |" in text


def test_a_refused_model_says_so() -> None:
    text = card(gate="refused: calibration_slope 2.00 [1.9, 2.1] (x); held: recall_gap 0.1").model_card()
    assert "no cumple (pendiente de calibración); no puede ordenar a nadie" in text


@pytest.mark.parametrize(("cases", "said"), [(9, "menos de 10"), (10, "10"), (13, "15"), (12, "10")])
def test_small_groups_are_not_counted_and_say_nothing(cases: float, said: str) -> None:
    assert f"| nacionalidad: extranjera, área: urbana | {said} | evidencia insuficiente | - |" in card(cases).impact()


@pytest.mark.parametrize(("recall", "cases", "shown"), [(0.5, 20, True), (0.45, 20, False), (0.55, 20, False),
                                                        (0.1, 100, True), (0.09, 100, False), (0.91, 100, False)])  # fmt: skip
def test_no_rate_tells_of_fewer_than_ten_found_or_missed(recall: float, cases: int, shown: bool) -> None:
    assert may_be_shown({"recall_at_capacity": Metric("r", recall), "n_cases": Metric("n", cases)}) is shown
    assert not may_be_shown({"n_cases": Metric("n", cases)})


def test_with_one_group_hidden_the_total_must_not_give_it_away() -> None:
    def group(text: str, recall: float) -> list[Figure]:
        figures = [
            Metric("n_cases", 100),
            Metric("recall_at_capacity", recall),
            Metric("selection_rate_at_capacity", 0.1),
        ]
        return as_figures("additive", "validation", figures, text)

    def said(recall: float) -> str:
        groups = [*group("sex=mujer", 0.5), *group("sex=varón", recall), *group("language=originaria", 0.5)]
        return replace(card(), figures=[*card().figures, *groups]).impact()

    assert "| sexo: mujer | 100 | 50 | 10% |" in said(0.1)
    assert "| sexo: mujer | 100 | evidencia insuficiente | - |" in said(0.09)
    assert "| lengua materna: originaria | 100 | 50 | 10% |" in said(0.09)


def test_the_worst_mistake_is_told_in_words_and_people_have_to_sign() -> None:
    text = card().impact()
    assert "71% de quienes tienen el resultado no están en la lista" in text
    assert text.count("**por completar**") == 3  # in the head, for the legal basis, for who approves


@pytest.mark.parametrize("synthetic", [True, False])
def test_both_say_what_the_data_are_and_leave_no_blank(synthetic: bool) -> None:
    for text in (card(synthetic=synthetic).model_card(), card(synthetic=synthetic).impact()):
        assert ("Datos **sintéticos**" in text) is synthetic
        assert "$" not in text
        assert not re.search(r"\bcausas?\b", text, re.IGNORECASE)

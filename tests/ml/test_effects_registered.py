"""Effects on the small country: judged once outcomes have matured, and silent where there is too little."""

from __future__ import annotations

from tests.conftest import Country


def test_every_service_that_somebody_got_is_judged(country: Country) -> None:
    judged = country.ask("select distinct support_code from ml.effects where support_code <> 'LISTA' order by 1")
    given = country.ask(
        "select distinct support_code from intermediate.int_supports__around_dates where is_received_after order by 1"
    )
    assert judged == given == [("REFUERZO",), ("TUTOR",), ("VISITA",)]


def test_the_list_has_no_outcomes_yet(country: Country) -> None:
    assert country.ask("select n_served, verdict, effect from ml.effects where support_code = 'LISTA'") == [
        (0, "few", None)
    ]


def test_the_served_are_those_of_the_records(country: Country) -> None:
    """Who got tutoring in August is served as seen from July, in every year of which labels are final."""
    assert country.ask("select n_served from ml.effects where support_code = 'TUTOR' and outcome = 'interruption'") == (
        country.ask(
            "select count(*) from intermediate.int_supports__around_dates as r "
            "join outcomes.child_outcomes as o using (child_key, as_of_date) "
            "where r.support_code = 'TUTOR' and r.is_received_after and not r.is_received_before "
            "and o.outcome = 'interruption' and o.label_status = 'final' and o.label is not null "
            "and year(r.as_of_date) not in (2020, 2021)"
        )
    )


def test_officials_see_why_where_they_see_no_effect(country: Country) -> None:
    shown = country.ask(
        "select support_code, outcome, is_shown, effect is null, verdict_text from officials.program_effects"
    )
    assert {code for code, *_ in shown} >= {"TUTOR", "VISITA", "REFUERZO", "JUNTOS", "LISTA"}
    assert not {code for code, *_ in shown} & {"DEMUNA", "VIOLENCIA"}  # protection is no business of officials
    assert all(is_shown != is_null and text for _, _, is_shown, is_null, text in shown)

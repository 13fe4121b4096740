"""Links of the whole country: apart from the other tests of linkage, which need not wait for it."""

from __future__ import annotations

from benchmarks import linkage_quality
from tests.conftest import Country


def test_over_the_whole_country_links_are_right(country: Country) -> None:
    """Against the answer key; the figures of a large country are in docs/benchmarks.md."""
    found = linkage_quality.measure(country.home, country.truth)
    assert found.records > 40
    assert found.precision >= 0.98
    assert found.recall >= 0.90


def test_every_link_is_in_the_warehouse_with_its_probability(country: Country) -> None:
    in_vault = country.ask("select decision, count(*) from raw.record_links group by 1")
    assert dict(in_vault).get("link", 0) > 40
    assert country.ask("select count(*) from raw.record_links where probability is null or known_at is null") == [(0,)]
    assert country.ask("select count(*) from protection.caseload where linkage = 'linked' and child_key is null") == [
        (0,)
    ]

"""The page of measures is what the semantic models say."""

from __future__ import annotations

from warehouse.analysis import page


def test_the_page_is_up_to_date() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page(), "python -m warehouse.analysis.page"


def test_every_metric_stands_in_it_once() -> None:
    names = [metric["name"] for metric in page.metrics()]
    assert len(names) == len(set(names)) > 30
    assert all(page.page().count(f"\n| `{name}` |") == 1 for name in names)

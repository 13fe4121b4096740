"""Collected from real HTTP servers: whole, resumed, retried, never mixed, and with nothing secret in what is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.conftest import qhawaq
from warehouse.collect import run
from warehouse.collect.client import CollectFailed
from warehouse.country import api
from warehouse.landing import land
from warehouse.progress import Progress
from warehouse.settings import Home

TODAY = date(2023, 12, 5)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small country whose JUNTOS and DEMUNA come from its APIs."""
    root = tmp_path_factory.mktemp("collect")
    qhawaq(root / "home", "simulate", "--children", "1000", "--years", "2021-2023", "--truth", str(root / "truth"),
           "--api", str(root / "api"))  # fmt: skip
    return root


@pytest.fixture
def served(simulated: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[api.Country]:
    country = api.Country(simulated / "api")
    with api.serving(country) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        yield country


@pytest.fixture
def synthetic(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.claim("synthetic")
    (home.root / "SYNTHETIC.json").write_text(json.dumps({"sha256": []}))
    return home


def collected(home: Home, *only: str) -> list[str]:
    return sorted(p.name for p in run.collect(home, Progress(quiet=True), TODAY, only, back_off=0.01))


def test_the_simulator_leaves_them_to_the_apis(simulated: Path) -> None:
    inbox = {path.name.split("_2")[0] for path in (simulated / "home" / "inbox").iterdir()}
    assert not inbox & {"JUNTOS_PADRON", "DEMUNA_CASOS"}
    assert {path.name.split("_2")[0] for path in (simulated / "api").iterdir()} == {
        "JUNTOS_PADRON", "DEMUNA_CASOS", "ESCALE_PADRON",
    }  # fmt: skip


def test_what_is_collected_lands_row_by_row_as_its_source_has_it(served: api.Country, synthetic: Home) -> None:
    names = collected(synthetic)
    assert "ESCALE_PADRON_2023_20231205.csv" in names
    assert len([n for n in names if n.startswith("JUNTOS")]) == 3
    stems = ("JUNTOS_PADRON", "DEMUNA_CASOS")
    expected = sum(len(served.rows(stem)) for stem in stems) + len(served.rows("ESCALE_PADRON"))
    outcomes = land.land(synthetic, Progress(quiet=True))
    assert {o.status for o in outcomes} == {"landed"}
    assert sum(o.delivered_rows or 0 for o in outcomes) == expected


def test_district_and_ugel_come_from_what_was_asked(served: api.Country, synthetic: Home) -> None:
    collected(synthetic, "escale")
    lines = next(synthetic.inbox.glob("ESCALE*")).read_text().splitlines()
    rows = {tuple(line.split(",")[i] for i in (0, 1, 2)) for line in lines[1:]}
    source = served.rows("ESCALE_PADRON")
    assert rows == {(r["consulta_ubigeo"], r["consulta_ugel"], r["codMod"]) for r in source}


def test_nothing_new_collects_nothing(served: api.Country, synthetic: Home) -> None:
    assert collected(synthetic)
    for path in synthetic.inbox.iterdir():
        path.unlink()
    assert collected(synthetic) == []


def test_only_cases_published_since_are_asked_for(served: api.Country, synthetic: Home) -> None:
    collected(synthetic, "demuna")
    served.asked.clear()
    collected(synthetic, "demuna")
    assert [path for path in served.asked if "casos" in path] == ["/demuna/casos?desde=2023-12-02&pagina=1"]


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(served: api.Country, synthetic: Home, status: int) -> None:
    served.failures += [status] * 2
    assert collected(synthetic, "juntos")


def test_a_server_that_stays_down_fails_and_leaves_no_file(served: api.Country, synthetic: Home) -> None:
    served.failures += [503] * 50
    with pytest.raises(CollectFailed, match="juntos"):
        collected(synthetic, "juntos")
    assert list(synthetic.inbox.iterdir()) == []


def test_cut_off_it_resumes_by_its_cursor(
    served: api.Country, synthetic: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, pages = served.answer, []

    def cut_off(path: str, query: dict[str, str], token: str | None) -> api.Page:
        if "padron" in path:
            pages.append(query.get("cursor"))
            if len(pages) == 2:
                return api.Page(400, "text/plain", "no")
        return whole(path, query, token)

    monkeypatch.setattr(api, "PAGE", 100)
    monkeypatch.setattr(served, "answer", cut_off)
    with api.serving(served) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CollectFailed):
            collected(synthetic, "juntos")
        assert list(synthetic.inbox.iterdir()) == []
        kept = b"".join(p.read_bytes() for p in (synthetic.spill / "collect").rglob("*") if p.is_file())
        assert served.rows("JUNTOS_PADRON")[0]["N_DOC"].encode() not in kept
        assert served.token.encode() not in kept
        assert collected(synthetic, "juntos")
    assert pages[1:3] == ["100", "100"]
    assert len(pages) == len(set(pages)) + 1
    rows = sum(len(p.read_text().splitlines()) - 1 for p in synthetic.inbox.iterdir())
    assert rows == len(served.rows("JUNTOS_PADRON"))
    assert not (synthetic.spill / "collect" / "juntos").exists()


def test_fewer_schools_than_the_count_says_are_refused(
    served: api.Country, synthetic: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = served.answer

    def lies(path: str, query: dict[str, str], token: str | None) -> api.Page:
        answer = whole(path, query, token)
        return answer._replace(body=str(int(answer.body) + 1)) if path.endswith("cuenta") else answer

    monkeypatch.setattr(served, "answer", lies)
    with api.serving(served) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(CollectFailed, match="schools"):
            collected(synthetic, "escale")


def test_a_wrong_token_is_told_and_never_shown(
    served: api.Country, synthetic: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QHAWAQ_JUNTOS_TOKEN", "wrong-token-1234")
    with pytest.raises(CollectFailed, match="QHAWAQ_JUNTOS_TOKEN") as refused:
        collected(synthetic, "juntos")
    assert "wrong-token-1234" not in str(refused.value)


def test_a_token_may_come_from_a_file(
    served: api.Country, synthetic: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("QHAWAQ_JUNTOS_TOKEN")
    (tmp_path / "token").write_text(served.token + "\n")
    monkeypatch.setenv("QHAWAQ_JUNTOS_TOKEN_FILE", str(tmp_path / "token"))
    assert collected(synthetic, "juntos")


def test_a_token_file_that_is_not_there_is_told(
    synthetic: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QHAWAQ_JUNTOS_URL", "http://127.0.0.1:9/juntos")
    monkeypatch.setenv("QHAWAQ_JUNTOS_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(CollectFailed, match="TOKEN_FILE cannot be read"):
        collected(synthetic, "juntos")


def test_one_api_that_fails_leaves_the_others(
    served: api.Country, synthetic: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("QHAWAQ_JUNTOS_TOKEN")
    monkeypatch.setenv("QHAWAQ_JUNTOS_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(CollectFailed, match="JUNTOS"):
        collected(synthetic)
    assert {path.name.split("_2")[0] for path in synthetic.inbox.iterdir()} == {"ESCALE_PADRON", "DEMUNA_CASOS"}


def test_synthetic_answers_do_not_enter_a_real_home(served: api.Country, home: Home) -> None:
    with pytest.raises(CollectFailed, match="real home"):
        collected(home, "juntos")
    assert list(home.inbox.iterdir()) == []


def test_an_api_that_is_not_configured_is_not_asked(synthetic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ESCALE", "JUNTOS", "DEMUNA"):
        monkeypatch.delenv(f"QHAWAQ_{name}_URL", raising=False)
    assert collected(synthetic) == []


def test_a_server_that_is_not_there_is_told(synthetic: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QHAWAQ_JUNTOS_URL", "http://127.0.0.1:9/juntos")
    with pytest.raises(CollectFailed, match="cannot be reached"):
        collected(synthetic, "juntos")

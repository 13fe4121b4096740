"""Dashboards show what the marts hold, in Spanish, say where it is from, and open nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from grafana import alerts, build, columns, texts, tiles
from grafana.source import PROVISIONING
from tests.conftest import Country
from tests.grafana import runner
from warehouse.publish.serving import AUDIENCES
from warehouse.settings import REPOSITORY

DASHBOARDS = [(module.AUDIENCE, build.written(module)) for module in build.modules()]
NAMED = [pytest.param(audience, made, id=made["uid"]) for audience, made in DASHBOARDS]
MOST_QUERIES = 12


def files(country: Country, audience: str) -> list[Path]:
    found = sorted((country.home.serving / audience).rglob("current.duckdb"))
    assert found
    return found[:2] + found[-1:]


def queries(made: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for panel in made["panels"]:
        for target in panel["targets"]:
            yield panel, target["rawSql"]


def keys_twice(node: yaml.Node, where: str = "") -> list[str]:
    """Return keys that stand twice in a mapping of YAML: the last would silently be taken for both."""
    if not isinstance(node, yaml.MappingNode):
        return []
    names = [f"{where}/{key.value}" for key, _ in node.value]
    below = [found for (_, value), name in zip(node.value, names, strict=True) for found in keys_twice(value, name)]
    return [name for name in set(names) if names.count(name) > 1] + below


@pytest.mark.parametrize("catalog", [texts.PATH, REPOSITORY / "warehouse" / "report" / "texts.yml"])
def test_no_text_of_the_catalog_takes_the_place_of_another(catalog: Path) -> None:
    assert keys_twice(yaml.compose("{a: 1, b: {c: 1, c: 2}}")) == ["/b/c"]
    assert keys_twice(yaml.compose(catalog.read_text(encoding="utf-8"))) == []


def test_what_is_committed_is_what_is_written() -> None:
    wanted = build.files()
    kept = {str(path.relative_to(PROVISIONING)): path.read_text() for path in PROVISIONING.rglob("*") if path.is_file()}
    assert kept == wanted, "call make grafana-dashboards"
    assert build.EXPOSURES.read_text() == build.exposures(), "call make grafana-dashboards"


def test_every_audience_has_a_dashboard() -> None:
    assert {audience for audience, _ in DASHBOARDS} == set(AUDIENCES) - {"service"}


@pytest.mark.parametrize(("audience", "made"), NAMED)
def test_every_query_answers_for_every_choice_and_shows_something_of_the_country(
    country: Country, audience: str, made: dict[str, Any]
) -> None:
    filled: dict[str, int] = {}
    for file in (country.home.serving / audience).rglob("current.duckdb"):
        with runner.opened(file) as db:
            every = {(panel["title"], runner.put_in(sql, chosen)) for chosen in runner.choices(db, made)
                     for panel, sql in queries(made)}  # fmt: skip
            for title, sql in sorted(every):  # a panel that a choice changes nothing of is asked once
                found = db.execute(sql)
                kinds = {str(column[1]) for column in found.description}
                assert kinds <= runner.SHOWN, (title, kinds)
                filled[title] = max(filled.get(title, 0), len(found.fetchall()))
    unfilled = {title for title, rows in filled.items() if not rows}
    # the country's lists go by a rule, were shown once, and nobody has looked at a child there
    told = {"length_of_list", "next_visit", "scores", "performance", "fairness", "entered_and_left", "drift", "reviews",
            "releases", "accesses", "expected_ranked", "may_repeat"}  # fmt: skip
    told |= {"coverage_ranked", "gaps", "gaps_ranked"}  # and too small for services and gaps by department
    told |= {"ugel_over_age", "ugel_withdrawn", "ugel_indicator_ranked", "ugel_indicator_over_years"}  # of 60 pupils
    told |= {"ugel_expected", "model_notes"}  # a rule expects nothing, and nothing is said of it
    told.add("targets")  # nobody states one
    assert unfilled <= {texts.panel(key).title for key in told}, unfilled


def test_what_officials_see_first_is_a_year_with_results(country: Country) -> None:
    """The newest year has no result of the first indicator yet."""
    (made,) = (made for _, made in DASHBOARDS if made["uid"] == "qhawaq-panorama")
    with runner.opened(files(country, "officials")[0]) as db:
        chosen = next(runner.choices(db, made))
        told = "select max(school_year)::varchar from indicators where indicator = ? and case_share is not null"
        assert chosen["year"] == list(db.execute(told, chosen["indicator"]).fetchone())
        assert chosen["year"] < list(db.execute("select max(school_year)::varchar from indicators").fetchone())


@pytest.mark.parametrize(("audience", "made"), NAMED)
def test_sql_is_plain_and_bounded(audience: str, made: dict[str, Any]) -> None:
    for panel, sql in queries(made):
        assert re.fullmatch(r"select .+ from qhawaq\.main\.[a-z_]+( where .+)? order by .+ limit \d+", sql), (
            panel["title"],
            sql,
        )
        assert not re.search(r"\b(join|with|case|union|over|group by)\b", sql), (panel["title"], sql)
        left = re.sub(r"\$\{[a-z_]+:sqlstring\}", "", sql)
        assert "$" not in left, (panel["title"], sql)
        assert not any(one.get("multi") or one.get("includeAll") for one in made.get("templating", {}).get("list", []))
        assert panel["targets"][0]["format"] == 1
    asked = sum(bool(panel["targets"]) for panel in made["panels"]) + sum(
        one["type"] == "query" for one in made.get("templating", {}).get("list", [])
    )
    assert asked <= MOST_QUERIES


@pytest.mark.parametrize(("audience", "made"), NAMED)
def test_all_that_is_read_stands_in_the_catalog(audience: str, made: dict[str, Any]) -> None:
    titles = {texts.panel(key).title for key in texts.catalog()["panels"]}
    for panel, sql in queries(made):
        assert panel["title"] in titles
        assert {"**Fuente:**", "**Límites:**"} <= set(panel["description"].split())
        assert panel["fieldConfig"]["defaults"]["noValue"].endswith(".")  # what an empty panel says, and why
        shown = {one["matcher"]["options"] for one in panel["fieldConfig"]["overrides"]}
        named = [
            re.sub(r".* as ", "", name).strip() for name in sql.split(" from ")[0].removeprefix("select ").split(",")
        ]
        hidden = {"school_year", "latitude", "longitude"} if panel["type"] == "geomap" else set()
        assert set(named) - hidden == shown - hidden, panel["title"]


@pytest.mark.parametrize(("audience", "made"), NAMED)
def test_codes_are_read_as_words(country: Country, audience: str, made: dict[str, Any]) -> None:
    for file in files(country, audience):
        with runner.opened(file) as db:
            for panel, sql in queries(made):
                wheres = re.search(r" from qhawaq\.main\.([a-z_]+(?: where .+)?) order by ", sql).group(1)
                if "${" in wheres or wheres.startswith("caseload"):  # its reasons are those of the offices, in Spanish
                    continue
                wheres = wheres.replace("is_live", "true")  # of models that are not live too
                for one in panel["fieldConfig"]["overrides"]:
                    name = one["matcher"]["options"]
                    words, said = texts.values(name), texts.patterns(name)
                    if words or said:
                        found = {str(row[0]) for row in db.execute(f"select distinct {name} from {wheres}").fetchall()}
                        assert not {value for value in found - {"None"} if not _is_said(value, words, said)}, (
                            wheres,
                            name,
                        )


def _is_said(value: str, words: dict[str, str], said: list[tuple[str, str]]) -> bool:
    return value.lower() in map(str.lower, words) or any(re.search(pattern, value) for pattern, _ in said)


def test_nothing_of_the_catalog_is_left_over() -> None:
    said = json.dumps([made for _, made in DASHBOARDS], ensure_ascii=False)
    told = json.loads(json.dumps(texts.catalog(), ensure_ascii=False))
    assert [key for key, one in told["panels"].items() if one["title"] not in said] == []
    seed = alerts.thresholds((PROVISIONING.parents[1] / alerts.SEED).read_text())
    assert set(told["alerts"]) == {*seed, alerts.ANSWERS}
    assert [name for name, one in told["columns"].items() if f'"{one}"' not in said] == []
    assert {f"qhawaq-{key}" for key in told["dashboards"]} == {made["uid"] for _, made in DASHBOARDS}


FIRST_SCREEN = 22  # rows of a dashboard that a screen of 1080 pixels shows


@pytest.mark.parametrize(("audience", "made"), NAMED)
def test_a_dashboard_opens_with_three_questions_that_its_first_screen_answers(
    audience: str, made: dict[str, Any]
) -> None:
    opening, *others = made["panels"]
    assert (opening["type"], opening["gridPos"]["y"]) == ("text", 0)
    said = texts.dashboard(made["uid"].removeprefix("qhawaq-"))["questions"]
    assert len(said) == 3
    for one in said:
        assert one["ask"].startswith("¿")
        assert f"**{one['ask']}** → *{texts.panel(one['panel']).title}*" in opening["options"]["content"]
    places = {panel["title"]: panel["gridPos"]["y"] for panel in others}
    first = [places[texts.panel(one["panel"]).title] for one in said]
    assert min(first) < opening["gridPos"]["h"] + 1
    assert sum(y < FIRST_SCREEN for y in first) >= 2, first


def test_what_a_link_hands_on_means_the_same_on_the_other_dashboard() -> None:
    """A link to another dashboard takes along what was chosen: of the same name, a choice has the same values."""
    choices: dict[tuple[str, str], set[str]] = {}
    for audience, made in DASHBOARDS:
        for one in made.get("templating", {}).get("list", []):
            choices.setdefault((audience, one["name"]), set()).add(_values_of(one))
    assert choices
    assert {name: found for name, found in choices.items() if len(found) > 1} == {}


def _values_of(choice: dict[str, Any]) -> str:
    """Return where the values of a choice are from; that of the nation and all departments is one, whatever mart is asked."""
    if choice["name"] == "department":
        assert "department_name as __text, department_code as __value" in choice["query"]
        return "the nation and departments"
    return str(choice["query"])


def test_the_map_has_each_department_once_in_a_place_of_its_own(country: Country) -> None:
    (made,) = (made for _, made in DASHBOARDS if made["uid"] == "qhawaq-panorama")
    (panel,) = (panel for panel in made["panels"] if panel["type"] == "canvas")
    squares = {one["name"]: one for one in panel["options"]["root"]["elements"] if one["type"] == "rectangle"}
    departments = {name for (name,) in country.ask("select department_name from staging.departments")}
    assert departments <= set(squares)
    assert len(departments) == 25
    places = {tuple(one["placement"].values()) for one in squares.values()}
    assert len(places) == len(squares)
    for name in departments:  # without a row of the query it is grey and says why
        assert squares[name]["config"]["text"] == {"mode": "field", "field": name, "fixed": "sin entregas"}
        assert squares[name]["background"]["color"] == {"field": name, "fixed": tiles.shades()[0]}
    with runner.opened(files(country, "officials")[0]) as db:
        told = {name for (name,) in db.execute("select distinct tile from regional_map").fetchall()}
        colors = {name for (name,) in db.execute("select distinct tile_color from regional_map").fetchall()}
    assert told <= set(squares)
    assert told & departments
    assert colors <= set(tiles.shades())


@pytest.mark.parametrize(
    ("column", "asked", "unit"),
    [("case_share", "case_share", "percentunit"), ("gap_to_nation", "100 * gap_to_nation as gap_to_nation", "suffix:pp"),
     ("exit_share_gap", "100 * exit_share_gap as exit_share_gap", "suffix:pp"), ("n_gap", "n_gap", "locale"),
     ("started_at", "started_at - interval 5 hour as started_at", "time:DD/MM/YYYY HH:mm"),
     ("delivered_at", "delivered_at", "time:DD/MM/YYYY"), ("school_year", "school_year", "string")],
)  # fmt: skip
def test_differences_of_shares_are_points_and_moments_are_of_lima(column: str, asked: str, unit: str) -> None:
    assert (columns.asked(column), columns.unit_of(column)) == (asked, unit)


def test_color_is_of_verdicts_alone() -> None:
    """Green and red say good and bad: only what is set against a stated goal has them."""
    for _, made in DASHBOARDS:
        for panel in made["panels"]:
            for one in panel.get("fieldConfig", {}).get("overrides", []):
                said = json.dumps(one)
                assert one["matcher"]["options"] in columns.VERDICTS or not re.search(
                    f"{columns.GREEN}|{columns.RED}", said
                )
            assert panel.get("type") != "stat"


def test_panels_lie_within_the_page_and_not_on_each_other() -> None:
    for _, made in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in made["panels"]:
            place = panel["gridPos"]
            cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])}  # fmt: skip
            assert place["x"] + place["w"] <= 24, panel["title"]
            assert not cells & taken, panel["title"]
            taken |= cells


ATTACKS = (
    "select * from read_csv('/etc/passwd')", "select * from '/etc/passwd'", "select * from read_text('/etc/hostname')",
    "select * from glob('/*')", "attach '/tmp/other.duckdb' as other", "attach ':memory:' as m; create table m.t as select 1",
    "copy (select 1) to '/tmp/out.csv'", "export database '/tmp/out'", "install httpfs", "load httpfs",
    "set enable_external_access = true", "set memory_limit = '100GB'", "reset lock_configuration",
    "create table t as select 1", "drop table release", "update release set kind = 'real'", "pragma temp_directory='/tmp'",
)  # fmt: skip


@pytest.mark.parametrize("audience", sorted(set(AUDIENCES) - {"service"}))
def test_whoever_sends_sql_gets_the_marts_and_nothing_else(country: Country, audience: str) -> None:
    with runner.opened(files(country, audience)[0]) as db:
        assert db.execute("select count(*) from release").fetchone() == (1,)
        for sql in ATTACKS:
            try:
                db.execute(sql).fetchall()
            except duckdb.Error:
                continue
            assert sql.startswith("attach ':memory:'"), sql  # a table of the reader's own, in memory, is nobody's


@pytest.mark.parametrize("audience", ["officials", "operations"])
def test_no_column_names_a_child(country: Country, audience: str) -> None:
    with runner.opened(files(country, audience)[0]) as db:
        names = {
            name for (name,) in db.execute("select column_name from duckdb_columns() where not internal").fetchall()
        }
    assert not {name for name in names if name in ("child_key", "person_key", "guardian_key", "case_key", "section")}


RULES = yaml.safe_load(build.files()["operations/alerting/rules.yml"])["groups"][0]["rules"]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["uid"])
def test_an_alert_asks_for_one_number_and_leads_to_its_panel(country: Country, rule: dict[str, Any]) -> None:
    asked, above = (part["model"] for part in rule["data"])
    with runner.opened(files(country, "operations")[0]) as db:
        found = db.execute(asked["rawSql"])
        is_of_source = rule["uid"] == "qhawaq-data-source"
        kinds = ["INTEGER"] if is_of_source else ["DOUBLE", "VARCHAR"]
        assert [str(column[1]) for column in found.description] == kinds
        ((level, *place),) = found.fetchall()
    assert level >= 0
    assert is_of_source or place[0]
    assert above["conditions"][0]["evaluator"]["type"] == "gt"
    # a source that fails is one alert, and not one of each rule
    assert (rule["noDataState"], rule["execErrState"]) == ("Alerting", "Alerting" if is_of_source else "KeepLast")
    (made,) = (made for _, made in DASHBOARDS if made["uid"] == rule["annotations"]["__dashboardUid__"])
    assert int(rule["annotations"]["__panelId__"]) in {panel["id"] for panel in made["panels"]}
    said = rule["annotations"]["description"]
    assert is_of_source or ("$values.A.Value" in said and "$labels.place" in said)
    assert "$$" not in said  # annotations are taken as they are


def test_alerts_go_by_the_thresholds_of_the_mart(country: Country) -> None:
    seed = country.ask("select alert, threshold from staging.alert_thresholds order by 1")
    told = {rule["title"]: rule["data"][1]["model"]["conditions"][0]["evaluator"]["params"][0] for rule in RULES}
    assert sorted(told) == sorted(texts.alert(alert)["title"] for alert, _ in [*seed, (alerts.ANSWERS, 0)])
    assert all(told[texts.alert(alert)["title"]] == threshold for alert, threshold in seed)
    levels = {alert for (alert,) in country.ask("select alert from operations.alert_levels")}
    assert levels == {alert for alert, _ in seed}
    known = {alert for (alert,) in country.ask("select alert from operations.alert_levels where value is not null")}
    assert known | set(alerts.OWN) == levels | {alerts.ANSWERS}


def test_alerts_name_no_variable_of_the_environment_but_their_address() -> None:
    for name, text in build.files().items():
        if "/alerting/" in name:
            found = set(re.findall(r"\$\{?(\w+)", re.sub(r"\{\{.*?\}\}", "", text, flags=re.S)))
            assert found <= {"QHAWAQ_ALERT_ADDRESSES"}, name


def test_every_text_of_the_catalog_is_a_text() -> None:
    """An unquoted «No» is no word in YAML, and would be shown as «false»."""

    def leaves(of: object) -> list[object]:
        if isinstance(of, dict):
            return [leaf for value in of.values() for leaf in leaves(value)]
        return [leaf for value in of for leaf in leaves(value)] if isinstance(of, list) else [of]

    assert [leaf for leaf in leaves(texts.catalog()) if not isinstance(leaf, str)] == []

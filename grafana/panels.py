"""The house's few panels: each takes a key of the catalog and the SQL of a mart, and looks the same everywhere.

SQL is `select … from mart where … order by … limit …`, and nothing else can be said; what needs more is a mart in dbt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import barchart, common, dashboard, geomap, stat, table, trend
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models

from grafana import texts
from grafana.source import CATALOG, TABLE, TYPE, UID

SOURCE = models.DataSourceRef(type_val=TYPE, uid=UID)
BLUE = "#0b5c7a"
PLACE = ("latitude", "longitude")
# A tile of one light color, fetched from nowhere: without one the map is black.
TILE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mN48e4jAAWJAshrdDm/AAAAAElFTkSuQmCC"
)
# Pixels of columns that are longer than their names, in tables with sentences.
WIDTHS = {
    **dict.fromkeys(("child_key", "source", "task_id", "started_at"), 165),
    **dict.fromkeys(("grade", "need", "column_name", "service_name"), 150),
    **dict.fromkeys(("file", "case_key", "alert"), 260),
}
SENTENCES = (
    "_text",
    "reason",
    "watched",
    "place",
    "error",
)  # what columns of sentences end in: they are broken into lines
SHARES = (
    "_share",
    "probability",
    "recall",
    "selection_rate",
    "effect",
    "share_served",
    "share_without",
    "effect_low",
    "effect_high",
    "smallest_visible_effect",
    "recall_low",
    "recall_high",
    "gap_to_all",
    "gap_to_department",
    "gap_to_nation",
    "gap_to_target",
    "share_gap",
    "ratio_value",
)

# What a column's name ends in → its unit; what a day is shown as must not depend on a browser's time.
UNITS = {
    **dict.fromkeys(("_rows", "_soles", "_avoided", "cost_low", "cost_high"), "locale"),
    **dict.fromkeys(("_on", "_date", "delivered_at", "built_for"), "time:DD/MM/YYYY"),
    **dict.fromkeys(("started_at", "published_at"), "time:DD/MM/YYYY HH:mm"),
    **dict.fromkeys(("value", "low", "high", "threshold", "seconds"), "none"),
}
MANY = 26  # bars: from then on names would lie on each other
DECIMALS = 2  # of what is no share, count or amount


@dataclass(frozen=True)
class Asked(Builder[Dataquery]):
    """What is asked of a mart."""

    mart: str
    columns: tuple[str, ...]
    order: str
    limit: int
    where: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        """Return it as SQL."""
        where = f" where {' and '.join(self.where)}" if self.where else ""
        columns = ", ".join(self.columns)
        return f"select {columns} from {CATALOG}.{self.mart}{where} order by {self.order} limit {self.limit}"

    def build(self) -> Dataquery:
        """Return what the plugin is asked."""
        return _Target(self.sql)


def chosen(column: str, name: str) -> str:
    """Return the condition that a column has what was chosen."""
    return f"{column} in (${{{name}:sqlstring}})"


@dataclass
class _Target(Dataquery):
    sql: str

    def to_json(self) -> dict[str, Any]:
        """Return the target as it stands in a dashboard's file."""
        return {
            "refId": "A",
            "datasource": SOURCE.to_json(),
            "rawSql": self.sql,
            "format": TABLE,
            "editorMode": "code",
            "rawQuery": True,
        }


def unit_of(column: str) -> str:
    """Return the unit of a column, by how columns are named in the warehouse."""
    if column.endswith(SHARES):
        return "percentunit"
    if column.startswith("n_"):
        return "locale"
    return next((unit for ending, unit in UNITS.items() if column.endswith(ending)), "string")


def _named(panel: Any, columns: Sequence[str]) -> Any:  # noqa: ANN401  every builder of a panel
    """Give columns their names, units and values in Spanish."""
    for column in columns:
        properties = [
            models.DynamicConfigValue(id_val="displayName", value=texts.column(column)),
            models.DynamicConfigValue(id_val="unit", value=unit_of(column)),
        ]
        if column == "school_year":
            properties.append(models.DynamicConfigValue(id_val="decimals", value=0))
        if unit_of(column) == "none":
            properties.append(models.DynamicConfigValue(id_val="decimals", value=DECIMALS))
        if mappings := _mappings(column):
            properties.append(models.DynamicConfigValue(id_val="mappings", value=mappings))
        panel = panel.override_by_name(column, properties)
    return panel


def _mappings(column: str) -> list[Any]:
    """Return how a column's values are said: words for codes, and sentences by patterns."""
    words = {value: models.ValueMappingResult(text=text) for value, text in texts.values(column).items()}
    by_pattern = [
        models.RegexMap(options=models.DashboardRegexMapOptions(pattern, models.ValueMappingResult(text=text)))
        for pattern, text in texts.patterns(column)
    ]
    return ([models.ValueMap(options=words)] if words else []) + by_pattern


def _house(panel: Any, key: str, asked: Asked) -> Any:  # noqa: ANN401
    said = texts.panel(key)
    return (
        panel.title(said.title)
        .description(said.description)
        .datasource(SOURCE)
        .with_target(asked)
        .no_value(texts.sign("nothing"))
    )


def number(key: str, asked: Asked, width: int = 4) -> stat.Panel:
    """One number, the last column of the last row, and how it changed since the first row."""
    column = asked.columns[-1]
    last = common.ReduceDataOptions().calcs(["lastNotNull"]).fields(f"/^{texts.column(column)}$/")
    panel = _house(stat.Panel(), key, asked).reduce_options(last).show_percent_change(True)
    # all of them count what should be less: a fall is good news
    panel = panel.percent_change_color_mode(common_models.PercentChangeColorMode.INVERTED).color_scheme(_blue())
    panel = panel.description(f"{texts.panel(key).description}\n\n{texts.sign('change')}")
    return _named(panel, [column]).unit(unit_of(column)).span(width).height(5)


def lines(key: str, asked: Asked, width: int = 12) -> trend.Panel:
    """How columns go along the first one: years are numbers, no points in time."""
    panel = _house(trend.Panel(), key, asked).x_field(texts.column(asked.columns[0])).line_width(2).point_size(6)
    if len(asked.columns) == 2:
        panel = panel.color_scheme(_blue())
    return _named(panel, asked.columns).span(width).height(10)


def bars(key: str, asked: Asked, width: int = 12) -> barchart.Panel:
    """A ranking or a distribution: bars of what stands beside the first column."""
    panel = _house(barchart.Panel(), key, asked).x_field(texts.column(asked.columns[0]))
    panel = panel.orientation(common_models.VizOrientation.HORIZONTAL)
    if len(asked.columns) == 2:
        panel = panel.color_scheme(_blue())
    return _named(panel, asked.columns).span(width).height(13 if asked.limit >= MANY else 10)


def rows(key: str, asked: Asked, link: tuple[str, str] | None = None, width: int = 24, height: int = 10) -> table.Panel:
    """A table; `link` is a column and the address that its cells lead to."""
    panel = _fitted(_named(_house(table.Panel(), key, asked), asked.columns), asked.columns)
    if link:
        leads = {"title": texts.sign("open"), "url": link[1], "targetBlank": True}
        panel = panel.override_by_name(link[0], [models.DynamicConfigValue(id_val="links", value=[leads])])
    return panel.span(width).height(height)


def _fitted(panel: Any, columns: Sequence[str]) -> Any:  # noqa: ANN401
    """Give columns widths: all else is narrow where there are sentences, which take what is left and are broken."""
    long = {column for column in columns if column.endswith(SENTENCES)}
    for column in columns:
        properties = [models.DynamicConfigValue(id_val="custom.wrapHeaderText", value=True)]
        if column in long:
            properties.append(models.DynamicConfigValue(id_val="custom.wrapText", value=True))
        elif long:
            narrow = WIDTHS.get(column) or min(110, max(80, 8 * len(texts.column(column)) + 24))
            properties.append(models.DynamicConfigValue(id_val="custom.width", value=narrow))
        panel = panel.override_by_name(column, properties)
    return panel


def markers(key: str, asked: Asked, size: str, color: str, width: int = 12) -> geomap.Panel:
    """A map without tiles: markers where the mart says, sized by a count and colored by a share."""
    layer = {
        "type": "markers",
        "name": texts.panel(key).title,
        "location": {"mode": "coords", "latitude": PLACE[0], "longitude": PLACE[1]},
        "config": {
            "showLegend": True,
            "style": {
                "size": {"field": texts.column(size), "min": 4, "max": 22},
                "color": {"field": texts.column(color), "fixed": BLUE},
                "opacity": 0.7,
                "symbol": {"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
            },
        },
    }
    base = _Layer({"type": "xyz", "name": texts.sign("base"), "config": {"url": TILE, "attribution": ""}})
    view = geomap.MapViewConfig().id("coords").lat(-9).lon(-75).zoom(5)
    panel = _house(geomap.Panel(), key, asked).basemap(base).layers([_Layer(layer)]).view(view)
    # the more, the darker: green and red below and above some threshold would be a judgment
    shaded = models.DynamicConfigValue(id_val="color", value={"mode": "continuous-blues"})
    panel = _named(panel, [name for name in asked.columns if name not in PLACE]).override_by_name(color, [shaded])
    return panel.span(width).height(13)


def _blue() -> dashboard.FieldColor:
    return dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color(BLUE)


class _Layer(Builder[Any]):
    """A layer of a map as Grafana writes it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    def build(self) -> dict[str, Any]:
        """Return it."""
        return self.said


def choice(
    name: str, mart: str, text: str, value: str, order: str, where: Sequence[str] = ()
) -> dashboard.QueryVariable:
    """Return a choice at the top of a dashboard: `text` is read, `value` goes into SQL, the first is seen first."""
    said = f" where {' and '.join(where)}" if where else ""
    sql = f"select distinct {text} as __text, {value} as __value from {CATALOG}.{mart}{said} order by {order} limit 100"
    found = dashboard.QueryVariable(name).label(texts.variable(name)).datasource(SOURCE).query(sql)
    return found.refresh(models.VariableRefresh.ON_DASHBOARD_LOAD).sort(models.VariableSort.DISABLED)


def listed(name: str, column: str, first: str = "") -> dashboard.CustomVariable:
    """Return a choice between the values of a column that the catalog names, one of them first."""
    found = sorted(texts.values(column).items(), key=lambda one: one[0] != first)
    options = ",".join(f"{text} : {value}" for value, text in found)
    return dashboard.CustomVariable(name).label(texts.variable(name)).values(options)


def constant(name: str, value: str) -> dashboard.ConstantVariable:
    """Return a value that whoever installs a Grafana sets once."""
    return dashboard.ConstantVariable(name).value(value)


def _others() -> dashboard.DashboardLink:
    """Return the way to the audience's other dashboards; what was chosen stays chosen."""
    link = dashboard.DashboardLink(texts.sign("others")).type(models.DashboardLinkType.DASHBOARDS).tags(["qhawaq"])
    return link.include_vars(True)


def page(key: str, panels: Sequence[Any], choices: Sequence[Any] = ()) -> dashboard.Dashboard:
    """Return a dashboard; dates are days and not moments, so its time zone is none (utc)."""
    said = texts.dashboard(key)
    found = dashboard.Dashboard(said["title"]).uid(f"qhawaq-{key}").description(said["description"]).timezone("utc")
    found = found.editable().tags(["qhawaq"]).timepicker(dashboard.TimePicker().hidden(True)).link(_others())
    for one in choices:
        found = found.with_variable(one)
    for one in panels:
        found = found.with_panel(one)
    return found

"""The house's few panels: each takes a key of the catalog and the SQL of a mart, and looks the same everywhere.

SQL is `select … from mart where … order by … limit …`, and nothing else can be said; what needs more is a mart in dbt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import barchart, canvas, common, dashboard, geomap, table, text, trend
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import text as models_text

from grafana import columns as columns_of
from grafana import texts, tiles
from grafana.source import CATALOG, TABLE, TYPE, UID

SOURCE = models.DataSourceRef(type_val=TYPE, uid=UID)
BLUE = "#2b8cbe"  # reads on white and on black
PLACE = ("latitude", "longitude")
# A tile of one light color, fetched from nowhere: without one the map is black.
TILE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mN48e4jAAWJAshrdDm/AAAAAElFTkSuQmCC"
)
MANY = 26  # bars: from then on names would lie on each other


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
        columns = ", ".join(map(columns_of.asked, self.columns))
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


def _house(panel: Any, key: str, asked: Asked) -> Any:  # noqa: ANN401
    said = texts.panel(key)
    return (
        panel.title(said.title).description(said.description).datasource(SOURCE).with_target(asked).no_value(said.empty)
    )


def lines(key: str, asked: Asked, width: int = 12) -> trend.Panel:
    """How columns go along the first one: years are numbers, no points in time."""
    panel = _house(trend.Panel(), key, asked).x_field(texts.column(asked.columns[0])).line_width(2).point_size(6)
    if len(asked.columns) == 2:
        panel = panel.color_scheme(_blue()).legend(_no_legend())
    return columns_of.named(panel, asked.columns).span(width).height(10)


def bars(key: str, asked: Asked, width: int = 12) -> table.Panel:
    """A ranking: names, and beside each a bar from zero with its number; it scrolls where names are many."""
    ranked = rows(key, asked, width=width, height=13 if asked.limit >= MANY else 10)
    bar = {"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}
    said = {"custom.cellOptions": bar, "min": 0, "color": {"mode": "fixed", "fixedColor": BLUE}}
    properties = [models.DynamicConfigValue(id_val=name, value=value) for name, value in said.items()]
    named = [models.DynamicConfigValue(id_val="custom.width", value=150)]
    return ranked.override_by_name(asked.columns[0], named).override_by_name(asked.columns[-1], properties)


def rows(
    key: str,
    asked: Asked,
    link: tuple[str, str] | None = None,
    width: int = 24,
    height: int = 10,
    hidden: Sequence[str] = (),
) -> table.Panel:
    """A table; `link` is a column and the address that its cells lead to, `hidden` are columns for addresses alone."""
    panel = columns_of.named(_house(table.Panel(), key, asked), asked.columns, hidden)
    panel = columns_of.fitted(panel, asked.columns)
    if link:
        leads = {"title": texts.sign("open"), "url": link[1], "targetBlank": True}
        panel = panel.override_by_name(link[0], [models.DynamicConfigValue(id_val="links", value=[leads])])
    return panel.span(width).height(height)


def by_year(key: str, asked: Asked, width: int = 12, height: int = 9) -> barchart.Panel:
    """A bar for each year, so that a year without data is a gap and no line across it; or for each band."""
    panel = _house(barchart.Panel(), key, asked).x_field(texts.column(asked.columns[0])).color_scheme(_blue())
    panel = panel.orientation(common_models.VizOrientation.VERTICAL).show_value(common_models.VisibilityMode.ALWAYS)
    panel = panel.legend(_no_legend()).x_tick_label_max_length(20).text(common.VizTextDisplayOptions().value_size(12))
    return columns_of.named(panel, asked.columns).span(width).height(height)


def tile_map(key: str, asked: Asked, width: int = 12) -> canvas.Panel:
    """Departments as equal squares in their places, with the legend of their colors."""
    return columns_of.named(tiles.tiles(_house(canvas.Panel(), key, asked)), asked.columns).span(width).height(19)


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
    panel = columns_of.named(panel, [name for name in asked.columns if name not in PLACE]).override_by_name(
        color, [shaded]
    )
    return panel.span(width).height(13)


def _no_legend() -> common.VizLegendOptions:
    """Return none: the title says what the one series is."""
    return common.VizLegendOptions().show_legend(False)


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


def service_address() -> dashboard.QueryVariable:
    """Return the address of the service's pages, as configured where this release was published; no choice."""
    return choice("service_url", "release", "service_url", "service_url", "__value").hide(
        models.VariableHide.HIDE_VARIABLE
    )


def _others() -> dashboard.DashboardLink:
    """Return the way to the audience's other dashboards; what was chosen stays chosen."""
    link = dashboard.DashboardLink(texts.sign("others")).type(models.DashboardLinkType.DASHBOARDS).tags(["qhawaq"])
    return link.include_vars(True)


def _questions(key: str) -> text.Panel:
    """Return how a dashboard opens: with the three first questions of its reader, and which panel answers each."""
    said = texts.dashboard(key)
    asks = [f"**{one['ask']}** → *{texts.panel(one['panel']).title}*" for one in said["questions"]]
    content = "  \n".join([*asks, said.get("note", "")]).rstrip()
    return text.Panel().content(content).mode(models_text.TextMode.MARKDOWN).transparent(True).span(24).height(4)


def page(key: str, panels: Sequence[Any], choices: Sequence[Any] = ()) -> dashboard.Dashboard:
    """Return a dashboard; dates are days and not moments, so its time zone is none (utc), and moments are Lima's."""
    said = texts.dashboard(key)
    found = dashboard.Dashboard(said["title"]).uid(f"qhawaq-{key}").description(said["description"]).timezone("utc")
    found = found.editable().tags(["qhawaq"]).timepicker(dashboard.TimePicker().hidden(True)).link(_others())
    for one in choices:
        found = found.with_variable(one)
    for one in (_questions(key), *panels):
        found = found.with_panel(one)
    return found

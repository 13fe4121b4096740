"""Peru's departments as equal squares in their places: each takes its text and color from a row of the query.

Grafana's own map cannot join areas with data; a canvas can, where each row is a field that a square names.
"""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import canvas
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana import texts
from warehouse.build import policy

COLUMNS = ("tile", "tile_text", "tile_color")
ROWS, ACROSS = 8, 5
LEGEND = 6  # the row of squares beside which the legend begins, below the coast
INK = "#111111"  # reads on every color of the map, in both themes


def shades() -> list[str]:
    """Return the colors of the map: of no figure, and from the least to the most."""
    found: list[str] = policy.variables()["map_shades"]
    return found


def _element(name: str, place: tuple[float, float, float, float], **said: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return an element that grows with the panel: `place` is left, top, width and height in percent of it."""
    left, top, width, height = place
    edges = {"left": left, "top": top, "right": 100 - left - width, "bottom": 100 - top - height}
    return {
        "name": name,
        "constraint": {"horizontal": "scale", "vertical": "scale"},
        "placement": {edge: round(value, 3) for edge, value in edges.items()},
        **said,
    }


def _square(name: str, place: tuple[float, float, float, float], absent: str) -> dict[str, Any]:
    """Return a square of the query's field of its name; where there is none it is grey, and says why."""
    text = {"mode": "field", "field": name, "fixed": absent}
    return _element(
        name,
        place,
        type="rectangle",
        background={"color": {"field": name, "fixed": shades()[0]}},
        border={"color": {"fixed": "transparent"}, "width": 0},
        config={"align": "center", "valign": "bottom", "color": {"fixed": INK}, "size": 13, "text": text},
    )


def _words(name: str, place: tuple[float, float, float, float], align: str, color: str = INK) -> dict[str, Any]:
    config = {
        "align": align,
        "valign": "middle",
        "color": {"fixed": color},
        "size": 11,
        "text": {"mode": "fixed", "fixed": name},
    }
    return _element(f"{name} ·", place, type="text", config=config, background={"color": {"fixed": "transparent"}})


def elements() -> list[dict[str, Any]]:
    """Return the squares of the departments with their names, and the legend."""
    wide, high = 100 / ACROSS, 100 / ROWS
    found = []
    for one in texts.departments():
        left, top = (int(one["tile_column"]) - 1) * wide, (int(one["tile_row"]) - 1) * high
        name = one["department_name"]
        found.append(_square(name, (left + 0.4, top + 0.4, wide - 0.8, high - 0.8), texts.sign("not_delivered")))
        found.append(_words(name, (left + 0.4, top + 0.8, wide - 0.8, high / 2 - 0.8), "center"))
    line = (100 - LEGEND * high) / len(shades())
    for shade in range(1, len(shades())):
        top = LEGEND * high + (shade - 1) * line
        found.append(_square(f"tono {shade}", (0.4, top, 2 * wide - 0.8, line - 0.4), ""))
    grey = _square(texts.sign("no_figure"), (0.4, 100 - line, 2 * wide - 0.8, line - 0.4), texts.sign("no_figure"))
    return [*found, grey]


def tiles(panel: canvas.Panel) -> canvas.Panel:
    """Lay the squares into a panel whose query asks for `COLUMNS`."""
    mappings = [
        {"fieldName": "tile", "handlerKey": "field.name"},
        {"fieldName": "tile_text", "handlerKey": "field.value"},
        {"fieldName": "tile_color", "handlerKey": "color"},
    ]
    by_row = models.DataTransformerConfig(id_val="rowsToFields", options={"mappings": mappings})
    root: Any = {
        "name": "mapa",
        "type": "frame",
        "elements": elements(),
        "background": {"color": {"fixed": "transparent"}},
    }
    return (
        panel.with_transformation(by_row)
        .inline_editing(False)
        .pan_zoom(False)
        .show_advanced_types(False)
        .root(_Root(root))
    )


class _Root(Builder[Any]):
    """The canvas' frame as Grafana writes it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    def build(self) -> Any:  # noqa: ANN401
        """Return it."""
        return self.said

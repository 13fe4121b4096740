"""Peru's departments as equal squares in their places: each takes its text and color from a row of the query.

Grafana's own map cannot join areas with data; a canvas can, where each row is a field that a square names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import canvas
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models import dashboard as models

from grafana import texts
from warehouse.build import policy

COLUMNS = ("tile", "tile_text", "tile_color")
WIDE = 100 / 5  # of a square, in percent of the map
HIGH = 100 / 8
GAP = 0.4
LEGEND = 6  # below so many rows of squares the legend begins, beside the coast
INK = "#111111"  # reads on every color of the map, in both themes


def shades() -> list[str]:
    """Return the colors of the map: of no figure, and from the least to the most."""
    found: list[str] = policy.variables()["map_shades"]
    return found


@dataclass(frozen=True)
class Spot:
    """Where an element lies, in percent of the panel: it grows with it."""

    left: float
    top: float
    width: float
    height: float

    def placed(self) -> Mapping[str, object]:
        """Return it as a canvas writes it: by the distances from all edges."""
        edges = {
            "left": self.left,
            "top": self.top,
            "right": 100 - self.left - self.width,
            "bottom": 100 - self.top - self.height,
        }
        return {
            "constraint": {"horizontal": "scale", "vertical": "scale"},
            "placement": {edge: round(value, 3) for edge, value in edges.items()},
        }


def _square(name: str, place: Spot, absent: str) -> Mapping[str, object]:
    """Return a square of the query's field of its name; where there is none it is grey, and says why."""
    text = {"mode": "field", "field": name, "fixed": absent}
    return {
        "name": name,
        "type": "rectangle",
        "background": {"color": {"field": name, "fixed": shades()[0]}},
        "border": {"color": {"fixed": "transparent"}, "width": 0},
        "config": {"align": "center", "valign": "bottom", "color": {"fixed": INK}, "size": 13, "text": text},
        **place.placed(),
    }


def _words(name: str, place: Spot) -> Mapping[str, object]:
    """Return a name that stands on a square."""
    text = {"mode": "fixed", "fixed": name}
    return {
        "name": f"{name} ·",
        "type": "text",
        "background": {"color": {"fixed": "transparent"}},
        "config": {"align": "center", "valign": "middle", "color": {"fixed": INK}, "size": 11, "text": text},
        **place.placed(),
    }


def elements() -> list[Mapping[str, object]]:
    """Return the squares of the departments with their names, and the legend."""
    found = []
    for one in texts.departments():
        left = (int(one["tile_column"]) - 1) * WIDE + GAP
        top = (int(one["tile_row"]) - 1) * HIGH + GAP
        name = one["department_name"]
        found.append(_square(name, Spot(left, top, WIDE - 2 * GAP, HIGH - 2 * GAP), texts.sign("not_delivered")))
        found.append(_words(name, Spot(left, top + GAP, WIDE - 2 * GAP, HIGH / 2 - 2 * GAP)))
    names = [f"tono {shade}" for shade in range(1, len(shades()))]
    found += [_legend(at, name, "") for at, name in enumerate(names)]
    return [*found, _legend(len(names), texts.sign("no_figure"), texts.sign("no_figure"))]


def _legend(at: int, name: str, absent: str) -> Mapping[str, object]:
    """Return a line of the legend, counted from its first."""
    line = (100 - LEGEND * HIGH) / len(shades())
    return _square(name, Spot(GAP, LEGEND * HIGH + at * line, 2 * WIDE - 2 * GAP, line - GAP), absent)


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

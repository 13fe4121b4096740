"""Questions in a notebook: an answer as a table, or as a picture."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse import database
from warehouse.analysis.answers import Answer, answer
from warehouse.analysis.measures import PERCENT, Measures
from warehouse.analysis.question import parse
from warehouse.settings import Home

if TYPE_CHECKING:
    import altair
    import pandas

OVER_TIME = ("school_year", "school_month")


@dataclass(frozen=True)
class Desk:
    """A home to ask; each question opens the warehouse for reading and closes it."""

    home: Home

    @classmethod
    def here(cls) -> Desk:
        """Return the desk of `$QHAWAQ_HOME`, else of `./data`."""
        return cls(Home(Path(os.environ.get("QHAWAQ_HOME", "data"))).existing())

    @cached_property
    def measures(self) -> Measures:
        """The home's measures."""
        return Measures.of(self.home)

    def ask(self, text: str) -> Answer:
        """Answer a question, as `qhawaq query` does."""
        with database.warehouse(self.home, read_only=True) as db:
            return answer(db, self.measures, parse(text))

    def table(self, text: str) -> pandas.DataFrame:
        """Return the answer with a column for each dimension and measure; shares are fractions."""
        import pandas as pd

        told = self.ask(text)
        return pd.DataFrame(told.rows, columns=[*told.dimensions, *(one.name for one in told.measures)])

    def chart(self, text: str) -> altair.Chart:
        """Draw the first measure: lines over years and months, else bars; a second dimension gives colors."""
        import altair as alt

        told = self.ask(text)
        first, *others = told.dimensions
        measure = told.measures[0]
        is_line = first in OVER_TIME
        across = alt.X(f"{first}:O", title=first, sort=None, axis=alt.Axis(labelAngle=0 if is_line else -45))
        shares = alt.Axis(format=".1%") if measure.unit == PERCENT else alt.Axis()
        up = alt.Y(f"{measure.name}:Q", title=measure.label, axis=shares, scale=alt.Scale(zero=not is_line))
        split: dict[str, Any] = {"color": alt.Color(f"{others[0]}:N", title=others[0])} if others else {}
        if others and not is_line:  # shares beside each other: one on the other would add them up
            split["xOffset"] = alt.XOffset(f"{others[0]}:N")
        base = alt.Chart(self.table(text).dropna(subset=[measure.name]), title=measure.description, width=560)
        drawn = base.mark_line(point=True) if is_line else base.mark_bar()
        return drawn.encode(x=across, y=up, **split)

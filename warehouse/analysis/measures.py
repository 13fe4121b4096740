"""Measures and dimensions, as dbt's semantic models define them, and the SQL that MetricFlow makes of a question."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, cast

from warehouse.build.manifest import MEASURES
from warehouse.errors import HomeError, UsageError
from warehouse.settings import Home

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlClient

PERCENT = "percent"
NUMBER = "number"
COUNT = "count"
YEAR = "school_year"


@dataclass(frozen=True)
class Measure:
    """A measure that can be asked for."""

    name: str
    label: str
    description: str
    unit: str
    definition: dict[str, str]  # formula, denominator, what is missing, source


@dataclass(frozen=True)
class Dimension:
    """What a measure can be split by, and the way from its facts to it."""

    name: str
    label: str
    path: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """The name that MetricFlow knows."""
        return "__".join((*self.path, self.name))

    @property
    def in_filter(self) -> str:
        """The same in a filter."""
        *links, entity = self.path
        along = f", entity_path={links!r}" if links else ""
        return f"{{{{ Dimension('{entity}__{self.name}'{along}) }}}}"


class Measures:
    """The measures of a home."""

    def __init__(self, manifest: str) -> None:
        """Take the semantic manifest that a build wrote, as JSON."""
        self._manifest = manifest

    @classmethod
    def of(cls, home: Home) -> Measures:
        """Return the measures that the newest build of a home defined.

        Raises:
            HomeError: nothing was built here yet.
        """
        path = home.dbt / MEASURES
        if not path.exists():
            raise HomeError(f"{home.root} has no measures yet: qhawaq run builds them")
        return cls(path.read_text(encoding="utf-8"))

    @cached_property
    def all(self) -> dict[str, Measure]:
        """Every measure by its name, in the order of the alphabet."""
        return {metric.name: _measure(metric) for metric in sorted(self._parsed.metrics, key=attrgetter("name"))}

    def find(self, said: str) -> Measure:
        """Return a measure by its name or its Spanish label.

        Raises:
            UsageError: there is none; the message names those that are written alike.
        """
        return found_by_name("measure", said, self.all.values())

    def dimensions(self, measure: Measure) -> list[Dimension]:
        """Return what a measure can be split by, each name once: where two ways lead to one, the shorter."""
        known = self._engine.simple_dimensions_for_metrics([measure.name])
        ways = [_way(one) for one in known if one.type.value == "categorical"]
        by_length = sorted(ways, key=lambda way: len(way.path))
        shortest = {way.name: way for way in reversed(by_length)}
        return [shortest[name] for name in sorted(shortest)]

    def dimension(self, measure: Measure, said: str) -> Dimension:
        """Return a dimension of a measure by its name or its Spanish label.

        Raises:
            UsageError: the measure has none of that name.
        """
        return found_by_name(f"dimension of {measure.name}", said, self.dimensions(measure))

    def sql(self, measure: Measure, by: Sequence[Dimension], where: Sequence[str]) -> str:
        """Return SQL with a column for each dimension, in their order, and then one for the measure.

        Args:
            measure: what is measured.
            by: what it is split by.
            where: conditions, with dimensions as `Dimension.in_filter` writes them.
        """
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(
            metric_names=[measure.name],
            group_by_names=[dimension.qualified for dimension in by],
            where_constraints=list(where) or None,
        )
        columns = ", ".join(
            [*(dimension.qualified for dimension in by), measure.name]
        )  # MetricFlow has an order of its own
        return f"select {columns} from (\n{self._engine.explain(request).sql_statement.sql}\n)"

    def values_sql(self, measure: Measure, dimension: Dimension) -> str:
        """Return SQL for the values that a dimension has."""
        explained = self._engine.explain_get_dimension_values(
            metric_names=[measure.name], get_group_by_values=dimension.qualified
        )
        return str(explained.sql_statement.sql)

    @cached_property
    def _parsed(self) -> Any:  # noqa: ANN401  MetricFlow's type
        from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest

        return parse_manifest_from_dbt_generated_manifest(self._manifest)

    @cached_property
    def _engine(self) -> MetricFlowEngine:
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        return MetricFlowEngine(
            semantic_manifest_lookup=SemanticManifestLookup(self._parsed), sql_client=cast("SqlClient", _Renderer())
        )


class _Renderer:
    """What MetricFlow asks a client for when it only explains: how SQL is written. We run the SQL ourselves."""

    def __init__(self) -> None:
        from metricflow.protocols.sql_client import SqlEngine
        from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer

        self.sql_engine_type = SqlEngine.DUCKDB
        self.sql_plan_renderer = DuckDbSqlPlanRenderer()


def _measure(metric: Any) -> Measure:  # noqa: ANN401  of MetricFlow
    meta = dict(metric.config.meta) if metric.config else {}
    unit = str(meta.pop("unit", PERCENT if metric.type.value == "ratio" else COUNT))
    definition = {name: str(text) for name, text in meta.items()}
    return Measure(metric.name, metric.label or metric.name, metric.description or "", unit, definition)


def _way(dimension: Any) -> Dimension:  # noqa: ANN401  of MetricFlow
    path = tuple(link.element_name for link in dimension.entity_links)
    return Dimension(dimension.name, dimension.label or dimension.name, path)


def found_by_name(kind: str, said: str, known: Iterable[Any]) -> Any:  # noqa: ANN401  a measure or a dimension
    """Return the one whose name or label was said, accents and case apart.

    Raises:
        UsageError: there is none; the message names those that are written alike.
    """
    by_word = {plain(word): one for one in known for word in (one.label, one.name)}  # a name beats a label
    if plain(said) in by_word:
        return by_word[plain(said)]
    some = suggestion(said, {word: one.name for word, one in by_word.items()}, "there are")
    raise UsageError(f"no {kind} is called «{said}»: {some}")


def suggestion(said: str, known: Mapping[str, str], otherwise: str, most: int | None = None) -> str:
    """Return «did you mean» with the names whose words are close to what was said, else the first of all names.

    Args:
        said: what was said.
        known: names by plain word.
        otherwise: how the list of all names begins.
        most: how many of all names are told; without it each.
    """
    close = [known[word] for word in get_close_matches(plain(said), known, n=3)]  # the closest first
    told = dict.fromkeys(close or sorted(known.values()))
    return f"{'did you mean' if close else otherwise} {', '.join([*told][:most])}"


def plain(word: str) -> str:
    """Return a word without accents, in lower case, its spaces as underscores."""
    bare = unicodedata.normalize("NFD", word.strip().lower())
    return "_".join("".join(c for c in bare if not unicodedata.combining(c)).split())

"""What mutants are made of and judged by: models and tests as dbt compiles them for a copy of the small country."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlglot import exp

from tests.mutants.places import parse
from tests.mutants.unit_tests import UnitTests
from warehouse.build import dbt
from warehouse.build.manifest import Manifest
from warehouse.progress import Progress
from warehouse.settings import DBT_PROJECT, Home

SILENT = Progress(quiet=True)


@dataclass(frozen=True)
class Workshop:
    """A copy of a home that was built, for mutants.

    Attributes:
        home: the copy.
        manifest: dbt's manifest with the compiled SQL of every model.
        models: name of each model that is SQL → its tree.
        passed: how many unit tests passed when it was prepared.
    """

    home: Home
    manifest: Manifest
    models: dict[str, exp.Expr]
    passed: int = 0

    @classmethod
    def prepare(cls, home: Home) -> Workshop:
        """Compile models and run the unit tests, which must pass, in a home that may be changed."""
        passed = dbt.unit_tests(home, SILENT).tests
        dbt.compile_models(home, SILENT, DBT_PROJECT)
        return replace(cls.read(home), passed=passed)

    @classmethod
    def read(cls, home: Home) -> Workshop:
        """Read what was compiled."""
        manifest = Manifest.read(home)
        nodes = sorted(manifest.of_type("model").values(), key=lambda node: node["name"])
        models = {node["name"]: parse(node["compiled_code"]) for node in nodes if node["language"] == "sql"}
        return cls(home, manifest, models)

    def unit_tests(self, models: Collection[str] = ()) -> UnitTests:
        """Return the unit tests of some models, or of all."""
        return UnitTests((model, file) for model, file in self._files() if not models or model in models)

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Yield each unit test's model and what dbt ran for it; a test that is no more has a file too."""
        ran = {path.stem: path for path in self.home.dbt.glob("run/**/*_unit_tests.yml/**/*.sql")}
        for name in sorted(self.manifest.unit_tests):
            _, _, model, test = name.split(".")
            yield model, ran[test]

"""Notebooks run from the first cell to the last on the small country, show pictures, and are kept without outputs."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.conftest import Country
from warehouse.settings import REPOSITORY

BOOKS = sorted((REPOSITORY / "notebooks").glob("*.ipynb"))


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def test_all_that_are_promised_are_there() -> None:
    assert [path.stem for path in BOOKS] == [
        "complex_model_training", "exploration", "model_evaluation", "model_training", "star",
    ]  # fmt: skip


# Training and judging models takes long, and what these call is tested where it stands.
OFTEN = ("exploration", "star")
MARKED = [pytest.param(path, marks=() if path.stem in OFTEN else pytest.mark.long) for path in BOOKS]


@pytest.mark.parametrize("path", MARKED, ids=lambda path: path.stem)
def test_it_runs_and_shows_pictures(
    path: Path, country: Country, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("QHAWAQ_HOME", str(country.home.root))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    book = read(path)
    NotebookClient(book, timeout=600, kernel_name="python3").execute()
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert not [output for output in outputs if output.output_type == "error"]
    shown = [kind for output in outputs for kind in output.get("data", {})]
    assert "image/svg+xml" in shown


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_it_holds_no_logic_and_no_outputs(path: Path) -> None:
    """Functions, classes, loops and conditions belong into the package, where they are tested."""
    logic = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Lambda)
    for cell in read(path).cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, logic)]

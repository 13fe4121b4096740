"""Whether the main job must run again: every module that decides its tables is hashed, and no help text is."""

from __future__ import annotations

import ast
from pathlib import Path

from warehouse.build import code
from warehouse.settings import REPOSITORY

STEPS = ("build", "train", "deploy", "effects", "score", "publish")
# They decide what lands, who a child is, how it is shown, or how a step is called: not what is made of what has landed.
DECIDE_NO_TABLE = ("warehouse/landing/", "warehouse/identity/", "warehouse/rights/", "warehouse/errors.py",
                   "warehouse/files.py", "warehouse/deliveries.py",
                   "warehouse/keys.py", "warehouse/machine.py", "warehouse/progress.py", "warehouse/synthetic.py", "__init__.py")  # fmt: skip


def imported(path: Path) -> set[Path]:
    """Return our own modules that a module imports, at its top or within functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    files = (REPOSITORY / name.replace(".", "/") for name in names)
    return {file for place in files for file in (place.with_suffix(".py"), place / "__init__.py") if file.exists()}


def closure(todo: set[Path]) -> set[Path]:
    """Return modules with everything of ours that they import, directly or not."""
    known = set(todo)
    while todo:
        new = imported(todo.pop()) - known
        known |= new
        todo |= new
    return known


def test_every_module_that_the_steps_import_is_hashed() -> None:
    steps = {REPOSITORY / "warehouse" / "pipeline" / f"{name}.py" for name in STEPS}
    hashed = set(code.sources())
    missing = {str(path.relative_to(REPOSITORY)) for path in closure(steps) - hashed}
    assert {
        name for name in missing if not name.startswith(DECIDE_NO_TABLE) and not name.endswith("__init__.py")
    } == set()


def test_commands_reports_messages_and_the_service_are_not() -> None:
    hashed = {str(path.relative_to(REPOSITORY)) for path in code.sources()}
    assert not [
        name
        for name in hashed
        if name.startswith(("warehouse/commands", "warehouse/report", "warehouse/notify", "service"))
    ]
    assert {"ml/judging/gates.yml", "warehouse/publish/releases.py", "warehouse/database.py"} <= hashed


def test_a_renamed_file_changes_the_hash(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x.sql").write_text("select 1")
    before = code.hash_of_files([tmp_path / "a" / "x.sql"], tmp_path)
    (tmp_path / "a" / "x.sql").rename(tmp_path / "b" / "x.sql")
    assert code.hash_of_files([tmp_path / "b" / "x.sql"], tmp_path) != before

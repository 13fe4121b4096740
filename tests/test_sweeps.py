"""Sweeps of our code: no text of an error decides anything, and files of a home are written in one place."""

from __future__ import annotations

import ast

from warehouse.settings import REPOSITORY

OURS = [path for folder in ("warehouse", "service", "ml", "deploy", "dags", "grafana")
        for path in sorted((REPOSITORY / folder).rglob("*.py"))]  # fmt: skip
TEXTS = {"str", "repr", "format"}
ATTRIBUTES = {"args", "message", "strerror"}
# Where a text of an error is looked into all the same, and why.
LOOKED_INTO = {"reader.py": "only there is the number of the line; what happened is told by the error's type"}


def _is_text_of(node: ast.AST, names: set[str]) -> bool:
    """Return whether an expression is made of the text of an error with one of these names."""
    read = [part.value for part in ast.walk(node) if isinstance(part, ast.Attribute) and part.attr in ATTRIBUTES]
    for part in ast.walk(node):
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Name) and part.func.id in TEXTS:
            read += part.args
    return any(isinstance(one, ast.Name) and one.id in names for one in read)


def _compared_texts(tree: ast.AST) -> list[int]:
    """Return the lines in which the text of an error decides."""
    errors = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    errors |= {one.arg for node in ast.walk(tree) if isinstance(node, ast.arguments) for one in node.args
               if one.annotation and ast.unparse(one.annotation).endswith(("Error", "Exception"))}  # fmt: skip
    searches = ("search", "match", "fullmatch", "findall", "startswith", "endswith", "find", "index", "count")
    return [
        node.lineno for node in ast.walk(tree)
        if (isinstance(node, ast.Compare) and _is_text_of(node, errors))
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in searches
            and _is_text_of(node, errors))
    ]  # fmt: skip


def test_no_text_of_an_error_decides_anything() -> None:
    found = {f"{path.name}:{line}" for path in OURS for line in _compared_texts(ast.parse(path.read_text("utf-8")))}
    assert {one for one in found if one.partition(":")[0] not in LOOKED_INTO} == set()


def test_the_sweep_finds_what_it_looks_for() -> None:
    for line in (
        "'lock' in str(error)",
        "'lock' in str(error).lower()",
        "re.search('x', repr(error))",
        "error.args[0] == 'x'",
    ):
        assert _compared_texts(ast.parse(f"try: pass\nexcept Exception as error: {line}"))


# Who writes a file otherwise, and why.
WRITES = {
    "files.py": "the one place", "feature_catalog.py": "writes into the project, not into a home",
    "definitions.py": "writes into the project", "page.py": "of measures: writes into the project",
    "graphs.py": "writes into the project", "build.py": "of Grafana: the project",
    "packed.py": "a table unpacked into a temporary folder", "lines.py": "a copy in memory", "returns.py": "in memory",
    "api.py": "the simulated API's own folder", "outbox.py": "SQLite writes whole transactions itself",
    "airflow.py": "the mode of a file that is then written whole",
}  # fmt: skip


def _writes(tree: ast.AST) -> list[int]:
    """Return the lines that write a file directly."""
    found = []
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name, texts = node.func.attr, [one.value for one in node.args if isinstance(one, ast.Constant)]
        opens = name in ("open", "fdopen") and any(
            isinstance(one, str) and set(one) & set("wax+") and len(one) < 4 for one in texts
        )
        of_os = (
            isinstance(node.func.value, ast.Name)
            and node.func.value.id == "os"
            and name in ("open", "rename", "replace", "write")
        )
        if opens or of_os or name in ("write_text", "write_bytes", "copy2", "copyfile"):
            found.append(node.lineno)
    return found


def test_files_of_a_home_are_written_in_one_place() -> None:
    allowed = WRITES | {
        "database.py": "tries a lock",
        "api_keys.py": "locks a folder",
        "synthetic.py": "locks a folder",
        "diff.py": "a copy to look at, in a temporary folder",
        "simulate.py": "the API's folder",
    }
    found = {f"{path.name}:{line}" for path in OURS if path.parts[-2] not in ("ml", "models", "judging", "data", "effects")
             for line in _writes(ast.parse(path.read_text("utf-8")))}  # fmt: skip
    assert {one for one in found if one.partition(":")[0] not in allowed} == set()

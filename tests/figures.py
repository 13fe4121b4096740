"""The figures of the house, counted: `python -m tests.figures [FOLDER]` prints them; `test_figures.py` holds the limits.

Words and forms are counted in the syntax tree or in the text, as each says of itself.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from radon.visitors import ComplexityVisitor

from warehouse.settings import REPOSITORY, parse_yaml

PACKAGES = ("warehouse", "ml", "service", "dags", "deploy", "grafana")
WORDS = ("found", "one", "said", "who", "told", "asked")  # names that say nothing of a thing
FEW_POSITIONS = 6  # positional arguments of a call; more want names
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Python:
    """Figures of the Python packages; shares in percent."""

    files: int
    lines_of_largest_file: int
    function_mean: float
    function_p95: float
    complexity_p95: float
    complexity_max: int
    public_with_docstring: int
    words: str
    dict_results: int
    calls_by_position: int
    enums: int
    names_of_two_classes: int
    packed_assignments: int
    fmt_skip: int
    type_ignore_without_reason: int


@dataclass(frozen=True)
class Models:
    """Figures of the dbt project."""

    models: int
    sql_mean: float
    sql_p95: float
    sql_max: int
    sql_width: int
    folders_of_one_model: int
    yaml_lines: int
    longest_yaml: int
    descriptions: int
    repeated_descriptions: int
    owners: int


def percentile(values: list[int], share: float) -> float:
    """Return a percentile by linear interpolation; 0 for none."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1] if values else 0.0


def files(root: Path) -> list[Path]:
    """Return the Python files of the packages."""
    return sorted(path for name in PACKAGES for path in (root / name).rglob("*.py"))


def functions(tree: ast.Module) -> Iterator[Function]:
    """Yield the functions and methods of a module."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public(tree: ast.Module) -> Iterator[ast.Module | ast.ClassDef | Function]:
    """Yield a module, and its public classes, functions and methods; magic methods say what they do by their names."""
    yield tree
    owners = [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_"))]
    for owner in owners:
        for node in owner.body:
            if isinstance(node, (ast.ClassDef, Function)) and not node.name.startswith("_"):
                yield node


def complexities(source: str) -> list[int]:
    """Return the cyclomatic complexity of each function and method, as radon counts it."""
    visitor = ComplexityVisitor.from_code(source)
    return [block.complexity for block in [*visitor.functions, *(m for kind in visitor.classes for m in kind.methods)]]


def names(tree: ast.Module) -> Iterator[str]:
    """Yield every name that is given: variables, parameters, functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, Function):
            yield node.name


def is_packed(node: ast.AST) -> bool:
    """Return whether values without relation are given to several names in one line: `a, b = x, y`."""
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)


def is_dict_result(node: Function) -> bool:
    """Return whether a function returns a dict of anything, or a list of them, instead of something named."""
    return node.returns is not None and bool(re.search(r"dict\[str, (Any|object)\]", ast.unparse(node.returns)))


def of_python(root: Path = REPOSITORY) -> Python:
    """Count the Python packages."""
    texts = [path.read_text(encoding="utf-8") for path in files(root)]
    trees = [ast.parse(text) for text in texts]
    lengths = [node.end_lineno - node.lineno + 1 for tree in trees for node in functions(tree)]  # type: ignore[operator]  parsed from text
    complexity = [n for text in texts for n in complexities(text)]
    documented = [ast.get_docstring(node) is not None for tree in trees for node in public(tree)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    given = Counter(name for tree in trees for name in names(tree))
    classes = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    everything = "\n".join(texts)
    return Python(
        files=len(texts),
        lines_of_largest_file=max(text.count("\n") for text in texts),
        function_mean=round(statistics.mean(lengths), 1),
        function_p95=percentile(lengths, 0.95),
        complexity_p95=percentile(complexity, 0.95),
        complexity_max=max(complexity),
        public_with_docstring=round(100 * statistics.mean(documented)),
        words=" ".join(f"{word} {given[word]}" for word in WORDS),
        dict_results=sum(is_dict_result(node) for tree in trees for node in functions(tree)),
        calls_by_position=sum(isinstance(node, ast.Call) and len(node.args) > FEW_POSITIONS for node in nodes),
        enums=sum(
            isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases) for node in nodes
        ),
        names_of_two_classes=sum(n > 1 for n in classes.values()),
        packed_assignments=sum(map(is_packed, nodes)),
        fmt_skip=everything.count("# fmt: skip"),
        type_ignore_without_reason=len(re.findall(r"# type: ignore(\[[\w, -]+\])?\s*$", everything, re.MULTILINE)),
    )


def descriptions(document: dict) -> Iterator[str]:
    """Yield every description of a YAML file."""
    for kind in ("models", "seeds", "sources", "exposures"):
        for node in document.get(kind) or []:
            for part in (node, *(node.get("columns") or []), *(node.get("tables") or [])):
                yield str(part.get("description", ""))
            for table in node.get("tables") or []:
                yield from (str(column.get("description", "")) for column in table.get("columns") or [])


def of_models(root: Path = REPOSITORY) -> Models:
    """Count the dbt project."""
    folder = root / "dbt_project"
    sql = sorted((folder / "models").rglob("*.sql"))
    lines = [path.read_text().count("\n") for path in sql]
    yml = [path for path in folder.rglob("_*.yml") if "target" not in path.parts]
    by_hand = [path for path in yml if not path.read_text().startswith("# Generated")]  # who writes it repeats nothing
    texts = Counter(
        text
        for path in by_hand
        for text in descriptions(parse_yaml(path.read_text(encoding="utf-8")) or {})
        if text.strip()
    )
    of_one = Counter(path.parent for path in sql)
    return Models(
        models=len(sql),
        sql_mean=round(statistics.mean(lines), 1),
        sql_p95=percentile(lines, 0.95),
        sql_max=max(lines),
        sql_width=max(len(line) for path in sql for line in path.read_text().splitlines()),
        folders_of_one_model=sum(n == 1 for n in of_one.values()),
        yaml_lines=sum(path.read_text().count("\n") for path in yml),
        longest_yaml=max(path.read_text().count("\n") for path in yml),
        descriptions=sum(texts.values()),
        repeated_descriptions=sum(n - 1 for text, n in texts.items() if "{{ doc(" not in text),
        owners=sum(path.read_text().count("owner:") for path in yml),
    )


def main() -> None:
    """Print every figure."""
    root = Path(sys.argv[1]) if sys.argv[1:] else REPOSITORY
    for figures in (of_python(root), of_models(root)):
        for field in fields(figures):
            print(f"{field.name.replace('_', ' '):<28} {getattr(figures, field.name)}")


if __name__ == "__main__":
    main()

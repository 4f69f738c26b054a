"""Checks the shape of the source: documented folders, and the length of files and functions.

Each check takes the root of a tree and yields one line per fault: path, what is wrong, what to do.
"""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

# The shipped packages, whose imports import-linter checks.
TOPS = ("probe", "exporters", "simulator")
_OTHERS = ("tools", "bench")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 45
MAX_LOOSE_MODULES = 5
MIN_DOCSTRING_LINES = 3
Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(root: Path, tops: tuple[str, ...] = TOPS) -> list[Path]:
    """Every Python file under ``tops``, `__init__` too, sorted within each."""
    return [path for top in tops for path in sorted((root / top).rglob("*.py"))]


def unnamed_folders(root: Path) -> Iterator[str]:
    """Folders without an `__init__.py` (import-linter ignores them), or without a docstring in it."""
    for folder in dict.fromkeys(path.parent for path in modules(root)):
        file = folder / "__init__.py"
        name = file.relative_to(root)
        if not file.is_file():
            yield f"{name}: missing, so import contracts ignore the folder; add it"
            continue
        docstring = ast.get_docstring(_parsed(file)) or ""
        if len(docstring.splitlines()) < MIN_DOCSTRING_LINES:
            yield (
                f"{name}: its docstring has fewer than {MIN_DOCSTRING_LINES} lines; state what the folder "
                "owns, what it may import, and where new code goes"
            )


def loose_modules(root: Path) -> Iterator[str]:
    """Too many modules next to the folders of `probe`."""
    loose = sorted(path.name for path in (root / "probe").glob("*.py") if not path.name.startswith("__"))
    if len(loose) > MAX_LOOSE_MODULES:
        yield f"probe: {len(loose)} modules outside folders ({', '.join(loose)}); at most {MAX_LOOSE_MODULES}"


def long_files(root: Path) -> Iterator[str]:
    """Files that are too long."""
    for path in modules(root, TOPS + _OTHERS):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > MAX_FILE_LINES:
            yield f"{path.relative_to(root)}: {lines} lines; split it (at most {MAX_FILE_LINES})"


def long_functions(root: Path, excused: Mapping[str, str]) -> Iterator[str]:
    """Functions that do not fit on a screen. ``excused``: "path: name" -> why it may be longer."""
    lengths = {
        f"{path.relative_to(root)}: {function.name}": _lines(function)
        for path in modules(root, TOPS + _OTHERS)
        for function in _functions(_parsed(path))
    }
    long = {name: lines for name, lines in lengths.items() if lines > MAX_FUNCTION_LINES}
    for name, lines in long.items():
        if name not in excused:
            yield f"{name}: {lines} lines; split it (at most {MAX_FUNCTION_LINES})"
    for name in excused:
        if name not in long:
            yield f"tools/check_tree.py: LONG_FUNCTIONS lists {name}, which is not too long; remove it"


def hidden_imports(root: Path) -> Iterator[str]:
    """Uses of `__import__`, which neither import-linter nor ruff's banned-api detects."""
    for path in modules(root):
        for node in ast.walk(_parsed(path)):
            if isinstance(node, ast.Name) and node.id == "__import__":
                line = f"{path.relative_to(root)}:{node.lineno}"
                yield f"{line}: __import__ hides the import; use an import statement"


def _functions(tree: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def _lines(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))

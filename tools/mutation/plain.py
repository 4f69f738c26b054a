"""Mutants of plain functions, by mutmut, which reads `[tool.mutmut]` of pyproject.toml.

Run in a copy of the tree: `python -m tools.mutation.plain OUT WORKERS PATH TESTS`. mutmut is changed in two
respects: texts are left as they are (`is_text` of `change`), and tests are collected once (`warm_runner`).
Writes every mutant, and whether a test failed, to OUT as JSON.
"""

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import libcst
from mutmut.__main__ import cli
from mutmut.configuration import config
from mutmut.mutation import mutators
from mutmut.mutation.data import MutantLineSpans, SourceFileMutationData
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key as names_of_key
from mutmut.workers import isolation

from tools.mutation.change import change_between, is_text
from tools.mutation.warm_runner import WarmRunner

_KILLED = frozenset({"killed", "timeout", "segfault"})
_BROKEN = 255  # not of a test, but of what runs them
_NOT_RUN = "not checked"  # another folder's


def _string_unless_text(node: libcst.BaseString) -> Iterable[libcst.BaseString]:
    if isinstance(node, libcst.SimpleString) and not is_text(node.evaluated_value):
        yield from mutators.operator_string(node)


def _leave_texts() -> None:
    """In place: mutmut has this very list under several names."""
    operators = mutators.mutation_operators
    assert isinstance(operators, list)  # noqa: S101 -- of mutmut's version in requirements/dev.txt
    operators[:] = [
        (kind, _string_unless_text if operator is mutators.operator_string else operator)
        for kind, operator in operators
    ]


def _leave_to_the_runner(_pid: int, _timeout_s: float) -> None:
    """`WarmRunner` ends by itself."""


def _results(path: Path) -> Iterator[dict[str, object]]:
    data, spans = SourceFileMutationData(path=path), MutantLineSpans.load(path)
    data.load()
    for key, exit_code in data.exit_code_by_key.items():
        status = status_by_exit_code[exit_code]
        if status == _NOT_RUN or spans is None:
            continue
        mutated = key.rpartition(".")[2]
        original = mutated.partition("__mutmut_")[0] + "__mutmut_orig"
        before, after = (textwrap.dedent(code) for code in spans.read_function_sources([original, mutated]))
        function, class_name = names_of_key(key)
        yield {
            "path": str(path),
            "function": f"{class_name}.{function}" if class_name else function,
            "change": change_between(before.replace(original, function), after.replace(mutated, function)),
            "killed": status in _KILLED and exit_code != _BROKEN,
        }


def main(out: Path, workers: str, path: str, tests: str) -> None:
    _leave_texts()
    vars(isolation).update(PytestRunner=WarmRunner, register_timeout=_leave_to_the_runner)
    config().only_mutate = [path if path.endswith(".py") else f"{path}/*"]
    config().pytest_add_cli_args_test_selection = [tests]
    name = f"{path.removesuffix('.py').replace('/', '.')}.*"
    cli(["run", "--max-children", workers, name], standalone_mode=False)
    found = [result for file in walk_mutatable_files() for result in _results(file)]
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4])

"""Mutants of what mutmut leaves, by cosmic-ray: decorated functions, what runs at import, and constants.

Run in a copy of the tree, whose files it changes: `python -m tools.mutation.decorated OUT COVERING PART OF
PATH...` tries every ``OF``-th unit of the files, from ``PART`` on. A unit is a decorated function, or the
rest of a file; it is tried with the tests that run it. Writes every mutant, and whether a test failed, to
OUT.
"""

import ast
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import parso.python.tree  # noqa: F401 -- before cosmic_ray, which else finds parso half imported
import pytest
from cosmic_ray.commands import init as write_work
from cosmic_ray.mutating import mutate_code, use_mutation
from cosmic_ray.plugins import get_operator
from cosmic_ray.work_db import WorkDB, use_db

from tools.mutation.change import change_between
from tools.mutation.time_limit import end_after
from tools.mutation.units import Unit, is_left_out, is_wanted, runs_at_import, units_of

_TIMEOUT_S = 120.0
_PYTEST = ("-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0")
Covering = Mapping[str, Mapping[str, list[str]]]


def _with_mutations(path: str) -> list[Unit]:
    source = Path(path).read_text(encoding="utf-8")
    units, tree = units_of(path, source, whole=runs_at_import(path)), ast.parse(source)
    with tempfile.TemporaryDirectory() as directory, use_db(f"{directory}/work", WorkDB.Mode.create) as work:
        write_work([Path(path)], work, {})
        specs = [item.mutations[0] for item in work.work_items]
    for spec in specs:
        unit = next((each for each in units if spec.start_pos[0] in each.lines), None)
        if unit is not None and is_wanted(spec.operator_name) and not is_left_out(tree, spec.start_pos):
            unit.mutations.append(spec)
    return [unit for unit in units if unit.mutations]


def _tests_of(unit: Unit, covering: Covering) -> list[str]:
    """Tests that run a line of it, or of its file if it is the rest; all tests if none does, as at import.

    The most special ones come first, as they are the most likely to fail.
    """
    of_file = covering.get(unit.path, {})
    wanted = _union(tests for line, tests in of_file.items() if not unit.name or int(line) in unit.lines)
    of_files = [_union(lines.values()) for lines in covering.values()]
    files_run = {test: sum(test in tests for tests in of_files) for test in wanted}
    return sorted(wanted, key=lambda test: (files_run[test], test)) or sorted(_union(of_files))


def _union(tests: Iterable[Iterable[str]]) -> set[str]:
    return {test for some in tests for test in some}


def _tried(unit: Unit, tests: list[str]) -> Iterator[dict[str, object]]:
    path = Path(unit.path)
    source = path.read_text(encoding="utf-8")
    outcomes = set[bool]()
    for spec in unit.mutations:
        operator = get_operator(spec.operator_name)()
        change = _change(source, mutate_code(source, operator, spec.occurrence))
        if not change:
            continue
        with use_mutation(path, operator, spec.occurrence):
            killed = _fails(tests)
        outcomes.add(killed)
        yield {"path": unit.path, "function": unit.name, "change": change, "killed": killed}
    if False not in outcomes and _fails(tests):
        raise RuntimeError(f"{unit.path} {unit.name}: its tests fail although nothing is changed")


def _change(before: str, after: str) -> str:
    """Empty within a text, and for what is not Python: cosmic-ray changes the `*` of `def f(*, a)`, too."""
    try:
        return change_between(before, after)
    except SyntaxError:
        return ""


def _fails(tests: list[str]) -> bool:
    """In a process of its own, which has imported nothing of this tree yet. To take too long is to fail."""
    child = os.fork()
    if child == 0:
        end_after(_TIMEOUT_S, 1)
        _silence()
        os._exit(int(pytest.main([*_PYTEST, *tests])))
    return os.waitpid(child, 0)[1] != 0


def _silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.dup2(nowhere, sys.stderr.fileno())


def _import_libraries(tests: list[str]) -> None:
    """What the tests import, but for modules of this tree: it is most of the time that a run takes."""
    sys.dont_write_bytecode = True
    pytest.main([*_PYTEST, "--collect-only", "-qq", *sorted({test.partition("::")[0] for test in tests})])
    own = [name for name, module in sys.modules.items() if _is_of_this_tree(module)]
    for name in own:
        if name != __name__ and name.partition(".")[0] != "tools":
            del sys.modules[name]


def _is_of_this_tree(module: object) -> bool:
    """A folder without `__init__.py` has no file, and holds on to the modules imported from it."""
    places = (getattr(module, "__file__", None), *getattr(module, "__path__", ()))
    return any(str(place).startswith(str(Path.cwd())) for place in places)


def main(out: Path, covering: Covering, part: int, of: int, paths: list[str]) -> None:
    units = [unit for path in paths for unit in _with_mutations(path)]
    _import_libraries(sorted(_union(tests for lines in covering.values() for tests in lines.values())))
    found = [result for unit in units[part::of] for result in _tried(unit, _tests_of(unit, covering))]
    out.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(
        Path(sys.argv[1]),
        json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")),
        int(sys.argv[3]),
        int(sys.argv[4]),
        sys.argv[5:],
    )

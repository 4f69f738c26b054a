"""tools/check_tree.py finds each kind of fault in a made-up tree, and none in a tree without faults."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tools import check_tree, parser_properties, tree_shape

PARAGRAPH = '"""What it owns.\n\nWhat it may import, and where something new goes.\n"""\n'
PROPERTY = "from probe.wire import pem\n\n\n@given(anything)\ndef test_any(data):\n    pem.read(data)\n"
INDIRECT = """\
from probe.wire import pem

ALL = (pem.read,)


@given(anything)
def test_any(data):
    use(data)


def use(data):
    ALL[0](data)
"""


def of_length(lines: int) -> str:
    """A function with that many lines, including the line with its name."""
    return "def long():\n" + "    print()\n" * (lines - 1)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree without faults: a folder, a parser, and a property test for it."""
    for name, text in {
        "probe/__init__.py": PARAGRAPH,
        "probe/wire/__init__.py": PARAGRAPH,
        "probe/wire/pem.py": "def read(data): ...\n",
        "tests/wire/test_pem.py": PROPERTY,
    }.items():
        add(tmp_path, name, text)
    return tmp_path


def add(tree: Path, name: str, text: str) -> None:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def shape(tree: Path, excused: Mapping[str, str] | None = None) -> Iterator[str]:
    yield from tree_shape.unnamed_folders(tree)
    yield from tree_shape.loose_modules(tree)
    yield from tree_shape.long_files(tree)
    yield from tree_shape.long_functions(tree, excused or {})
    yield from tree_shape.hidden_imports(tree)


def properties(tree: Path, *others: str, excused: Mapping[str, str] | None = None) -> list[str]:
    parsers = parser_properties.parsers(tree, others)
    tests = {parser: check_tree.test_of(parser) for parser in parsers}
    return list(parser_properties.without_property(tree, tests, excused or {}))


def test_a_sound_tree_has_no_fault(tree: Path) -> None:
    assert [*shape(tree), *check_tree.missing_tests(tree, {}), *properties(tree)] == []


def test_a_module_without_a_test_of_its_name_is_a_fault(tree: Path) -> None:
    add(tree, "probe/wire/icmp.py", "")
    add(tree, "tests/icmp/test_icmp.py", "")
    assert list(check_tree.missing_tests(tree, {})) == [
        "probe/wire/icmp.py: no test file; add tests/wire/test_icmp.py"
    ]
    assert list(check_tree.missing_tests(tree, {"probe/wire/icmp.py": "why"})) == []


def test_an_obsolete_exception_is_a_fault(tree: Path) -> None:
    excuses = {"probe/gone.py": "why", "probe/wire/pem.py": "why"}
    gone, tested = check_tree.missing_tests(tree, excuses)
    assert "lists probe/gone.py, which does not exist" in gone
    assert "probe/wire/pem.py has its own test" in tested


@pytest.mark.parametrize(
    ("docstring", "is_fine"),
    [("", False), ('"""One."""', False), ('"""One.\n\n"""', False), ('"""One.\n\nThree.\n"""', True)],
    ids=["none", "one line", "two lines", "three lines"],
)
def test_a_folder_needs_a_docstring_of_three_lines(tree: Path, docstring: str, is_fine: bool) -> None:
    add(tree, "probe/new/__init__.py", docstring)
    faults = list(shape(tree))
    assert [fault.partition(":")[0] for fault in faults] == ([] if is_fine else ["probe/new/__init__.py"])


def test_a_folder_that_import_linter_ignores_is_a_fault(tree: Path) -> None:
    add(tree, "probe/wire/new/part.py", "import socket\n")
    assert "probe/wire/new/__init__.py: missing" in next(shape(tree))


@pytest.mark.parametrize(("modules", "is_fine"), [(5, True), (6, False)])
def test_at_most_five_modules_are_next_to_the_folders(tree: Path, modules: int, is_fine: bool) -> None:
    add(tree, "probe/__main__.py", "")
    for number in range(modules):
        add(tree, f"probe/m{number}.py", "")
    assert bool(list(shape(tree))) is not is_fine


@pytest.mark.parametrize("top", ["probe", "simulator", "exporters", "tools", "bench"])
def test_a_file_has_at_most_400_lines(tree: Path, top: str) -> None:
    add(tree, f"{top}/__init__.py", PARAGRAPH)
    add(tree, f"{top}/at.py", "x = 1\n" * 400)
    assert list(shape(tree)) == []
    add(tree, f"{top}/over.py", "x = 1\n" * 401)
    assert list(shape(tree)) == [f"{top}/over.py: 401 lines; split it (at most 400)"]


@pytest.mark.parametrize("kind", ["def", "async def", "class C:\n  def"])
def test_a_function_has_at_most_45_lines(tree: Path, kind: str) -> None:
    add(tree, "probe/wire/__init__.py", PARAGRAPH + of_length(45).replace("def", kind, 1))
    assert list(shape(tree)) == []
    add(tree, "probe/wire/__init__.py", PARAGRAPH + of_length(46).replace("def", kind, 1))
    name = "probe/wire/__init__.py: long"
    assert list(shape(tree)) == [f"{name}: 46 lines; split it (at most 45)"]
    assert list(shape(tree, {name: "why"})) == []


def test_an_excused_function_that_is_short_again_is_a_fault(tree: Path) -> None:
    (fault,) = shape(tree, {"probe/wire/pem.py: read": "why"})
    assert "LONG_FUNCTIONS lists probe/wire/pem.py: read, which is not too long" in fault


def test_an_import_hidden_from_linters_is_a_fault(tree: Path) -> None:
    add(tree, "probe/wire/pem.py", 'import os\nsocket = __import__("socket")\n')
    assert list(shape(tree)) == ["probe/wire/pem.py:2: __import__ hides the import; use an import statement"]


@pytest.mark.parametrize(
    "test",
    [
        "",
        "from probe.wire import pem\n\n\ndef test_one():\n    pem.read(b'')\n",
        "@given(anything)\ndef test_any(data): ...\n\n\nfrom probe.wire import pem\n",
        PROPERTY.replace("probe.wire", "probe.other"),
    ],
    ids=["no test", "a test of one value", "a property of something else", "of another folder's parser"],
)
def test_a_parser_without_a_property_test_is_a_fault(tree: Path, test: str) -> None:
    add(tree, "tests/wire/test_pem.py", test)
    assert properties(tree) == [
        "probe/wire/pem.py: no property test (@given) uses it; add one to tests/wire/test_pem.py or tests/fuzz"
    ]
    assert properties(tree, excused={"probe/wire/pem.py": "why"}) == []


@pytest.mark.parametrize(
    "test",
    [
        PROPERTY,
        PROPERTY.replace("@given(anything)", "@settings(max_examples=9)\n@given(x=anything)"),
        "from probe.wire.pem import read as of\n\n\n@given(x)\nasync def test_any(data):\n    of(data)\n",
        INDIRECT,
    ],
    ids=["itself", "with settings", "under another name", "through a function and a table"],
)
@pytest.mark.parametrize("file", ["tests/wire/test_pem.py", "tests/fuzz/test_fuzz_all.py"])
def test_a_property_test_is_found_in_every_allowed_file(tree: Path, test: str, file: str) -> None:
    add(tree, "tests/wire/test_pem.py", "")
    add(tree, file, test)
    assert properties(tree) == []


def test_a_parser_outside_wire_needs_a_property_test_too(tree: Path) -> None:
    add(tree, "probe/storage/files.py", "")
    (fault,) = properties(tree, "probe/storage/files.py")
    assert fault.startswith("probe/storage/files.py: no property test (@given)")
    (gone,) = properties(tree, "probe/storage/moved.py")
    assert "OTHER_PARSERS lists probe/storage/moved.py, which does not exist" in gone


def test_an_obsolete_parser_exception_is_a_fault(tree: Path) -> None:
    excuses = {"probe/wire/pem.py": "why", "probe/wire/gone.py": "why"}
    has_one, is_gone = properties(tree, excused=excuses)
    assert "probe/wire/pem.py has a property" in has_one
    assert "WITHOUT_PROPERTY lists probe/wire/gone.py, which is not a parser" in is_gone


@pytest.mark.loopback  # git lists the project's files
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("pip install --index" + "-url https://packages.example\n", "an index URL"),
        ("see https:/" + "/pypi.example/simple\n", "an index URL"),
        ("read /wor" + "k/shared/notes.md\n", "a path on a developer's machine"),
    ],
)
def test_local_paths_and_index_urls_are_faults(tree: Path, text: str, what: str) -> None:
    git = shutil.which("git")
    assert git is not None
    subprocess.run([git, "init", "--quiet"], cwd=tree, check=True, timeout=250)
    add(tree, "notes.md", text)
    assert list(check_tree.forbidden_words(tree)) == [f"notes.md: contains {what}; remove it"]


@pytest.mark.loopback  # generators run as programs
def test_an_outdated_generated_page_is_a_fault(tree: Path) -> None:
    add(tree, "tools/fresh.py", "")
    add(tree, "tools/stale.py", "import sys, probe\nsys.exit(f'{sys.argv[1:]} {probe.__file__}')\n")
    (fault,) = check_tree.stale_files(tree, ("tools/fresh.py", "tools/stale.py"))
    assert fault == f"tools/stale.py --check: ['--check'] {tree}/probe/__init__.py"


def test_the_tool_checks_its_own_tree() -> None:
    root = check_tree.ROOT
    assert root == Path(__file__).parents[2]

"""Each import contract in pyproject.toml can fail, and a new folder cannot bypass it."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.loopback  # most tests run import-linter as `make lint` does

ROOT = Path(__file__).parents[2]
TOPS = ("probe", "exporters", "simulator")
PURE = "pure modules import no I/O, clock or network"
ONE_WAY = "probe: each layer imports only layers below it"
NO_CIRCLE = "no import cycles between sibling folders"
OUTSIDE = (
    "socket",
    "asyncio",
    "boto3",
    "sqlite3",
    "ssl",
    "subprocess",
    "threading",
    "http",
    "time",
    "aiohttp",
)


def contracts() -> list[dict[str, Any]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(document["tool"]["importlinter"]["contracts"])


def pure_modules() -> list[str]:
    """The modules in the contract, and the folders inside them."""
    named = next(each["source_modules"] for each in contracts() if each["name"] == PURE)
    folders = [path.parent for module in named for path in _path(module).glob("*/__init__.py")]
    return sorted({*named, *(".".join(path.relative_to(ROOT).parts) for path in folders)})


def _path(module: str, root: Path = ROOT) -> Path:
    return root.joinpath(*module.split("."))


@dataclass(frozen=True, kw_only=True)
class Case:
    """Added source files, and the expected output of import-linter."""

    files: dict[str, str]
    breaks: tuple[str, ...]
    output: tuple[str, ...]


_LIBRARY_OF_CONTRACT = {
    "only aws calls AWS": "boto3",
    "only network opens probing sockets": "select",
    "only the simulator starts processes": "subprocess",
    "only storage uses a database": "sqlite3",
    "only config uses pydantic": "pydantic",
    "only exporters.prometheus uses prometheus_client": "prometheus_client",
    "only exporters.web uses aiohttp": "aiohttp",
    "only exporters use templates": "jinja2",
    "only commands parse the command line": "typer",
    "only report and commands print terminal tables": "rich",
    "only commands and the page write logs": "structlog",
    "only wire parses external data": "yaml",
}
_ALL_LIBRARIES = "".join(f"import {library}\n" for library in _LIBRARY_OF_CONTRACT.values())
CASES = {
    "a loose module under probe": Case(
        files={"probe/new.py": ""}, breaks=(ONE_WAY,), output=("not listed as layers", "- probe.new")
    ),
    "a new folder under probe": Case(
        files={"probe/new/__init__.py": "", "probe/new/part.py": ""},
        breaks=(ONE_WAY,),
        output=("not listed as layers", "- probe.new"),
    ),
    "a library in a folder that is in no contract": Case(
        files={"probe/new/__init__.py": "", "probe/new/part.py": _ALL_LIBRARIES},
        breaks=tuple(_LIBRARY_OF_CONTRACT),
        output=tuple(f"probe.new.part -> {library}" for library in _LIBRARY_OF_CONTRACT.values()),
    ),
    "a library in the agent": Case(
        files={"probe/agent/new.py": _ALL_LIBRARIES},
        breaks=tuple(_LIBRARY_OF_CONTRACT),
        output=tuple(f"probe.agent.new -> {library}" for library in _LIBRARY_OF_CONTRACT.values()),
    ),
    "the agent imports exporters": Case(
        files={"probe/agent/new.py": "from exporters.report import formatting\n"},
        breaks=("only commands import exporters",),
        output=("probe.agent.new -> exporters.report.formatting",),
    ),
    "the agent imports the configuration and the command line": Case(
        files={"probe/agent/new.py": "import probe.config.values\nimport probe.commands.exits\n"},
        breaks=(ONE_WAY,),
        output=("probe.agent.new -> probe.config.values", "probe.agent.new -> probe.commands.exits"),
    ),
    "the agent imports the simulator": Case(
        files={"probe/agent/new.py": "from simulator.faults import Fault\n"},
        breaks=("only demo and doctor import the simulator",),
        output=("probe.agent.new -> simulator.faults",),
    ),
    "another command imports the simulator": Case(
        files={"probe/commands/new.py": "import simulator\n"},
        breaks=("only demo and doctor import the simulator",),
        output=("probe.commands.new -> simulator",),
    ),
    "an exporter imports the agent": Case(
        files={"exporters/report/new.py": "from probe.agent import targets\n"},
        breaks=("exporters import only probe.model from probe",),
        output=("exporters.report.new -> probe.agent.targets",),
    ),
    "an exporter imports a new folder": Case(
        files={
            "probe/new/__init__.py": "",
            "probe/new/part.py": "",
            "exporters/web/new.py": "import probe.new.part\n",
        },
        breaks=("exporters import only probe.model from probe",),
        output=("exporters.web.new -> probe.new.part",),
    ),
    "one exporter imports another": Case(
        files={"exporters/report/new.py": "import exporters.prometheus.families\n"},
        breaks=("exporters: only the page imports the other exporters",),
        output=("exporters.report.new -> exporters.prometheus.families",),
    ),
    "loose modules under exporters and simulator": Case(
        files={"exporters/loose.py": "", "simulator/stray.py": ""},
        breaks=(
            "exporters: only the page imports the other exporters",
            "simulator: scenarios do not import the processes that run them",
        ),
        output=("- exporters.loose", "- simulator.stray"),
    ),
    "a scenario imports the process that runs it": Case(
        files={"simulator/scenario/new.py": "import simulator.network.delay_link\n"},
        breaks=("simulator: scenarios do not import the processes that run them",),
        output=("simulator.scenario.new -> simulator.network.delay_link",),
    ),
    "the simulator imports the probe": Case(
        files={"simulator/servers/new.py": "import probe.model.text\n"},
        breaks=("simulator shares no code with probe and exporters",),
        output=("simulator.servers.new -> probe.model.text",),
    ),
    "a helper imports a requirement and an error": Case(
        files={
            "probe/requirements/evidence/new.py": (
                "import probe.requirements.names\nimport probe.requirements.kms_errors.path\n"
            )
        },
        breaks=(
            "requirements: shared modules import no requirement",
            "requirements: helpers do not import requirements",
        ),
        output=(
            "probe.requirements.evidence.new -> probe.requirements.names",
            "probe.requirements.evidence.new -> probe.requirements.kms_errors.path",
        ),
    ),
    "two modules import each other": Case(
        files={
            "exporters/report/new_a.py": "import exporters.report.new_b\n",
            "exporters/report/new_b.py": "import exporters.report.new_a\n",
        },
        breaks=(NO_CIRCLE,),
        output=("exporters.report", "new_a", "new_b"),
    ),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return copy_to(tmp_path)


def copy_to(folder: Path) -> Path:
    """Copy everything that import-linter reads."""
    for top in TOPS:
        shutil.copytree(ROOT / top, folder / top, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(tree: Path) -> tuple[int, str]:
    """Exit status and output. The current folder is first on its path, so it reads the copy."""
    program = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run(
        [program, "--no-cache", "--no-logo"],
        cwd=tree,
        env={**os.environ, "COLUMNS": "200"},  # one line per name
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def broken(text: str) -> set[str]:
    return set(re.findall(r"^(.+) BROKEN", text, re.MULTILINE))


def test_the_current_tree_keeps_every_contract(tree: Path) -> None:
    status, text = lint(tree)
    assert (status, broken(text)) == (0, set()), text
    assert f"Contracts: {len(contracts())} kept, 0 broken" in text


# Each case runs import-linter over the whole tree.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name, marks=[] if n % 5 == 0 else [pytest.mark.long])
        for n, (name, case) in enumerate(CASES.items())
    ],
)
def test_a_forbidden_import_is_reported(tree: Path, case: Case) -> None:
    for name, source in case.files.items():
        path = tree / name
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(source, encoding="utf-8")
    status, text = lint(tree)
    assert status == 1
    assert broken(text) >= set(case.breaks), text
    for words in case.output:
        assert words in text


@pytest.fixture(scope="module")
def impure(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """The output of import-linter if every pure folder and module imports I/O modules: one run for all."""
    tree = copy_to(tmp_path_factory.mktemp("impure"))
    for module in pure_modules():
        path = _path(module, tree)
        file = path / "new.py" if path.is_dir() else path.with_suffix(".py")
        with file.open("a", encoding="utf-8") as source:
            source.write("".join(f"import {outside}\n" for outside in OUTSIDE))
    return lint(tree)


@pytest.mark.parametrize("module", pure_modules())
def test_pure_modules_cannot_import_io_modules(impure: tuple[int, str], module: str) -> None:
    status, text = impure
    name = f"{module}.new" if _path(module).is_dir() else module
    assert status == 1
    assert PURE in broken(text)
    for outside in OUTSIDE:
        assert re.search(rf"^- +{re.escape(name)} -> {outside} \(", text, re.MULTILINE), outside


def test_an_indirect_io_import_of_a_pure_module_is_reported(tree: Path) -> None:
    (tree / "probe/model/new.py").write_text("import socket\n", encoding="utf-8")
    (tree / "probe/verdicts/new.py").write_text("import probe.model.new\n", encoding="utf-8")
    _, text = lint(tree)
    assert "probe.verdicts is not allowed to import socket" in text


@pytest.mark.parametrize(
    ("source", "is_banned"),
    [
        ("import urllib.request\n", True),
        ("from urllib import request\n", True),
        ("from urllib.request import urlopen\n", True),
        ("from importlib import import_module\n", True),
        ("from urllib.parse import urlsplit\n", False),
        ("from importlib.resources import files\n", False),
    ],
)
def test_ruff_bans_imports_that_import_linter_cannot_detect(source: str, is_banned: bool) -> None:
    result = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--select=TID251",
            "--stdin-filename=probe/wire/new.py",
            "-",
        ],
        input=source,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert ("TID251" in result.stdout) is is_banned, result.stdout + result.stderr
    assert result.returncode == int(is_banned)


def test_each_contract_has_a_case_that_breaks_it() -> None:
    covered = {PURE, *(name for case in CASES.values() for name in case.breaks)}
    assert {each["name"] for each in contracts()} == covered


PURITY_PROMISE = re.compile(r"\(pure\)[.:]|(?:^|\. )Pure\b")


@pytest.mark.parametrize(
    ("docstring", "is_promise"),
    [
        ("Samples to a ranked survey (pure).", True),
        ("From samples to quantiles. Pure.", True),
        ("Pure; logs nothing.", True),
        ("Which Region: plan (pure), take (measures), rank (pure).", False),
        ("Above, pure: `offset_s`. Below, the shell.", False),
    ],
)
def test_only_a_docstring_that_promises_purity_counts(docstring: str, is_promise: bool) -> None:
    assert promises_purity(docstring) is is_promise


def promises_purity(docstring: str) -> bool:
    first = docstring.partition("\n\n")[0]
    return PURITY_PROMISE.search(first) is not None and first.count("(pure)") < 2


def test_every_module_that_promises_purity_is_in_the_contract() -> None:
    """A new module that promises purity in its docstring must be in the contract's `source_modules`."""
    named = pure_modules()
    for path in sorted((ROOT / "probe").rglob("*.py")):
        if promises_purity(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            assert any(f"{module}.".startswith(f"{each}.") for each in named), f"{module}: {PURE}"

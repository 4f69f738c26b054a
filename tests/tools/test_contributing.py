"""CONTRIBUTING.md and docs/extending.md mention only existing files, make targets and names of the code."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("CONTRIBUTING.md", "docs/extending.md")
TEXT = "\n".join((ROOT / each).read_text(encoding="utf-8") for each in DOCUMENTS)
PROSE = re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL)
QUOTED = sorted(set(re.findall(r"`([^`\n]+)`", PROSE)))


def linked(document: str) -> set[str]:
    """The files that the document links to, relative to the root."""
    folder, text = (ROOT / document).parent, (ROOT / document).read_text(encoding="utf-8")
    return {str((folder / link).resolve().relative_to(ROOT)) for link in re.findall(r"\]\(([^)#]+)", text)}


LINKED = sorted(set[str]().union(*map(linked, DOCUMENTS)))
# NAME stands for the name of a new file.
PATHS = [*LINKED, *(each for each in QUOTED if re.fullmatch(r"[\w./-]*/[\w./-]*|[\w-]+\.\w+", each))]
TARGETS = [each.removeprefix("make ") for each in QUOTED if each.startswith("make ")]
WORDS = [each for each in QUOTED if re.fullmatch(r"[A-Z]\w+|_[A-Z]\w+|[A-Z_]+", each)]


@pytest.mark.parametrize("path", [each for each in PATHS if "NAME" not in each])
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("path", [each for each in PATHS if "NAME" in each])
def test_the_folder_of_every_new_file_exists(path: str) -> None:
    assert (ROOT / path).parent.is_dir()


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_exists(target: str) -> None:
    assert re.search(rf"(?m)^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"))


@pytest.mark.parametrize("word", WORDS)
def test_every_name_of_the_code_is_defined(word: str) -> None:
    folders = ("probe", "exporters", "simulator", "tools", "tests")
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    new = word == "NtpDetails"  # the class of the example
    defined = re.compile(rf"(?m)^\s*(class |def )?{word}\b\s*[:=(]")
    assert new or any(defined.search(file.read_text(encoding="utf-8")) for file in files)


def test_every_command_for_contributors_is_described() -> None:
    phony = re.search(r"(?m)^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert phony is not None
    assert set(phony[1].split()) - set(TARGETS) == {"demo", "clean"}
    assert len(PATHS) > 30


@pytest.mark.parametrize("document", DOCUMENTS)
def test_each_document_has_at_most_200_lines(document: str) -> None:
    assert len((ROOT / document).read_text(encoding="utf-8").splitlines()) <= 200

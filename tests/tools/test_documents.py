"""Documents link only to existing files, and show only commands and configurations that xks-probe accepts."""

import functools
import re
import shlex
from pathlib import Path

import pytest

from probe import config
from probe.commands import app
from probe.commands.command_table import names

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("probe/data/*.md"),
        *ROOT.glob("deploy/**/*.md"),
    )
)
_FENCED = re.compile(r"```.*?```", re.DOTALL)
_OPTION = re.compile(r"(?<!\S)(--?[a-z][a-z.-]*)(?=[\s,=]|$)")


@functools.cache
def text_of(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def prose(document: str) -> str:
    return _FENCED.sub("", text_of(document))


def anchors(document: str) -> set[str]:
    """The anchors that GitHub creates for the headings."""
    headings = re.findall(r"(?m)^#+ (.*)$", prose(document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(document: str) -> list[str]:
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)) if "://" not in link]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(document: str) -> None:
    for link in links(document):
        path, _, anchor = link.partition("#")
        file = ((ROOT / document).parent / path).resolve() if path else ROOT / document
        assert file.exists(), link
        assert not anchor or anchor in anchors(file.relative_to(ROOT).as_posix()), link


def shell_lines(document: str) -> list[str]:
    """Commands after a prompt, with continued lines joined, and quoted commands with arguments."""
    text = text_of(document).replace("\\\n", " ")
    typed = re.findall(r"(?m)^\s*\$ (.*)$", text)
    quoted = re.findall(r"`(xks-probe [^`\n]+)`", prose(document))
    return [line for line in (*typed, *quoted) if re.match(r"(xks-probe|make) ", line)]


def options_of(command: str, capture: pytest.CaptureFixture[str]) -> frozenset[str]:
    assert app.run([command, "--help"]) == 0
    return frozenset(_OPTION.findall(capture.readouterr().out.replace("[", " ")))


WITHOUT_A_COMMAND = ("--help", "--version", "--install-completion", "--show-completion")
COMMAND_LINES = sorted({(document, line) for document in DOCUMENTS for line in shell_lines(document)})


@pytest.mark.parametrize(("document", "line"), COMMAND_LINES)
def test_every_command_in_a_document_and_its_options_exist(
    document: str, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    program, name, *words = shlex.split(line.partition(" #")[0])
    if program == "make":
        assert re.search(rf"(?m)^{name}:", text_of("Makefile")), line
        return
    if name.startswith("-"):
        assert name in WITHOUT_A_COMMAND, line
        return
    assert name in names(), line
    options = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert options <= options_of(name, capsys), line


YAML_EXAMPLES = [
    (document, example)
    for document in DOCUMENTS
    for example in re.findall(r"(?ms)^```yaml\n(.*?)^```", text_of(document))
]


@pytest.mark.parametrize(("document", "example"), YAML_EXAMPLES)
def test_every_example_of_a_configuration_is_valid_with_a_target(document: str, example: str) -> None:
    """Some examples are one section of a file."""
    config.parse(
        f"{example}\nresolvers: [{{name: a-target, address: 10.20.0.2}}]\n",
        source=document,
        directory=ROOT,
        surroundings=config.Surroundings(environment={}),
    )


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_mentions_exists(document: str) -> None:
    words = re.findall(r"(?<![\w/.])(?:deploy|docs|requirements|tests|tools)/[\w./-]+", prose(document))
    named = {word.rstrip(".") for word in words}
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_documents_show_commands() -> None:
    assert len(COMMAND_LINES) > 40
    assert len(YAML_EXAMPLES) > 5

"""Shell completion: the candidates for the word that a user types."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.commands import app
from probe.commands.command_table import COMMANDS, names
from probe.commands.usage.completion import FILES, candidates


def offered(line: str) -> list[str]:
    """The candidates for the last word of ``line``, without their descriptions."""
    found = candidates(line.split(" "), COMMANDS, app.usage_of)
    return [each.partition("\t")[0] for each in found]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", list(names())),
        ("d", ["demo", "doctor", "dns"]),
        ("x", []),
        ("--v", ["--version"]),
        ("--install-completion ", ["bash", "zsh", "fish"]),
        ("--show-completion z", ["zsh"]),
        ("no-such --", []),
        ("preflight --k", ["--key-store", "--key-id", "--key-manager"]),
        ("preflight --format ", ["text", "json", "markdown", "junit", "html"]),
        ("preflight --format j", ["json", "junit"]),
        ("preflight --format=j", ["--format=json", "--format=junit"]),
        ("preflight --format = j", ["json", "junit"]),  # as bash splits it
        ("preflight --format =", ["text", "json", "markdown", "junit", "html"]),
        ("ping --me", ["--method"]),
        ("ping 192.0.2.1 --method ", ["icmp", "tcp"]),
        ("ping ", []),  # a host
        ("tls --chain ", [FILES]),
        ("tls --chain=", [FILES]),
        ("run -c ", [FILES]),
        ("demo --scenario h", ["healthy"]),
        ("demo --scenario ./h", [FILES]),
        ("dns a.example --type C", ["CNAME", "CAA"]),
        ("preflight --name ", []),  # free text
    ],
)
def test_the_candidates_fit_the_position(line: str, expected: list[str]) -> None:
    assert offered(line) == expected


def test_an_option_is_offered_once_unless_it_may_be_repeated() -> None:
    assert "--watch" not in offered("preflight --watch --")
    assert "--node" in offered("preflight --node a --")
    assert "--output" not in offered("preflight --output=a --")
    assert offered("run ")[-1] == "--help"


def test_candidates_have_a_description() -> None:
    assert candidates(["preflight", "--str"], COMMANDS, app.usage_of) == [
        "--strict\talso exit with 1 if advice is violated"
    ]


@given(st.lists(st.one_of(st.text(max_size=5), st.sampled_from(["ping", "--method", "=", "--", ""]))))
def test_any_words_result_in_a_list(words: list[str]) -> None:
    assert isinstance(candidates(words, COMMANDS, app.usage_of), list)

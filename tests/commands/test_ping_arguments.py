"""The arguments of `ping`: both sides of each limit, and one line per error."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.commands.exits import UsageError
from probe.commands.output import Format
from probe.commands.ping_arguments import Arguments, read
from probe.model.targets import Method


def test_the_default_is_ten_pings_one_second_apart() -> None:
    assert read(["192.0.2.1"]) == Arguments(
        hosts=["192.0.2.1"],
        targets=None,
        count=10,
        interval_s=1.0,
        method=Method.ICMP,
        port=443,
        timeout_s=2.0,
        source=None,
        form=Format.TEXT,
        file=None,
    )


def test_options_may_be_given_between_hosts() -> None:
    words = (
        "a -n 2 b -i 0.5 --method tcp --port 8443 --timeout 3 c --source 192.0.2.9 --format json --output f"
    )
    arguments = read([*words.split(), "--targets", "t"])
    assert arguments.hosts == ["a", "b", "c"]
    assert (arguments.count, arguments.interval_s, arguments.method, arguments.port) == (
        2,
        0.5,
        Method.TCP,
        8443,
    )
    assert (arguments.timeout_s, arguments.source, arguments.form) == (3.0, "192.0.2.9", Format.JSON)
    assert (arguments.file, arguments.targets) == (Path("f"), Path("t"))


@pytest.mark.parametrize(
    ("option", "within", "beyond"),
    [
        ("-n", ["1", "1000000"], ["0", "1000001", "1.5", "", "-1", "nan"]),
        ("-i", ["0.01", "3600"], ["0.0099", "3600.1", "nan", "inf", "-1", ""]),
        ("--port", ["1", "65535"], ["0", "65536"]),
        ("--timeout", ["0.01", "300"], ["0.009", "300.1", "NaN"]),
        ("--method", ["icmp", "tcp"], ["udp"]),
        ("--format", ["text", "json"], ["xml"]),
    ],
)
def test_values_up_to_each_limit_are_accepted_and_others_are_rejected(
    option: str, within: list[str], beyond: list[str]
) -> None:
    for value in within:
        assert read(["192.0.2.1", option, value]).hosts == ["192.0.2.1"]
    for value in beyond:
        with pytest.raises(UsageError, match=r"^ping: .*\(xks-probe ping --help\)$"):
            read(["192.0.2.1", f"{option}={value}" if option.startswith("--") else f"{option}{value}"])


@pytest.mark.parametrize("words", [["--loud"], ["-n"], ["--form", "json"], ["--port"]])
def test_an_invalid_option_is_reported_in_one_line(words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        read(["192.0.2.1", *words])
    assert len(raised.value.lines) == 1


def test_the_nearest_option_is_suggested_for_a_mistyped_one() -> None:
    with pytest.raises(UsageError, match=r"^ping: '--tagets' is not an option; did you mean '--targets'\? "):
        read(["192.0.2.1", "--tagets", "file"])


def test_a_hyphen_as_output_means_standard_output() -> None:
    assert read(["192.0.2.1", "--output", "-"]).file is None
    assert read(["192.0.2.1", "--output", "./-"]).file == Path("./-")


@given(st.lists(st.text(max_size=8), max_size=6))
def test_any_words_are_arguments_or_a_usage_error(words: list[str]) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(read(words), Arguments)

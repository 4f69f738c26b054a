"""The command line of `ping`: limits, and both sides of them; one line for what is wrong."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.commands.exits import UsageError
from probe.commands.output import Format
from probe.commands.ping_arguments import Arguments, read
from probe.model.targets import Method


def test_what_is_not_said_is_ten_echoes_a_second_apart() -> None:
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


def test_options_may_stand_between_hosts() -> None:
    words = (
        "a -n 2 b -i 0.5 --method tcp --port 8443 --timeout 3 c --source 192.0.2.9 --format json --output f"
    )
    asked = read([*words.split(), "--targets", "t"])
    assert asked.hosts == ["a", "b", "c"]
    assert (asked.count, asked.interval_s, asked.method, asked.port) == (2, 0.5, Method.TCP, 8443)
    assert (asked.timeout_s, asked.source, asked.form) == (3.0, "192.0.2.9", Format.JSON)
    assert (asked.file, asked.targets) == (Path("f"), Path("t"))


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
def test_each_limit_holds(option: str, within: list[str], beyond: list[str]) -> None:
    for value in within:
        assert read(["192.0.2.1", option, value]).hosts == ["192.0.2.1"]
    for value in beyond:
        with pytest.raises(UsageError, match=r"^ping: .*\(xks-probe ping --help\)$"):
            read(["192.0.2.1", f"{option}={value}" if option.startswith("--") else f"{option}{value}"])


@pytest.mark.parametrize("words", [["--loud"], ["-n"], ["--form", "json"], ["--port"]])
def test_what_is_no_option_is_one_line(words: list[str]) -> None:
    with pytest.raises(UsageError) as raised:
        read(["192.0.2.1", *words])
    assert len(raised.value.lines) == 1


def test_a_mistyped_option_gets_the_nearest_one() -> None:
    with pytest.raises(UsageError, match=r"^ping: '--tagets' is not an option; did you mean '--targets'\? "):
        read(["192.0.2.1", "--tagets", "file"])


def test_a_hyphen_is_standard_output() -> None:
    assert read(["192.0.2.1", "--output", "-"]).file is None
    assert read(["192.0.2.1", "--output", "./-"]).file == Path("./-")


@given(st.lists(st.text(max_size=8), max_size=6))
def test_no_words_raise_anything_else(words: list[str]) -> None:
    with contextlib.suppress(UsageError):
        assert isinstance(read(words), Arguments)
